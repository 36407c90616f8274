"""What offers to the advisor share: claims as they would be planned, and example words for a stack file.

Ids, addresses and names that an offer says for a stack file are examples, to be replaced by one's own.
"""

from collections.abc import Mapping
from typing import Any

from components.contract import AccessMode, Claim, Locks, Medium
from estimate.offers import Part

OWN_CLASS = {"storageClass": "fast", "encryptedBy": "LUKS on the nodes"}
"""StorageClass of a private cluster in an advice: a name to replace."""
BUNDLED_DISK_GIB = 20
"""GiB of the disk of a store that the stack runs itself, in an advice."""
DISKS = (Part.EVERYTHING, Part.DISK)
"""Parts that one disk can be."""
CLUSTER = {"cluster": {"kubeconfig": "kubeconfig.yaml", "context": "kotaemon"}}
"""How an advised stack file names the cluster of a cloud."""


def disk_claim(part: Part, size: int, encrypted_by: str) -> Claim:
    """A disk as it would be planned, for the guard."""
    return Claim(
        name=part.claim,
        access_mode=AccessMode.RWOP,
        medium=Medium.BLOCK,
        backend="disk",
        size_gib=size,
        zones=[],
        encrypted_by=encrypted_by,
        locks=Locks.ONE_NODE,
        fs_group=True,
    )


def file_claim(part: Part, size: int, backend: str, encrypted_by: str) -> Claim:
    """A file system as it would be planned, for the guard."""
    return Claim(
        name=part.claim,
        access_mode=AccessMode.RWX,
        medium=Medium.FILE,
        backend=backend,
        size_gib=size,
        zones=[],
        encrypted_by=encrypted_by,
        locks=Locks.SHARED,
        fs_group=False,
    )


def given(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is said: a key without a value is left out."""
    return {key: value for key, value in found.items() if value is not None}
