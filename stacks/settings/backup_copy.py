"""The section `kotaemon:backupCopy` of a stack file: a copy of the backups in another region or account."""

from collections.abc import Mapping

from pydantic import Field

from stacks.settings.bucket import NAME
from stacks.settings.existing import Existing, Id

_NAMED = Id(r"[\w+=,.@:-]{1,255}", "copy-target-vault-1a2b3c4")
_KEY = Id("((mrk|key)-)?[0-9a-z-]{8,64}", "1234abcd-12ab-34cd-56ef-1234567890ab")
_PLAN = Id("[0-9a-fA-F-]{36}", "1a2b3c4d-1a2b-1a2b-1a2b-1a2b3c4d5e6f")
_SELECTION = Id(
    "[0-9a-fA-F-]{36}[|][0-9a-fA-F-]{36}", "1a2b3c4d-1a2b-1a2b-1a2b-1a2b3c4d5e6f|2b3c4d5e-2b3c-2b3c-2b3c-2b3c4d5e6f7a"
)
"""Id of the plan, and that of the selection."""
_ATTACHED = Id(r"[\w+=,.@:-]{1,255}[/:].+", "copy-replication-role-1a2b3c4:copy-replication-policy-1a2b3c4")


class BackupCopySettings(Existing):
    """A copy of the backups in another region, or on AWS in another account; see docs/backups.md."""

    region: str = Field(
        min_length=1, description="Region of the copies, for example eu-west-1; on AWS with role also the stack's own."
    )
    role: str | None = Field(
        None,
        description="ARN of an IAM role of another AWS account, with which the stack makes what holds the copies. "
        "Default: the copies are in the account of the stack.",
    )
    key: str | None = Field(
        None,
        min_length=1,
        description="KMS key of the copies, of their region and account: its full ARN on AWS, its id on Alibaba Cloud. "
        "Default: the stack makes one on AWS; on Alibaba Cloud each service encrypts with its own.",
    )
    bucket: str | None = Field(
        None,
        min_length=1,
        description="Name of the bucket that the stack makes there, and in which everything that is written to its own "
        "bucket is copied. Default: none, and the repository of backups in the bucket has no copy.",
    )
    lock: bool = Field(
        False,
        description="AWS: whether a lock in governance mode keeps every copy in the vault until its days are over. "
        "Only who has backup:DeleteBackupVaultLockConfiguration can take the lock away; the stack itself cannot.",
    )
    days: int = Field(35, ge=1, le=3650, description="Days for which copies of backups and snapshots are kept.")

    @property
    def parts(self) -> Mapping[str, Id]:
        """The bucket, the vaults and the key of the copies, and what makes the copies."""
        guards = "versioning|private|ownership|encryption|policy|lifecycle|acl"
        return {
            "bucket": NAME,
            guards: NAME,
            "key": _KEY,
            "(source|target)-(vault|policy)|target-lock": _NAMED,
            "(replication|plan)-role": _NAMED,
            "replication-rule": Id(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9](:.+)?", "acme-kotaemon-prod"),
            "replication-(policy|own|keys)|plan-role-policy": _ATTACHED,
            "plan-plan": _PLAN,
            "plan-(storage|disks)": _SELECTION,
        }
