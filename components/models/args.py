"""What the arguments of components say about models."""

from enum import Enum
from typing import TypedDict

from pulumi import Input
from typing_extensions import NotRequired


class ModelCacheKind(str, Enum):
    """Where models are cached on the node."""

    EPHEMERAL = "ephemeral"
    """A volume of the pod's own: `emptyDir` on the node's disk, or an ephemeral volume of a StorageClass."""
    MEMORY = "memory"
    """An `emptyDir` in the node's memory."""
    LOCAL = "local"
    """A folder of the node that its pods share, by the claim of a `local` volume; see LocalModelCache."""
    IMAGE = "image"
    """An OCI artifact as an image volume: the registry is the source, the node's image store the cache."""


class ModelCache(TypedDict):
    """The cache of models on the node."""

    kind: ModelCacheKind
    limit: NotRequired[str]
    """Most bytes of all versions in the cache, for example 40Gi; required but for the kind image."""
    storage_class: NotRequired[Input[str]]
    """ephemeral: StorageClass of the volume, for example one of the node's NVMe disks; default: `emptyDir`."""
    claim_name: NotRequired[Input[str]]
    """local: name of the claim of the shared folder; required there."""
    image: NotRequired[Input[str]]
    """image: reference of the artifact with the models, pinned; required there."""
    verify_every_start: NotRequired[bool]
    """Look at the hash of every cached file in every start; default false: they are looked at while they are copied."""


class ModelLeader(TypedDict):
    """Who has the claim of the role `models` and hands out versions: the pod of a ModelSharing."""

    name: str
    """Name of the ModelSharing, and of its Service."""
    ca_secret: Input[str]
    """Secret with `ca.crt`, which signs the leader's certificate."""


class Models(TypedDict):
    """How the application's pods get their models: as published versions instead of a folder that they write to."""

    version: NotRequired[str]
    """The version that the pods load. Default: the cluster's release Job decides, and Pulumi leaves it alone."""
    cache: NotRequired[ModelCache]
    """The cache on the node; default: none, and the pods read the version on the shared claim, read-only."""
    leader: NotRequired[ModelLeader]
    """Where the cache is filled from, in place of the claim: then no pod of the application mounts the claim of the
    role `models`. Default: the claim."""
