"""What models add to the application's pod: the cache, the container that fills it, and where the version appears."""

import re
from collections.abc import Iterator

from pulumi import Input
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    EnvVarArgs,
    EnvVarSourceArgs,
    ObjectFieldSelectorArgs,
    VolumeArgs,
    VolumeMountArgs,
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
    MODELS_DIR,
    SHARED_DIR,
    VERSION_ANNOTATION,
    VERSION_PATTERN,
    VERSION_VARIABLE,
    VERSIONS,
)

VOLUME = "models-cache"
"""Name of the cache's volume in the pod."""
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
    """Annotation of the pod template with the version; empty until the first release in the cluster."""
    return {VERSION_ANNOTATION: models.get("version", "")} if from_claim(models) else {}


def version_variable() -> EnvVarArgs:
    """The version as a variable, read from the pod's own annotation."""
    field = ObjectFieldSelectorArgs(field_path=f"metadata.annotations['{VERSION_ANNOTATION}']")
    return EnvVarArgs(name=VERSION_VARIABLE, value_from=EnvVarSourceArgs(field_ref=field))


def volumes(models: Models) -> list[VolumeArgs]:
    """The cache's volume."""
    return [caches.volume(VOLUME, models["cache"])] if "cache" in models else []


def mount(models: Models, role: RoleMount, claim_volume: str) -> VolumeMountArgs:
    """Where the application sees the models: always read-only, and one version only.

    `claim_volume`: name of the volume of the role's claim.
    """
    if "cache" not in models:
        path = f"{role['sub_path']}/{VERSIONS}/$({VERSION_VARIABLE})"
        return VolumeMountArgs(name=claim_volume, mount_path=MODELS_DIR, sub_path_expr=path, read_only=True)
    version = f"$({VERSION_VARIABLE})" if filled(models) else None
    return VolumeMountArgs(name=VOLUME, mount_path=MODELS_DIR, sub_path_expr=version, read_only=True)


def fill_container(
    cache: ModelCache, image: Input[str], role: RoleMount, claim_volume: str, runtime: VolumeMountArgs
) -> ContainerArgs:
    """The init container that copies the version into the cache, with the application's own image.

    A plain init container: the application starts when the copy is whole, and not beside it.
    """
    limit = cache.get("limit", "0Gi")
    size = gib(limit, "models.cache.limit")
    in_memory = caches.kind_of(cache) == ModelCacheKind.MEMORY
    told: dict[str, Input[str]] = {
        "KS_MODELS_SHARED": SHARED_DIR,
        "KS_MODELS_CACHE": CACHE_DIR,
        "KS_SCRATCH_DIR": SCRATCH_DIR,
        "KS_MODELS_LIMIT": str(size * 2**30),
        "KS_MODELS_VERIFY": "1" if cache.get("verify_every_start") else "0",
    }
    return ContainerArgs(
        name="fill-models",
        image=image,
        command=[PYTHON, "-S", f"{RUNTIME_DIR}/{START}"],
        env=[version_variable(), *plain(told)],
        # What is written to a volume in memory is memory of the container that writes it.
        resources=resources("500m", "256Mi", f"{size + 1}Gi" if in_memory else "1Gi"),
        volume_mounts=[
            runtime,
            TMP,
            VolumeMountArgs(name=claim_volume, mount_path=SHARED_DIR, sub_path=role["sub_path"], read_only=True),
            VolumeMountArgs(name=VOLUME, mount_path=CACHE_DIR),
        ],
        termination_message_policy="FallbackToLogsOnError",
    )


def folders(role: RoleMount) -> list[str]:
    """The folders of versions on the claim, made as the pods' user before anything mounts them."""
    return [f"{role['sub_path']}/{name}" for name in (VERSIONS, INCOMING)]


def mistakes(models: Models, role: RoleMount | None) -> Iterator[str]:
    """Mistakes in the argument `models`, each with its key. `role`: the place of the role models."""
    version = models.get("version")
    if version is not None and (not re.fullmatch(VERSION_PATTERN, version) or version == "latest"):
        yield (
            f"version: {version!r} is not allowed; lower-case letters, digits, '-', '.' and '_', at most 63, and not "
            "latest"
        )
    if "cache" in models:
        yield from (f"cache.{line}" for line in caches.mistakes(models["cache"]))
        if not filled(models) and version is not None:
            yield "version: a cache of kind image has none, the image is the version; leave it out"
    if role is not None and from_claim(models) and role["claim"]["medium"] == Medium.OBJECT:
        yield (
            f"cache: the claim {role['claim']['name']} is object storage, which renames no folder; a "
            "release needs the role models on a file claim or a disk"
        )
