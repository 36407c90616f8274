"""The kinds of a model cache, one file each: its volume in the application's pod, and its mistakes."""

from collections.abc import Iterator

from pulumi_kubernetes.core.v1 import VolumeArgs

from ...quantity import refused_size
from ..args import ModelCache, ModelCacheKind
from . import ephemeral, image, local, memory

_ROOMS = {
    ModelCacheKind.EPHEMERAL: ephemeral,
    ModelCacheKind.MEMORY: memory,
    ModelCacheKind.LOCAL: local,
    ModelCacheKind.IMAGE: image,
}
_FIELDS = ("limit", "storage_class", "claim_name", "image")


def kind_of(cache: ModelCache) -> ModelCacheKind:
    """The kind of a cache."""
    return ModelCacheKind(cache["kind"])


def volume(name: str, cache: ModelCache) -> VolumeArgs:
    """The volume of the cache in the pod, called `name`."""
    return _ROOMS[kind_of(cache)].volume(name, cache)


def mistakes(cache: ModelCache) -> Iterator[str]:
    """What is missing in a cache, and what its kind does not have; each with its key."""
    room, kind = _ROOMS[kind_of(cache)], kind_of(cache).value
    if "limit" in cache and (reason := refused_size(cache["limit"])):
        yield f"limit: {reason}"
    for key in _FIELDS:
        if key in room.NEEDS and not cache.get(key):
            yield f"{key}: missing; a cache of kind {kind} needs it"
        elif key in cache and key not in (*room.NEEDS, *room.TAKES):
            yield f"{key}: a cache of kind {kind} has none; leave it out"
