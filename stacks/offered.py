"""What offers to the advisor share: claims as they would be planned, and example values for a stack file.

Ids, addresses and names in an offer are examples, which the user replaces in the advised stack file.
"""

from collections.abc import Mapping
from typing import Any

from components.contract import AccessMode, Claim, Locks, Medium
from estimate.offers import Part

OWN_CLASS = {"storageClass": "fast", "encryptedBy": "LUKS on the nodes"}
"""StorageClass of a private cluster in an advised stack file: an example."""
BUNDLED_DISK_GIB = 20
"""Size in GiB of the disk of a bundled store, in an advised stack file."""
DISKS = (Part.EVERYTHING, Part.DISK)
"""Parts for which an offer can be a disk."""
CLUSTER = {"cluster": {"kubeconfig": "kubeconfig.yaml", "context": "kotaemon"}}
"""The section `kotaemon:cluster` of an advised stack file on a cloud: an example."""


def disk_claim(part: Part, size: int, encrypted_by: str) -> Claim:
    """The claim of an offered disk as it would be planned, for the guard."""
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
    """The claim of an offered file system as it would be planned, for the guard."""
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
    """The mapping without the keys whose value is None."""
    return {key: value for key, value in found.items() if value is not None}
