"""Copies of backups in another region of Alibaba Cloud, by OSS, ECS and Cloud Backup."""

from collections.abc import Iterator, Mapping

from pulumi import Input, InvokeOptions, Output, ResourceOptions

from components.alicloud import refused_key_id
from components.contract import BucketDialect, Medium
from estimate.products.oss import OssBucket as OssProduct
from stacks import backup_copy, bucket
from stacks.kinds.base import Buys, Elsewhere
from stacks.platforms import own_configuration
from stacks.platforms.alicloud.fields import REGION
from stacks.platforms.alicloud.settings import AlicloudSettings, cloud_name, tags
from stacks.platforms.base import Copies, Ground
from stacks.settings.backup_copy import BackupCopySettings
from stacks.settings.settings import Settings


class AlicloudCopies(Copies):
    """What each service of Alibaba Cloud copies to another region by itself."""

    def mistakes(self, settings: Settings, chosen: BackupCopySettings) -> Iterator[str]:
        """Regions and keys that do not fit."""
        section = settings.section(AlicloudSettings)
        if not REGION.fullmatch(chosen.region):
            yield f"region: {chosen.region!r} is not allowed; it must be a region of Alibaba Cloud, such as cn-shanghai"
            return
        if chosen.region == section.region:
            yield (
                f"region: {chosen.region!r} is the region of the stack, so the copies would be lost with the "
                "originals; give another region"
            )
        if chosen.role is not None:
            yield (
                "role: is for AWS; ECS and Cloud Backup copy nothing to another account of Alibaba Cloud by themselves "
                "(docs/backups.md); leave it out"
            )
        if chosen.lock:
            yield "lock: is for vaults of AWS Backup; leave it out"
        if chosen.key is not None and (reason := refused_key_id(chosen.key)):
            yield f"key: {chosen.key!r} {reason}"
        if chosen.key is not None and chosen.key == section.key_id:
            yield f"key: {chosen.key!r} is the key of the stack; a key of {section.region} encrypts nothing elsewhere"

    def warnings(self, settings: Settings, chosen: BackupCopySettings) -> Iterator[str]:
        """Whose key it is, and databases."""
        section = settings.section(AlicloudSettings)
        if chosen.key is None and not section.service_key:
            yield (
                ".key: the copies are encrypted with the keys that OSS, ECS and Cloud Backup keep for the account in "
                f"{chosen.region}; give the id of a key of that region"
            )
        if section.database is not None:
            yield ": backups of the database are not copied; its dump is in the repository of backup.to"

    def products(self, settings: Settings, chosen: BackupCopySettings) -> list[Buys]:
        """The bucket; vaults and snapshots are bought by their claims."""
        return [Buys(f"{backup_copy.COMPONENTS}-bucket", OssProduct())] if chosen.bucket is not None else []

    def elsewhere(self, settings: Settings, chosen: BackupCopySettings, ground: Ground) -> Elsewhere:
        """The provider of the other region, and the given key once it was found usable there."""
        import pulumi_alicloud

        from components.encryption.alicloud import existing_key

        own = own_configuration.given("alicloud").arguments(pulumi_alicloud.ProviderArgs)
        own.pop("endpoints", None)  # they are addresses of services in the region of the stack
        provider = pulumi_alicloud.Provider(backup_copy.COMPONENTS, region=chosen.region, **own)
        key: Input[str] = ""
        if chosen.key is not None:
            claims = (settings.storage.claims[name] for name in backup_copy.copied_claims(settings))
            disks_only = chosen.bucket is None and all(claim.medium == Medium.BLOCK for claim in claims)
            invoke = InvokeOptions(provider=provider)
            key = existing_key(chosen.key, chosen.region, disks_only=disks_only, opts=invoke)
        return Elsewhere(chosen.region, ResourceOptions(provider=provider), key, chosen.days)

    def make(
        self,
        settings: Settings,
        chosen: BackupCopySettings,
        ground: Ground,
        there: Elsewhere,
        ours: Input[str],
        ids: Mapping[str, Output[str]],
    ) -> None:
        """Register the bucket of the copies, and the rule. Disks and file systems copy theirs by their own kinds."""
        if chosen.bucket is None or settings.bucket is None:
            return
        from components.object.oss import OssBucket, OssBucketArgs
        from components.object.oss_replication import OssReplication, OssReplicationArgs

        section = settings.section(AlicloudSettings)
        kept = OssBucketArgs(
            bucket_name=chosen.bucket,
            key_id=there.key,
            lifecycle=bucket.lifecycle(settings.bucket, BucketDialect.OSS),
            version_days=settings.bucket.version_days,
            tags=tags(section),
            protect=settings.protect,
        )
        if section.resource_group_id is not None:
            kept["resource_group_id"] = section.resource_group_id
        copy = OssBucket(backup_copy.COMPONENTS, kept, there.cloud).bucket
        args = OssReplicationArgs(
            bucket_name=settings.bucket.name,
            bucket=ours,
            region=section.region,
            copy_name=chosen.bucket,
            copy=copy,
            copy_region=chosen.region,
            copy_key_id=there.key,
            role_name=f"{cloud_name()}-copies",
            tags=tags(section),
            protect=settings.protect,
        )
        OssReplication(f"{backup_copy.COMPONENTS}-replication", args, ground.cloud)


COPIES = AlicloudCopies()
