"""What is said about a volume that somebody else made: nobody here can look into it, so its owner says what it is."""

from collections.abc import Sequence

from ..contract import AccessMode, Claim, Locks, Medium
from ..quantity import gib, refused_size
from ..refusal import because

DISK, NODE, OBJECT, UNKNOWN = "disk", "node", "object", "unknown"
"""Backends of the guard (guard/table.py) that are no file system which several nodes share, or that may be none."""
_ONE_NODE = (AccessMode.RWOP, AccessMode.RWO)


def refused_mode(backend: str, mode: AccessMode) -> str:
    """Why an access mode does not go with what serves the volume; empty when it does."""
    if backend in (DISK, NODE) and mode not in _ONE_NODE:
        what = "disk" if backend == DISK else "folder on one node"
        return (
            f"{mode.value!r} is not allowed for a {what}; it is ReadWriteOncePod or ReadWriteOnce: a file system that "
            "two nodes mount at once is corrupt at once"
        )
    return ""


def mistakes(backend: str, mode: AccessMode, size: str) -> list[str]:
    """Mistakes in what is said of a volume."""
    return [*because("access_mode", refused_mode(backend, mode)), *because("size", refused_size(size))]


def foreign_claim(
    name: str,
    *,
    backend: str,
    mode: AccessMode,
    size: str,
    shared_locks: bool,
    zones: Sequence[str],
    encrypted_by: str,
) -> Claim:
    """The claim in plain values. `shared_locks`: whether all nodes see each other's locks; a disk has one node.

    A backend that is not known counts as a disk where the access mode is for one node, and else as files without locks.
    """
    disk = backend in (DISK, NODE) or (backend == UNKNOWN and mode in _ONE_NODE)
    if disk:
        locks = Locks.ONE_NODE
    elif backend == OBJECT:
        locks = Locks.NONE
    else:
        locks = Locks.SHARED if shared_locks and backend != UNKNOWN else Locks.NODE_LOCAL
    medium = {NODE: Medium.NODE, OBJECT: Medium.OBJECT}.get(backend, Medium.BLOCK if disk else Medium.FILE)
    return Claim(
        name=name,
        access_mode=mode,
        medium=medium,
        backend=backend,
        size_gib=gib(size, "size"),
        zones=list(zones),
        encrypted_by=encrypted_by,
        locks=locks,
        # A new disk's root belongs to root; a file server may squash, and refuses the kubelet's chown then.
        fs_group=disk,
    )
