"""What a cluster says of itself, as plain values: read by stacks/cluster.py, judged elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from guard.namespace import Namespace


@dataclass(frozen=True)
class Wanted:
    """What a stack has to know of its cluster."""

    classes: tuple[str, ...] = ()
    """Names of the StorageClasses that it uses and does not make."""
    namespace: str = ""
    """Name of its namespace. Empty: it is not asked for."""
    claims: tuple[str, ...] = ()
    """Names of PersistentVolumeClaims in it whose volumes are made for their first pods."""
    drivers: tuple[str, ...] = ()
    """Names of CSI drivers that have to be in the cluster."""


@dataclass(frozen=True)
class FoundClass:
    """A StorageClass as the cluster has it."""

    provisioner: str
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    mount_options: tuple[str, ...] = ()
    expands: bool = True
    """Whether it lets volumes grow (`allowVolumeExpansion`)."""
    at_once: bool = False
    """Whether it makes a volume before its pod has a node (`volumeBindingMode: Immediate`)."""
    profile: tuple[str, ...] = ()
    """Access modes of volumes with a file system in its StorageProfile (KubeVirt's Containerized Data Importer).
    Empty: the cluster has none, or it says nothing."""


@dataclass(frozen=True)
class ClusterFacts:
    """What the cluster says of itself, read once before anything is registered."""

    classes: Mapping[str, FoundClass | None] = field(default_factory=dict[str, FoundClass | None])
    """Name of a StorageClass -> the class; None: the cluster has no such class. A name that is not a key was not
    read."""
    unread: str = ""
    """Why nothing, or not every class, was read; empty: every class that was asked for was answered."""
    version: str = ""
    """Version of the API server, as v1.33.4-eks-1234. Empty: not known."""
    namespace: Namespace | None = None
    """The stack's namespace, with what could be read of it. None: it is not there, or was not asked for."""
    namespace_missing: bool = False
    """Whether the cluster says that it has no such namespace."""
    bound: Mapping[str, bool] = field(default_factory=dict[str, bool])
    """Name of a PersistentVolumeClaim that is there -> whether it has a volume."""
    drivers: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """Name of a CSI driver -> its version, empty where it is not known; None: the cluster has none of this name. A name
    that is not a key was not read."""
    gaps: tuple[str, ...] = ()
    """What else could not be read, each with its reason."""


NOT_ASKED = ClusterFacts(unread="a plan asks no cluster")
"""The facts of a plan, which needs no cluster."""
