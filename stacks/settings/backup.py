"""The section `kotaemon:backup` of a stack file: what protects data beside the platform's own backups."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from components.contract import Role
from components.protection.names import (
    BACKUP_AT,
    DRILL_AT,
    FOLDER,
    KEEP,
    KEEP_SNAPSHOTS,
    READ,
    SNAPSHOT_AT,
    refused_cron,
    refused_share,
)
from stacks.settings.existing import OBJECT, Existing, Id
from stacks.settings.fields import DnsLabel, ObjectName, PinnedImage, Size, Strict, accept, matching
from stacks.settings.stores import StoreEndpoint

RESTIC_URL = r"(s3:https?://[^\s/@]+/[^\s/]+|rest:https://[^\s@]+)(/\S*)?"
ResticUrl = Annotated[
    str, matching(RESTIC_URL, "must look like s3:https://s3.example.com/bucket/folder, without a password")
]
ROLES = (Role.SESSIONS, Role.INDEXES, Role.UPLOADS, Role.EVAL, Role.MODELS)
"""Roles that are backed up by default. Logs are shipped (docs/logs.md), and files of today's are half written."""


class KeepSettings(Strict):
    """How many backups are kept; the newest one always is."""

    daily: int = Field(KEEP["daily"], ge=1, le=3650, description="Days of which the last backup is kept.")
    weekly: int = Field(KEEP["weekly"], ge=0, le=520, description="Weeks of which the last backup is kept; 0: none.")
    monthly: int = Field(KEEP["monthly"], ge=0, le=120, description="Months of which the last backup is kept; 0: none.")


class RepositorySettings(Strict):
    """Where the backups are: a repository of restic in a bucket, or on a file claim of other storage."""

    bucket: bool = Field(
        False, description="The bucket of the stack (section bucket), below backups/restic; or give url or claim."
    )
    url: ResticUrl | None = Field(None, description="Address as restic takes it; or give bucket or claim.")
    claim: DnsLabel | None = Field(
        None, description="Name of a file claim on other storage than what is backed up; or give bucket or url."
    )
    folder: DnsLabel = Field(FOLDER, description="Folder on the claim.")
    secret_name: ObjectName | None = Field(
        None,
        description="Secret in the application's namespace whose keys are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or "
        "others that restic reads; default: that of the bucket, or the pod's own role, by accountAnnotations.",
    )
    account_annotations: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="Annotations of the pods' ServiceAccount, for example eks.amazonaws.com/role-arn.",
    )
    endpoint: StoreEndpoint | None = Field(
        None, description="Network place of the server of url, when its port is not 443, for the NetworkPolicy."
    )

    @model_validator(mode="after")
    def _one(self) -> "RepositorySettings":
        if [self.bucket, self.url is not None, self.claim is not None].count(True) != 1:
            raise ValueError("give exactly one of bucket: true, url and claim")
        return self


class DrillSettings(Strict):
    """The restore drill: the newest backup is restored on a schedule, and everything in it is looked at."""

    schedule: str = Field(DRILL_AT, description="Cron schedule in UTC.")
    read: str = Field(
        READ, description="Share of all older data that is read back as well, such as 5% or 1/10; 100% for everything."
    )

    @model_validator(mode="after")
    def _fits(self) -> "DrillSettings":
        _cron(self.schedule)
        accept(f"read: {reason}" if (reason := refused_share(self.read)) else "")
        return self


class ScratchSettings(Strict):
    """Room of the pods: for the copy of the database while a backup runs, for a whole backup while a drill does."""

    size: Size = Field("100Gi", description="Size of the volume.")
    storage_class: ObjectName | None = Field(
        None, description="StorageClass of the drill's volume, which goes with the pod; default: the node's own disk."
    )


class SnapshotSettings(Strict):
    """VolumeSnapshots of disks; they need the snapshot controller in the cluster."""

    snapshot_class: ObjectName = Field(description="Name of the VolumeSnapshotClass, of the disks' driver.")
    schedule: str = Field(SNAPSHOT_AT, description="Cron schedule in UTC.")
    keep: int = Field(KEEP_SNAPSHOTS, ge=1, le=1000, description="Snapshots of each claim that are kept.")
    copy_class: ObjectName | None = Field(
        None,
        description="StorageClass, with reclaimPolicy Delete, for a claim of the newest snapshot that the backup to "
        "the repository reads; default: none, and a ReadWriteOncePod disk is in the snapshots alone.",
    )
    encrypted_only: bool = Field(
        True, description="Refuse a disk of which nobody is known to encrypt it: its snapshots would not be either."
    )

    @model_validator(mode="after")
    def _fits(self) -> "SnapshotSettings":
        _cron(self.schedule)
        return self


class BackupSettings(Existing):
    """Backups beside those that the platform's own file systems and databases have; see docs/backups.md."""

    to: RepositorySettings | None = Field(
        None, description="Repository of the file-level backup, with its restore drill; default: no such backup."
    )
    roles: list[Role] = Field(
        default_factory=lambda: list(ROLES), min_length=1, description="Roles in the file-level backup."
    )
    schedule: str = Field(BACKUP_AT, description="Cron schedule of the file-level backup, in UTC.")
    keep: KeepSettings = Field(
        default_factory=lambda: KeepSettings.model_validate({}), description="How many backups are kept."
    )
    drill: DrillSettings = Field(
        default_factory=lambda: DrillSettings.model_validate({}), description="The restore drill."
    )
    scratch: ScratchSettings = Field(
        default_factory=lambda: ScratchSettings.model_validate({}), description="Room of the pods of backup and drill."
    )
    snapshots: SnapshotSettings | None = Field(None, description="VolumeSnapshots of disks; default: none.")
    restic_image: PinnedImage | None = Field(None, description="Image that restic's program is copied from.")
    postgres_image: PinnedImage | None = Field(
        None, description="Official image of PostgreSQL whose pg_dump is as new as the database, or newer."
    )

    @property
    def parts(self) -> Mapping[str, Id]:
        """The Secret with the repository's password, without which no backup can be read."""
        return {"secret": OBJECT}

    @model_validator(mode="after")
    def _fits(self) -> "BackupSettings":
        _cron(self.schedule)
        if self.to is None and self.snapshots is None:
            raise ValueError("give `to`, a repository, or `snapshots`; without both nothing is backed up")
        return self


def _cron(schedule: Any) -> None:
    accept(f"schedule: {reason}" if (reason := refused_cron(schedule)) else "")
