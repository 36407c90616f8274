"""Copies of backups in another region or account of AWS: a vault of AWS Backup, and a bucket that S3 copies into."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pulumi import Input, InvokeOptions, Output, ResourceOptions

from components.aws import key_arn_refused, partition
from components.contract import BucketDialect
from estimate.products.aws_backup import AwsBackup
from estimate.products.aws_key import AwsKey as KeyProduct
from estimate.products.s3 import S3Bucket as S3Product
from stacks import backup_copy, bucket, kinds
from stacks.kinds.base import Buys, Elsewhere
from stacks.platforms.aws.settings import AwsSettings, boundary, disk_tags, key_alias, tags
from stacks.platforms.base import Copies, Ground
from stacks.settings.backup_copy import BackupCopySettings
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.object.s3_replication import S3ReplicationRole

DISKS = "ec2:volume"
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]")
_ROLE = re.compile(r"arn:(aws[a-z-]*):iam::([0-9]{12}):role/[\w+=,.@/-]+")
_SOURCE, _TARGET = f"{backup_copy.COMPONENTS}-source", f"{backup_copy.COMPONENTS}-target"
_REPLICATION, _PLAN = f"{backup_copy.COMPONENTS}-replication", f"{backup_copy.COMPONENTS}-plan"


def account_of(chosen: BackupCopySettings) -> str | None:
    """The other account, from the role in it. None: the copies are in the account of the stack."""
    match = _ROLE.fullmatch(chosen.role) if chosen.role is not None else None
    return match[2] if match is not None else None


class AwsCopies(Copies):
    """AWS Backup for claims and the database, S3 replication for the bucket."""

    def mistakes(self, settings: Settings, chosen: BackupCopySettings) -> Iterator[str]:
        """Regions, roles and keys that do not fit."""
        section = settings.section(AwsSettings)
        if not _REGION.fullmatch(chosen.region):
            yield f"region: {chosen.region!r} is not allowed; it must be a region of AWS, for example eu-west-1"
            return
        if chosen.role is not None and account_of(chosen) is None:
            yield (
                f"role: {chosen.role!r} is not allowed; it must be the ARN of an IAM role with the 12 digits of its "
                "account, for example arn:aws:iam::444455556666:role/kotaemon-copies"
            )
        if section.account is not None and account_of(chosen) == section.account:
            yield f"role: is of account {section.account}, where the stack itself is; leave role out"
        if chosen.region == section.region and chosen.role is None:
            yield (
                f"region: {chosen.region!r} is the region of the stack, so the copies would be lost with the "
                "originals; give another region, or role for another account"
            )
        if partition(chosen.region) != partition(section.region):
            yield (
                f"region: {chosen.region!r} is in partition {partition(chosen.region)}, the stack in "
                f"{partition(section.region)}; AWS copies nothing between partitions"
            )
        if chosen.key is not None:
            yield from _key_mistakes(chosen, section)
        if chosen.lock and not _has_plan(settings, chosen):
            yield "lock: no vault of AWS Backup is made, because nothing here is backed up into one; leave it out"

    def warnings(self, settings: Settings, chosen: BackupCopySettings) -> Iterator[str]:
        """What the first copies need, and what has none."""
        section = settings.section(AwsSettings)
        if chosen.role is not None:
            yield (
                ".role: AWS Backup copies to another account only inside of one organization whose management account "
                "has switched cross-account backup on (AWS Backup: Creating backup copies across AWS accounts)"
            )
            if section.key_arn is not None:
                yield (
                    f".role: the policy of the key {section.key_arn} has to let account {account_of(chosen)} use it "
                    "and make grants for AWS resources"
                )
        if chosen.bucket is not None:
            yield (
                ".bucket: S3 copies what is written from now on; what was in the bucket before needs one run of S3 "
                "Batch Replication (docs/backups.md)"
            )
        if section.database is not None and not _copies_database(settings, chosen):
            yield (
                ": AWS Backup copies a database to another region or to another account, not both at once (AWS Backup: "
                "Backup and tag copy); its dump is in the repository of backup.to"
            )

    def products(self, settings: Settings, chosen: BackupCopySettings) -> list[Buys]:
        """The key, the bucket and the vaults."""
        bought = [] if chosen.key is not None else [Buys(f"{backup_copy.COMPONENTS}-key", KeyProduct())]
        if chosen.bucket is not None:
            bought.append(Buys(f"{backup_copy.COMPONENTS}-bucket", S3Product()))
        if _has_plan(settings, chosen):
            bought += [Buys(f"{name}-vault", AwsBackup()) for name in (_SOURCE, _TARGET)]
        return bought

    def elsewhere(self, settings: Settings, chosen: BackupCopySettings, ground: Ground) -> Elsewhere:
        """The provider of the other place. The key follows in `make`, as its policy names what is made there."""
        import pulumi_aws as aws

        from stacks.platforms.aws.platform import provider_arguments

        section = settings.section(AwsSettings)
        given: dict[str, Any] = provider_arguments(section)
        if chosen.region != section.region:
            given.pop("endpoints", None)  # they are addresses of services in the region of the stack
        other = account_of(chosen)
        if other is not None:
            roles = [*given.get("assume_roles", []), aws.ProviderAssumeRoleArgs(role_arn=chosen.role)]
            given |= {"assume_roles": roles, "allowed_account_ids": [other]}
        provider = aws.Provider(backup_copy.COMPONENTS, region=chosen.region, **given)
        return Elsewhere(chosen.region, ResourceOptions(provider=provider), "", chosen.days)

    def make(
        self,
        settings: Settings,
        chosen: BackupCopySettings,
        ground: Ground,
        there: Elsewhere,
        ours: Input[str],
        ids: Mapping[str, Output[str]],
    ) -> None:
        """Register the role of S3, the key whose policy names it, the bucket and the vaults, and what copies."""
        from components.object.s3_replication import S3ReplicationRole, S3ReplicationRoleArgs

        section = settings.section(AwsSettings)
        role = None
        if chosen.bucket is not None:
            args = S3ReplicationRoleArgs(tags=tags(section), protect=settings.protect, **boundary(section))
            role = S3ReplicationRole(_REPLICATION, args, ground.cloud)
        key = _key(settings, chosen, ground, there, role)
        if role is not None:
            _copy_bucket(settings, chosen, ground, there, ours, key, role)
        if _has_plan(settings, chosen):
            _plan(settings, chosen, ground, there, key, ids)


def _key_mistakes(chosen: BackupCopySettings, section: AwsSettings) -> Iterator[str]:
    key, other = chosen.key or "", account_of(chosen)
    if reason := key_arn_refused(key, chosen.region):
        yield f"key: {key!r} {reason}"
    elif key == section.key_arn:
        yield f"key: {key!r} is the key of the stack itself; the copies would be lost with it"
    elif (of := key.split(":")[4]) != (other or section.account or of):
        yield (
            f"key: {key!r} is of account {of}, and the copies are in account {other or section.account}: who owns a "
            "key can take it away, and the copies with it; give a key of their own account, or leave key out"
        )


def _copies_database(settings: Settings, chosen: BackupCopySettings) -> bool:
    section = settings.section(AwsSettings)
    both = chosen.role is not None and chosen.region != section.region
    return section.database is not None and settings.scaled and not both


def _has_plan(settings: Settings, chosen: BackupCopySettings) -> bool:
    return bool(backup_copy.copied_claims(settings)) or _copies_database(settings, chosen)


def _has_disks(settings: Settings) -> bool:
    claims = settings.storage.claims
    return any(kinds.kind(claims[name].kind).arn == DISKS for name in backup_copy.copied_claims(settings))


def _key(
    settings: Settings,
    chosen: BackupCopySettings,
    ground: Ground,
    there: Elsewhere,
    role: "S3ReplicationRole | None",
) -> Input[str]:
    from components.encryption.aws import AwsKey, AwsKeyArgs, KeyService, existing_key
    from stacks.platforms.aws.platform import key_users

    if chosen.key is not None:
        return existing_key(chosen.key, chosen.region, InvokeOptions(provider=there.cloud.provider))
    section, other = settings.section(AwsSettings), account_of(chosen)
    # What AWS Backup copies stays a snapshot of its service, which uses the key there as it does here.
    used = {*key_users(settings), KeyService.BACKUP.value}
    used |= {KeyService.RDS.value} if _copies_database(settings, chosen) else set()
    used |= {KeyService.EC2.value} if _has_disks(settings) else set()
    args = AwsKeyArgs(
        account=other or ground.place.account,
        region=chosen.region,
        alias=f"{key_alias()}-copy",
        services=[service for service in KeyService if service.value in used],
        tags=tags(section),
        protect=settings.protect,
    )
    if role is not None and other is not None:
        args["replica_roles"] = [role.arn]
    return AwsKey(backup_copy.COMPONENTS, args, there.cloud).arn


def _copy_bucket(
    settings: Settings,
    chosen: BackupCopySettings,
    ground: Ground,
    there: Elsewhere,
    ours: Input[str],
    key: Input[str],
    role: "S3ReplicationRole",
) -> None:
    from components.object.s3 import S3Bucket, S3BucketArgs
    from components.object.s3_replication import S3Replication, S3ReplicationArgs

    section, other, own = settings.section(AwsSettings), account_of(chosen), settings.bucket
    if own is None or chosen.bucket is None:
        raise ValueError("stacks/backup_copy.py refuses a copy of no bucket")
    kept = S3BucketArgs(
        bucket_name=chosen.bucket,
        key_arn=key,
        region=chosen.region,
        lifecycle=bucket.lifecycle(own, BucketDialect.S3),
        version_days=own.version_days,
        tags=tags(section),
        protect=settings.protect,
    )
    if other is not None:
        kept["replica_role"] = role.arn
    copy = S3Bucket(backup_copy.COMPONENTS, kept, there.cloud).bucket
    args = S3ReplicationArgs(
        bucket_name=own.name,
        bucket=ours,
        region=section.region,
        key_arn=ground.key,
        role_name=role.role_name,
        role_arn=role.arn,
        copy_name=chosen.bucket,
        copy=copy,
        copy_region=chosen.region,
        copy_key_arn=key,
        protect=settings.protect,
    )
    if other is not None:
        args["copy_account"] = other
    S3Replication(_REPLICATION, args, ground.cloud)


def _plan(
    settings: Settings,
    chosen: BackupCopySettings,
    ground: Ground,
    there: Elsewhere,
    key: Input[str],
    ids: Mapping[str, Output[str]],
) -> None:
    from components.protection.vault import BackupCopies, BackupCopiesArgs, BackupVault, BackupVaultArgs

    section, other = settings.section(AwsSettings), account_of(chosen)
    source = BackupVault(
        _SOURCE, BackupVaultArgs(key_arn=ground.key, tags=tags(section), protect=settings.protect), ground.cloud
    )
    wanted = BackupVaultArgs(key_arn=key, locked=chosen.lock, tags=tags(section), protect=settings.protect)
    if other is not None:
        wanted["copies_from"] = ground.place.account
    target = BackupVault(_TARGET, wanted, there.cloud)
    args = BackupCopiesArgs(
        account=ground.place.account,
        region=section.region,
        vault_name=source.vault_name,
        copy_vault_arn=target.arn,
        storage=_storage(settings, chosen, ground, ids),
        days=there.days,
        tags=tags(section),
        protect=settings.protect,
        **boundary(section),
    )
    if _has_disks(settings):
        args["disk_tags"] = {key: value for key, value in disk_tags(section).items() if key in ("app", "stack")}
    BackupCopies(_PLAN, args, ground.cloud)


def _storage(
    settings: Settings, chosen: BackupCopySettings, ground: Ground, ids: Mapping[str, Output[str]]
) -> list[Input[str]]:
    """ARNs of file systems and of the database."""
    section = settings.section(AwsSettings)
    found: list[Input[str]] = []
    for name in backup_copy.copied_claims(settings):
        form = kinds.kind(settings.storage.claims[name].kind).arn
        if form != DISKS:
            found.append(_arn(section, ground, form, ids[f"storage.claims.{name}"]))
    if _copies_database(settings, chosen) and section.database is not None:
        found.append(_arn(section, ground, "rds:db", section.database.identifier, ":"))
    return found


def _arn(section: AwsSettings, ground: Ground, form: str, id_: Any, between: str = "/") -> Output[str]:
    service, type_ = form.split(":")
    front = f"arn:{partition(section.region)}:{service}:{section.region}:"
    return Output.concat(front, ground.place.account, f":{type_}{between}", id_)


COPIES = AwsCopies()
