"""The bucket of a stack on Alibaba Cloud: OSS, under the key of the stack."""

from pulumi import Input

from components.alicloud import oss_endpoint, refused_key_id
from components.contract import BucketDialect
from components.object.rules import Lifecycle
from estimate.products.oss import OssBucket as OssProduct
from stacks.platforms.alicloud.settings import AlicloudSettings, encrypted_by, tags
from stacks.platforms.base import Buckets, Ground
from stacks.settings.bucket import BucketSettings
from stacks.settings.settings import Settings


class OssBuckets(Buckets):
    """Buckets of Alibaba Cloud OSS."""

    dialect = BucketDialect.OSS

    def endpoint(self, settings: Settings) -> str:
        """OSS in the region of the stack, by the endpoint inside of the VPC, where traffic is free."""
        return oss_endpoint(settings.section(AlicloudSettings).region)

    def encrypted_by(self, settings: Settings) -> str:
        """The key of the stack, or the one that OSS keeps for the account."""
        return encrypted_by(settings.section(AlicloudSettings))

    def product(self) -> OssProduct:
        """An OSS bucket."""
        return OssProduct()

    def key_refused(self, key: str, settings: Settings) -> str:
        """Why it is no id of a key."""
        return refused_key_id(key)

    def make(self, chosen: BucketSettings, lifecycle: Lifecycle, settings: Settings, ground: Ground) -> Input[str]:
        """Register the bucket."""
        from components.object.oss import OssBucket, OssBucketArgs

        section = settings.section(AlicloudSettings)
        args = OssBucketArgs(
            bucket_name=chosen.name,
            key_id=ground.key,
            lifecycle=lifecycle,
            version_days=chosen.version_days,
            tags=tags(section),
            protect=settings.protect,
        )
        if section.resource_group_id is not None:
            args["resource_group_id"] = section.resource_group_id
        return OssBucket("bucket", args, ground.cloud).bucket


BUCKETS = OssBuckets()
