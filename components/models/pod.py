"""What models add to the application's pod: the cache, the container that fills it, and where the version appears."""

import re
from collections.abc import Iterator, Mapping

from pulumi import Input, Output
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    EnvVarArgs,
    EnvVarSourceArgs,
    KeyToPathArgs,
    ObjectFieldSelectorArgs,
    ProjectedVolumeSourceArgs,
    SecretProjectionArgs,
    VolumeArgs,
    VolumeMountArgs,
    VolumeProjectionArgs,
)

from ..contract import Medium, RoleMount
from ..pod.names import PYTHON, RUNTIME_DIR, SCRATCH_DIR
from ..pod.spec import TMP, resources
from ..pod.variables import plain
from ..quantity import gib
from . import cache as caches
from .args import ModelCache, ModelCacheKind, Models
from .files import START
from .names import (
    CACHE_DIR,
    INCOMING,
    LEADER_CA,
    LEADER_PORT,
    MODELS_DIR,
    NO_VERSION,
    RESERVED,
    SHARED_DIR,
    TRUST_DIR,
    VERSION_ANNOTATION,
    VERSION_PATTERN,
    VERSION_VARIABLE,
    VERSIONS,
)

VOLUME = "models-cache"
"""Name of the cache's volume in the pod."""
TRUST = VolumeMountArgs(name="trust", mount_path=TRUST_DIR, read_only=True)
"""Mount of the volume that `trust_volume` makes."""
FILL_SECONDS = 3600
"""What a cold start may add to the deadline of a roll-out: 100 GiB at 30 MiB/s."""
IGNORED = [f'spec.template.metadata.annotations["{VERSION_ANNOTATION}"]']
"""What Pulumi leaves alone where the version is the cluster's, for `ignore_changes`."""


def filled(models: Models) -> bool:
    """Whether an init container fills the cache. An image volume is filled by the kubelet."""
    return "cache" in models and caches.kind_of(models["cache"]) != ModelCacheKind.IMAGE


def from_claim(models: Models) -> bool:
    """Whether the pods get their models from the shared claim."""
    return "cache" not in models or filled(models)


def annotations(models: Models) -> dict[str, Input[str]]:
    """Annotation of the pod template with the version; NO_VERSION until the first release in the cluster."""
    return {VERSION_ANNOTATION: models.get("version", NO_VERSION)} if from_claim(models) else {}


def version_variable() -> EnvVarArgs:
    """The version as a variable, read from the pod's own annotation."""
    field = ObjectFieldSelectorArgs(field_path=f"metadata.annotations['{VERSION_ANNOTATION}']")
    return EnvVarArgs(name=VERSION_VARIABLE, value_from=EnvVarSourceArgs(field_ref=field))


def volumes(models: Models) -> list[VolumeArgs]:
    """The cache's volume, and whom the fill trusts where a leader has the claim."""
    cache = [caches.volume(VOLUME, models["cache"])] if "cache" in models else []
    return [*cache, *([trust_volume({LEADER_CA: models["leader"]["ca_secret"]})] if "leader" in models else [])]


def trust_volume(secrets: Mapping[str, Input[str]]) -> VolumeArgs:
    """The volume of the mount TRUST: file -> Secret whose `ca.crt` it is. Nothing else of the Secrets is in it."""
    sources = [
        VolumeProjectionArgs(secret=SecretProjectionArgs(name=secret, items=[KeyToPathArgs(key="ca.crt", path=file)]))
        for file, secret in secrets.items()
    ]
    return VolumeArgs(name="trust", projected=ProjectedVolumeSourceArgs(sources=sources))


def mount(models: Models, role: RoleMount, claim_volume: str | None) -> VolumeMountArgs:
    """Where the application sees the models: always read-only, and one version only.

    `claim_volume`: name of the volume of the role's claim; None: a leader has it.
    """
    if "cache" not in models and claim_volume is not None:
        path = f"{role['sub_path']}/{VERSIONS}/$({VERSION_VARIABLE})"
        return VolumeMountArgs(name=claim_volume, mount_path=MODELS_DIR, sub_path_expr=path, read_only=True)
    version = f"$({VERSION_VARIABLE})" if filled(models) else None
    return VolumeMountArgs(name=VOLUME, mount_path=MODELS_DIR, sub_path_expr=version, read_only=True)


