"""What the kinds of the medium object share: their checks, and the claim that they make, in plain values."""

from collections.abc import Mapping
from typing import Any

from ..contract import AccessMode, BucketDialect, Claim, Locks, Medium
from ..quantity import gib, refused_size
from ..refusal import because
from .rules import MOUNTED, name_refused, prefix_refused

SIZE = "1Ti"
"""Size of the claim, unless the arguments say otherwise. A bucket has no size, and nobody enforces it."""


def mounted_mistakes(args: Mapping[str, Any], dialect: BucketDialect) -> list[str]:
    """Mistakes in what the arguments of a mounted bucket have in common."""
    return [
        *because(f"bucket_name: {args['bucket_name']!r}", name_refused(args["bucket_name"], dialect)),
        *because("prefix", prefix_refused(args.get("prefix", MOUNTED))),
        *because("size", refused_size(args.get("size", SIZE))),
    ]


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
