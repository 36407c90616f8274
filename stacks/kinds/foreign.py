"""What a stack file says about a volume that somebody else made: keys that several kinds share."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator, model_validator

from components.contract import AccessMode, Medium
from components.volumes.foreign import DISK, NODE, OBJECT, refused_mode
from guard.table import BACKENDS
from stacks.settings.claim import ClaimSettings
from stacks.settings.fields import Size, accept
from stacks.settings.settings import Settings
from stacks.settings.storage import roles_of


class ForeignClaim(ClaimSettings):
    """Storage that the stack uses and did not make. What cannot be looked up is said here."""

    size: Size = Field("20Gi", description="Size of the volume, for tables and estimates; nothing is resized.")
    access_mode: Literal["ReadWriteOncePod", "ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany"] = Field(
        description="Its access mode. A disk is ReadWriteOncePod or ReadWriteOnce."
    )
    stands_on: str = Field(
        description="What serves it: disk, node (a folder on one node), a file system (nfs4, nfs3, efs, openzfs, "
        "lustre, nas4, nas3, juicefs, cephfs, smb, seaweedfs), or object for a mounted bucket. The guard judges by it.",
        json_schema_extra={"enum": list(BACKENDS)},
    )
    real_locks: bool = Field(
        True, description="Whether a lock that one node holds is seen by all others; false for a mount with nolock."
    )
    zones: list[str] = Field(default_factory=list[str], description="Zones that it can be used in; none: every zone.")
    encrypted_by: str = Field("nobody known", description="Who encrypts it at rest, for the storage table.")

    @field_validator("stands_on")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in BACKENDS:
            raise ValueError(f"is not allowed; allowed: {', '.join(BACKENDS)}")
        return value

    @model_validator(mode="after")
    def _mode(self) -> "ForeignClaim":
        reason = refused_mode(self.stands_on, AccessMode(self.access_mode))
        accept(f"accessMode: {reason}" if reason else "")
        return self

    @property
    def medium(self) -> Medium:
        """As it is said; a folder on one node takes the roles that a disk takes."""
        return {DISK: Medium.BLOCK, NODE: Medium.BLOCK, OBJECT: Medium.OBJECT}.get(self.stands_on, Medium.FILE)


def read_only_mistakes(chosen: ForeignClaim, settings: Settings) -> Iterator[str]:
    """Roles that write to a claim which nobody can write to."""
    if chosen.access_mode != AccessMode.ROX.value:
        return
    storage = settings.storage
    (name,) = [name for name, claim in storage.claims.items() if claim is chosen]
    for role in roles_of(settings.profile):
        if storage.found_claim(role, settings.profile) == name and not storage.read_only(role):
            yield (
                f"accessMode: ReadOnlyMany, but the role {role.value} is written; set "
                f"kotaemon:storage.roles.{role.value}.readOnly: true, or give the role another claim"
            )
