"""What the kinds share that mount a prefix of the stack's bucket."""

from collections.abc import Mapping
from typing import Annotated, Any

from pulumi import Input
from pydantic import AfterValidator, Field

from components.contract import Medium
from components.object.rules import MOUNTED, prefix_refused
from stacks.effects import KIND_ROW, VOLUME_SOURCE, VOLUME_TAKES, Effects, in_place, names, refused
from stacks.kinds.base import Context, Identity
from stacks.settings.claim import ClaimSettings
from stacks.settings.existing import VOLUME, Id
from stacks.settings.fields import Size, accept


def _prefix(value: str) -> str:
    accept(prefix_refused(value))
    return value


Prefix = Annotated[str, AfterValidator(_prefix)]


class MountedClaim(ClaimSettings):
    """A prefix of the stack's bucket."""

    prefix: Prefix = Field(MOUNTED, description="Folder of the bucket that is mounted, with / at its end.")
    size: Size = Field("1Ti", description="Size of the claim; nobody enforces it.")
    read_only: bool = Field(False, description="Whether nothing can be written, overwritten or deleted.")

    @property
    def parts(self) -> Mapping[str, Id]:
        """The volume and its claim."""
        return VOLUME

    @property
    def medium(self) -> Medium:
        """Objects, mounted as files."""
        return Medium.OBJECT


EFFECTS: Effects = {
    "kind": KIND_ROW,
    "prefix": names(VOLUME_SOURCE, "objects do not move: copy them to the other prefix first"),
    "size": in_place(VOLUME_TAKES, "a bucket knows no sizes; the claim keeps its request"),
    "read_only": refused(
        "API server: the access modes of a living volume and claim are immutable (PersistentVolumeClaim)",
        "add a claim with the other value on the same prefix; readOnly of a role makes its mount read-only in place",
    ),
}
"""Rows of the fields of MountedClaim."""


def identity(at: Context[Any]) -> Identity:
    """Kind, bucket and prefix: a volume cannot be pointed at another client."""
    return {"kind": str(at.chosen.kind), "bucket": bucket_name(at), "prefix": str(at.chosen.prefix)}


def bucket_name(at: Context[Any]) -> str:
    """Name of the bucket in the stack file; empty without one, which stacks/bucket.py refuses."""
    return at.settings.bucket.name if at.settings.bucket is not None else ""


def bucket(at: Context[Any]) -> Input[str]:
    """Name of the bucket, known once everything that guards it is there."""
    return bucket_name(at) if isinstance(at.bucket, str) else at.bucket


def key(at: Context[Any]) -> Input[str]:
    """Key of the bucket: that of the stack, or what the stack file says of a bucket that is there. Empty: none."""
    chosen = at.settings.bucket
    return at.key if chosen is None or chosen.made else chosen.key or ""


def encrypted(at: Context[Any], of_stack: str) -> str:
    """Who encrypts, for the storage table. `of_stack`: who encrypts what the stack makes."""
    chosen = at.settings.bucket
    return of_stack if chosen is None or chosen.made else chosen.encrypted_by or chosen.key or "nobody known"
