"""The section `kotaemon:models` of a stack file: versions of models, and their cache on the nodes."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator

from components.models.args import ModelCache, ModelCacheKind, ModelLeader, Models
from components.models.cache.image import SINCE
from components.models.names import RESERVED, VERSION_PATTERN
from stacks.names import NAMESPACE
from stacks.settings.fields import DnsLabel, ExportPath, ObjectName, PinnedImage, Size, Strict, matching
from stacks.settings.stores import StoreEndpoint

if TYPE_CHECKING:
    from stacks.settings.settings import Settings

LEADER = f"{NAMESPACE}-models-leader"
"""Component, and Service, of what hands out models."""
LOCAL_CACHE = "models-cache"
"""Component, and claim, of a cache of kind `local` that the stack makes."""
ModelVersion = Annotated[
    str,
    matching(
        VERSION_PATTERN, "must be lower-case letters, digits, '-', '.' and '_', at most 63, for example 2026-11-bge-m3"
    ),
]


class _Cache(Strict):
    limit: Size = Field(description="Most bytes of all versions in the cache; a version that is larger is refused.")
    verify_every_start: bool = Field(
        False,
        description="Whether every start looks at the hash of every cached file; they are looked at while they are "
        "copied in any case.",
    )


class EphemeralCache(_Cache):
    """A volume of each pod's own on its node. Every new pod starts cold."""

    kind: Literal["ephemeral"] = Field(description="The cache is a volume of each pod's own.")
    storage_class: ObjectName | None = Field(
        None, description="StorageClass of the volume, for example one of local NVMe disks; default: emptyDir."
    )


class MemoryCache(_Cache):
    """A volume in the memory of the node, beside the memory of the application."""

    kind: Literal["memory"] = Field(description="The cache is in the memory of the node.")


class LocalCache(_Cache):
    """A folder of each node that its pods share. The second pod of a node, and each new one, starts warm."""

    kind: Literal["local"] = Field(description="The cache is a folder of each node.")
    path: ExportPath | None = Field(
        None, description="The folder on each node; it has to be there and belong to uid and gid. Give this or claim."
    )
    claim: DnsLabel | None = Field(
        None, description="Claim of a `local` volume that is there already. Give this or path."
    )
    node_label: str | None = Field(
        None, min_length=1, description="Label of the nodes that have the folder; default: every node has it."
    )
    prefetch: bool = Field(
        False,
        description="Whether a release copies the version to every node before a pod needs it, by one small pod on "
        "each. Needs path, and a claim that many nodes mount.",
    )


class ImageCache(Strict):
    """An OCI artifact as an image volume: the registry is the source, and the node's image store the cache."""

    kind: Literal["image"] = Field(description="The models are an image volume.")
    image: PinnedImage = Field(description="Reference of the artifact, with a version tag or a digest.")


class ShareNats(Strict):
    """A server of NATS with JetStream, which announces releases to the nodes."""

    url: Annotated[
        str, matching(r"tls://[^\s/@:]+:[0-9]+", "must be tls://host:port, for example tls://nats.nats.svc:4222")
    ] = Field(description="Address of the server. Without TLS nothing is announced.")
    credentials: dict[str, SecretStr] = Field(
        default_factory=dict[str, SecretStr],
        description="LEADER_USER, LEADER_PASSWORD, FOLLOWER_USER and FOLLOWER_PASSWORD -> value.",
    )
    credentials_secret: ObjectName | None = Field(
        None, description="Existing Secret with these four keys, in the namespace of the application, in their place."
    )
    ca_secret: ObjectName | None = Field(
        None, description="Secret with ca.crt, which signs the server's certificate; default: tlsSecret of the leader."
    )
    stream: DnsLabel | None = Field(
        None, description="Name of the stream; default kotaemon-models. Stacks that share a server have one each."
    )
    replicas: int = Field(1, ge=1, le=5, description="Servers of the NATS cluster that keep the stream: 1, 3 or 5.")
    server: StoreEndpoint | None = Field(
        None, description="Network place of a server outside of the cluster, for the NetworkPolicy."
    )


class ModelShare(Strict):
    """One pod has the claim of the role models and hands out versions: for a claim that one node mounts at a time."""

    tls_secret: ObjectName = Field(
        description="Secret in the application's namespace with tls.crt, tls.key and ca.crt for the leader's Service, "
        "kotaemon-models-leader.<namespace>.svc; as cert-manager makes it."
    )
    image: PinnedImage | None = Field(
        None, description="Image of the leader's web server; default: a pinned nginx-unprivileged."
    )
    nats: ShareNats | None = Field(
        None,
        description="Where releases are announced, with a cache of kind local: nodes pull before a pod asks. Default: "
        "they pull when a pod starts.",
    )


