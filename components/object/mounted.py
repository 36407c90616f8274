"""What the kinds of the medium object share: the claim that they make, in plain values."""

from ..contract import AccessMode, Claim, Locks, Medium
from ..quantity import gib


def mounted_claim(name: str, size: str, *, read_only: bool, encrypted_by: str) -> Claim:
    """The claim of a mounted bucket: in every zone, shared by all pods, without locks."""
    return Claim(
        name=name,
        access_mode=AccessMode.ROX if read_only else AccessMode.RWX,
        medium=Medium.OBJECT,
        backend="object",
        size_gib=gib(size, "size"),
        zones=[],
        encrypted_by=encrypted_by,
        locks=Locks.NONE,
        fs_group=False,  # objects have no owner; the mount says whose all of them are
    )
