"""A volume in the memory of the pod's node. It counts as memory of the container that writes it."""

from pulumi_kubernetes.core.v1 import EmptyDirVolumeSourceArgs, VolumeArgs

from ..args import ModelCache

NEEDS = ("limit",)
TAKES = ()


def volume(name: str, cache: ModelCache) -> VolumeArgs:
    """`emptyDir` of medium Memory."""
    return VolumeArgs(name=name, empty_dir=EmptyDirVolumeSourceArgs(medium="Memory", size_limit=cache.get("limit", "")))
