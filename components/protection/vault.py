"""A vault of AWS Backup that nobody empties, and the plan that copies backups from one into another."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import backup, iam
from typing_extensions import NotRequired

from ..aws import partition, tags_refused
from ..refusal import because, refuse

COPY_DAYS, SOURCE_DAYS = 35, 7
"""Days for which copies are kept unless the arguments say otherwise; and backups in the vault that they are copied
from: each storage keeps backups of its own in its region."""
COPY_AT = "30 4 * * ? *"
"""When backups for copies are made, in UTC, as AWS writes cron lines; after those that the storage makes by itself."""
MOST_DAYS = 36500
"""The most days that AWS Backup keeps a recovery point (API Lifecycle, DeleteAfterDays: 100 years)."""


class BackupVaultArgs(TypedDict):
    """Arguments of BackupVault."""

    key_arn: Input[str]
    """Full ARN of the KMS key of the vault, in its region. A vault keeps its key for ever."""
    copies_from: NotRequired[Input[str]]
    """Another account, 12 digits, that may copy backups into it. Default: none, its own account always may."""
    locked: NotRequired[bool]
    """Whether a vault lock in governance mode keeps every backup until its time has come; default false. Who has
    backup:DeleteBackupVaultLockConfiguration can take it away (AWS Backup, "AWS Backup Vault Lock")."""
    tags: NotRequired[Mapping[str, str]]
    """Added to the vault."""
    protect: NotRequired[bool]
    """Refuse to delete the vault; default true. It is kept on deletion in any case."""


class BackupCopiesArgs(TypedDict):
    """Arguments of BackupCopies."""

    account: Input[str]
    """Account of the storage, 12 digits."""
    region: str
    """Region of the storage."""
    vault_name: Input[str]
    """Name of the vault in that region (BackupVault)."""
    copy_vault_arn: Input[str]
    """ARN of the vault that gets the copies, in another region or account."""
    storage: NotRequired[Sequence[Input[str]]]
    """ARNs of what is backed up: file systems, databases. Default none."""
    disk_tags: NotRequired[Mapping[str, str]]
    """Tags that a disk of EBS must have, all of them, to be backed up; for disks that a CSI driver makes. Default: no
    disks."""
    days: NotRequired[int]
    """Days for which copies are kept, 1 to 36500; default 35."""
    permissions_boundary: NotRequired[Input[str]]
    """ARN of the IAM policy that is the permissions boundary of the role; default none."""
    tags: NotRequired[Mapping[str, str]]
    """Added to plan and role."""
    protect: NotRequired[bool]
    """Refuse to delete plan, selection and role; default true. They are kept on deletion in any case."""


def days_refused(days: int) -> str:
    """Why copies cannot be kept for so long."""
    return "" if 1 <= days <= MOST_DAYS else f"{days} is not allowed; AWS Backup keeps copies for 1 to {MOST_DAYS} days"


def check_vault(name: str, args: BackupVaultArgs) -> list[str]:
    """Mistakes in the arguments of BackupVault(name, args); none: it can be made."""
    return because("tags", tags_refused(args.get("tags", {})))


def check(name: str, args: BackupCopiesArgs) -> list[str]:
    """Mistakes in the arguments of BackupCopies(name, args); none: it can be made."""
    nothing = "" if args.get("storage") or args.get("disk_tags") else "nothing to copy; give storage or disk_tags"
    return [
        *because("storage", nothing),
        *because("days", days_refused(int(args.get("days", COPY_DAYS)))),
        *because("tags", tags_refused(args.get("tags", {}))),
    ]


def vault_policy(region: str, copies_from: str = "") -> dict[str, Any]:
    """Nobody deletes a backup before its time; AWS Backup itself ends it, which no policy stops. `copies_from`: account
    that may copy into the vault (AWS Backup, "Vault access policies", read 29 November 2026: that action is the only
    one that another account can be given, and wildcards are not allowed in actions)."""
    statements: list[dict[str, Any]] = [
        {
            "Sid": "NobodyDeletesABackup",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"],
            "Resource": "*",
        }
    ]
    if copies_from:
        statements.append(
            {
                "Sid": "CopiesOfAnotherAccount",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition(region)}:iam::{copies_from}:root"},
                "Action": "backup:CopyIntoBackupVault",
                "Resource": "*",
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def trust_policy() -> dict[str, Any]:
    """AWS Backup alone takes the role."""
    statement = {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def plan(args: BackupCopiesArgs, name: str) -> backup.PlanArgs:
    """One backup a day, copied as soon as it is whole (API CopyAction)."""
    return backup.PlanArgs(
        name=name,
        rules=[
            backup.PlanRuleArgs(
                rule_name="daily",
                target_vault_name=args["vault_name"],
                schedule=f"cron({COPY_AT})",
                lifecycle=backup.PlanRuleLifecycleArgs(delete_after=SOURCE_DAYS),
                copy_actions=[
                    backup.PlanRuleCopyActionArgs(
                        destination_vault_arn=args["copy_vault_arn"],
                        lifecycle=backup.PlanRuleCopyActionLifecycleArgs(delete_after=int(args.get("days", COPY_DAYS))),
                    )
                ],
            )
        ],
        tags=args.get("tags"),
    )


def disks_with(args: BackupCopiesArgs) -> backup.SelectionConditionArgs:
    """The condition that a disk has all of the tags (API Conditions: all of them hold)."""
    return backup.SelectionConditionArgs(
        string_equals=[
            backup.SelectionConditionStringEqualArgs(key=f"aws:ResourceTag/{key}", value=value)
            for key, value in sorted(args.get("disk_tags", {}).items())
        ]
    )


class BackupVault(pulumi.ComponentResource):
    """A vault under a key of your own, with its policy."""

    arn: Output[str]
    """ARN of the vault, known once its policy is there."""
    vault_name: Output[str]
    """Name of the vault, known once its policy is there."""

    def __init__(self, name: str, args: BackupVaultArgs, opts: ResourceOptions | None = None) -> None:
        refuse("BackupVault", name, check_vault(name, args))
        super().__init__("kotaemon:index:BackupVault", name, None, opts)
        kept = ResourceOptions(parent=self, protect=args.get("protect", True), retain_on_delete=True)
        vault = backup.Vault(
            f"{name}-vault",
            kms_key_arn=args["key_arn"],
            tags=args.get("tags"),
            opts=ResourceOptions(
                parent=self, protect=args.get("protect", True), retain_on_delete=True, ignore_changes=["kmsKeyArn"]
            ),
        )
        policy = backup.VaultPolicy(
            f"{name}-policy",
            backup_vault_name=vault.name,
            policy=Output.all(vault.region, args.get("copies_from", "")).apply(
                lambda known: json.dumps(vault_policy(*known))
            ),
            opts=kept,
        )
        if args.get("locked", False):
            # Without changeable_for_days the lock is in governance mode. Its least retention is that of any backup: a
            # larger one would end copies that ask for less, and another value would replace the lock.
            backup.VaultLockConfiguration(f"{name}-lock", backup_vault_name=vault.name, min_retention_days=1, opts=kept)
        self.arn = Output.all(vault.arn, policy.id).apply(lambda known: str(known[0]))
        self.vault_name = Output.all(vault.name, policy.id).apply(lambda known: str(known[0]))
        self.register_outputs({"arn": self.arn, "vaultName": self.vault_name})


class BackupCopies(pulumi.ComponentResource):
    """A plan of AWS Backup: each day a backup of the storage, copied into a vault in another region or account."""

    plan_id: Output[str]

    def __init__(self, name: str, args: BackupCopiesArgs, opts: ResourceOptions | None = None) -> None:
        refuse("BackupCopies", name, check(name, args))
        super().__init__("kotaemon:index:BackupCopies", name, None, opts)
        kept = ResourceOptions(parent=self, protect=args.get("protect", True), retain_on_delete=True)
        region = args["region"]
        role = iam.Role(
            f"{name}-role",
            description="AWS Backup of the storage of Kotaemon",
            assume_role_policy=json.dumps(trust_policy()),
            permissions_boundary=args.get("permissions_boundary"),
            tags=args.get("tags"),
            opts=kept,
        )
        allowed = iam.RolePolicyAttachment(
            f"{name}-role-policy",
            role=role.name,
            policy_arn=f"arn:{partition(region)}:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
            opts=kept,
        )
        made = backup.Plan(f"{name}-plan", args=plan(args, f"{name}-{region}"), opts=kept)
        self.plan_id = made.id
        after = ResourceOptions(
            parent=self, protect=args.get("protect", True), retain_on_delete=True, depends_on=[allowed]
        )
        if args.get("storage"):
            backup.Selection(
                f"{name}-storage",
                name="storage",
                plan_id=made.id,
                iam_role_arn=role.arn,
                resources=list(args.get("storage", ())),
                opts=after,
            )
        if args.get("disk_tags"):
            backup.Selection(
                f"{name}-disks",
                name="disks",
                plan_id=made.id,
                iam_role_arn=role.arn,
                resources=[Output.concat(f"arn:{partition(region)}:ec2:{region}:", args["account"], ":volume/*")],
                conditions=[disks_with(args)],
                opts=after,
            )
        self.register_outputs({"planId": self.plan_id})