class ModelsSettings(Strict):
    """Models as published versions: pods load one version, read-only, from a cache on their node."""

    version: ModelVersion | None = Field(
        None,
        description="The version that the pods load; then it is Pulumi's, and a release in the cluster only publishes. "
        "Default: the release in the cluster decides.",
    )
    cache: Annotated[EphemeralCache | MemoryCache | LocalCache | ImageCache, Field(discriminator="kind")] | None = (
        Field(None, description="Cache on the nodes; default: none, pods read the shared claim.")
    )
    share: ModelShare | None = Field(
        None,
        description="Hands out models from a claim that only one pod mounts. Default: every pod mounts the claim.",
    )
    keep: int = Field(3, ge=1, le=100, description="Number of the newest versions that are kept on the shared claim.")
    keep_days: int = Field(0, ge=0, description="Days that a version is kept in any case.")
    allow_pickle: bool = Field(
        False, description="Whether a package may hold pickled weights, which run code when they are loaded."
    )
    embeddings: list[str] = Field(
        default_factory=list[str],
        description="Models that indexes were made with, for example BAAI/bge-m3: a release that changes one is "
        "refused before a pod is touched. Default: none, pods look at the record of each index when they start.",
    )
    ready_minutes: int = Field(
        60,
        ge=1,
        le=1440,
        description="Minutes that the pods of a new version have to become ready, before the release is rolled back.",
    )

    @field_validator("version")
    @classmethod
    def _not_reserved(cls, value: str | None) -> str | None:
        if value in RESERVED:
            raise ValueError(f"must be the name of a version; {value} is {RESERVED[value]}")
        return value

    def args(self) -> Models:
        """This section as the argument `models` of `Kotaemon`."""
        found = Models()
        if self.version is not None:
            found["version"] = self.version
        if self.cache is not None:
            found["cache"] = _cache(self.cache)
        if self.share is not None:
            found["leader"] = ModelLeader(name=LEADER, ca_secret=self.share.tls_secret)
        return found


def _cache(chosen: Any) -> ModelCache:
    found = ModelCache(kind=ModelCacheKind(chosen.kind))
    if isinstance(chosen, ImageCache):
        found["image"] = chosen.image
        return found
    found["limit"] = chosen.limit
    if chosen.verify_every_start:
        found["verify_every_start"] = True
    if isinstance(chosen, LocalCache):
        found["claim_name"] = chosen.claim or LOCAL_CACHE
    if isinstance(chosen, EphemeralCache) and chosen.storage_class is not None:
        found["storage_class"] = chosen.storage_class
    return found


def mistakes(settings: "Settings") -> Iterator[str]:
    """Mistakes of the section, each with its key."""
    models = settings.models
    if models is None:
        return
    cache = models.cache
    if isinstance(cache, LocalCache) and (cache.path is None) == (cache.claim is None):
        yield "models.cache: a cache of kind local needs either path, which the nodes have, or claim, which is there"
    if isinstance(cache, LocalCache) and cache.claim is not None and cache.node_label is not None:
        yield "models.cache.nodeLabel: is for a path; the volume of a claim says itself where it is; leave it out"
    if isinstance(cache, LocalCache) and cache.prefetch and cache.claim is not None:
        yield "models.cache.prefetch: is for a path; which nodes have the volume of a claim is not known; leave it out"
    if isinstance(cache, LocalCache) and cache.prefetch and models.share is not None:
        yield "models.cache.prefetch: models.share fills the nodes when a release is announced; leave it out"
    if models.share is not None and (cache is None or isinstance(cache, ImageCache)):
        yield (
            "models.share: needs models.cache of kind local, ephemeral or memory: the pods pull into it, and none of "
            "them mounts the claim"
        )
    if isinstance(cache, ImageCache):
        if models.version is not None:
            yield "models.version: a cache of kind image has none, the image is the version; leave it out"
        version = settings.cluster.version
        found = re.match(r"v?(\d+)\.(\d+)", version or "")
        if found is not None and (int(found[1]), int(found[2])) < SINCE:
            since = ".".join(map(str, SINCE))
            yield (
                f"models.cache.kind: 'image' needs Kubernetes {since}, where image volumes are on by default, and "
                f"cluster.version is {version}; use another kind of cache"
            )