def fill_container(
    models: Models, namespace: Input[str], image: Input[str], claim: VolumeMountArgs | None, runtime: VolumeMountArgs
) -> ContainerArgs:
    """The init container that copies the version into the cache, with the application's own image.

    A plain init container: the application starts when the copy is whole, and not beside it. `claim`: mount of the
    shared claim at SHARED_DIR; None: a leader has it.
    """
    cache = models.get("cache", ModelCache(kind=ModelCacheKind.EPHEMERAL))
    in_memory = caches.kind_of(cache) == ModelCacheKind.MEMORY
    source = leader_variables(models["leader"]["name"], namespace) if "leader" in models else {}
    told: dict[str, Input[str]] = {
        **(source if claim is None else {"KS_MODELS_SHARED": SHARED_DIR}),
        **cache_variables(cache),
        "KS_SCRATCH_DIR": SCRATCH_DIR,
        "KS_MODELS_VERIFY": "1" if cache.get("verify_every_start") else "0",
    }
    return ContainerArgs(
        name="fill-models",
        image=image,
        command=[PYTHON, "-S", f"{RUNTIME_DIR}/{START}"],
        env=[version_variable(), *plain(told)],
        # What is written to a volume in memory is memory of the container that writes it.
        resources=resources("500m", "256Mi", f"{_limit(cache) + 1}Gi" if in_memory else "1Gi"),
        volume_mounts=[runtime, TMP, claim or TRUST, VolumeMountArgs(name=VOLUME, mount_path=CACHE_DIR)],
        termination_message_policy="FallbackToLogsOnError",
    )


def _limit(cache: ModelCache) -> int:
    return gib(cache.get("limit", "0Gi"), "models.cache.limit")


def cache_variables(cache: ModelCache) -> dict[str, Input[str]]:
    """What whoever fills a cache is told of it."""
    return {"KS_MODELS_CACHE": CACHE_DIR, "KS_MODELS_LIMIT": str(_limit(cache) * 2**30)}


def leader_variables(name: str, namespace: Input[str]) -> dict[str, Input[str]]:
    """What whoever pulls from a leader is told of it."""
    end = f".svc:{LEADER_PORT}"
    known = isinstance(namespace, str)
    return {
        # Text as long as it can be: a plan is checked before Pulumi runs.
        "KS_MODELS_LEADER": f"https://{name}.{namespace}{end}"
        if known
        else Output.concat("https://", name, ".", namespace, end),
        "KS_MODELS_CA": f"{TRUST_DIR}/{LEADER_CA}",
    }


def shared_mount(role: RoleMount, claim_volume: str) -> VolumeMountArgs:
    """Mount of the folder of the role `models` for the fill."""
    return VolumeMountArgs(name=claim_volume, mount_path=SHARED_DIR, sub_path=role["sub_path"], read_only=True)


def folders(role: RoleMount) -> list[str]:
    """The folders of versions on the claim, made as the pods' user before anything mounts them."""
    return [f"{role['sub_path']}/{name}" for name in (VERSIONS, INCOMING, f"{VERSIONS}/{NO_VERSION}")]


def mistakes(models: Models, role: RoleMount | None) -> Iterator[str]:
    """Mistakes in the argument `models`, each with its key. `role`: the place of the role models."""
    version = models.get("version")
    if version is not None and (not re.fullmatch(VERSION_PATTERN, version) or version in RESERVED):
        yield (
            f"version: {version!r} is not allowed; lower-case letters, digits, '-', '.' and '_', at most 63, and not "
            f"{' or '.join(RESERVED)}"
        )
    if "cache" in models:
        yield from (f"cache.{line}" for line in caches.mistakes(models["cache"]))
        if not filled(models) and version is not None:
            yield "version: a cache of kind image has none, the image is the version; leave it out"
    if "leader" in models and not filled(models):
        yield "leader: needs a cache of kind ephemeral, memory or local; without one pods would read the claim"
    if role is not None and from_claim(models) and role["claim"]["medium"] == Medium.OBJECT:
        yield (
            f"cache: the claim {role['claim']['name']} is object storage, which renames no folder; a "
            "release needs the role models on a file claim or a disk"
        )
