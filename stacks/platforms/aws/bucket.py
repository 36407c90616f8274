"""The bucket of a stack on AWS: S3, under the key of the stack."""

from pulumi import Input

from components.aws import key_arn_refused, s3_endpoint
from components.contract import BucketDialect
from components.object.rules import Lifecycle
from estimate.products.s3 import S3Bucket as S3Product
from stacks.platforms.aws.settings import AwsSettings, encrypted_by, tags
from stacks.platforms.base import Buckets, Ground
from stacks.settings.bucket import BucketSettings
from stacks.settings.settings import Settings


class S3Buckets(Buckets):
    """Buckets of Amazon S3."""

    dialect = BucketDialect.S3

    def endpoint(self, settings: Settings) -> str:
        """S3 in the region of the stack."""
        return s3_endpoint(settings.section(AwsSettings).region)

    def encrypted_by(self, settings: Settings) -> str:
        """The key of the stack."""
        return encrypted_by(settings.section(AwsSettings))

    def product(self) -> S3Product:
        """An S3 bucket."""
        return S3Product()

    def key_refused(self, key: str, settings: Settings) -> str:
        """Why it is no ARN of a key in the region of the stack. It may be another account's."""
        return key_arn_refused(key, settings.section(AwsSettings).region)

    def make(self, chosen: BucketSettings, lifecycle: Lifecycle, settings: Settings, ground: Ground) -> Input[str]:
        """Register the bucket."""
        from components.object.s3 import S3Bucket, S3BucketArgs

        section = settings.section(AwsSettings)
        args = S3BucketArgs(
            bucket_name=chosen.name,
            key_arn=ground.key,
            region=section.region,
            lifecycle=lifecycle,
            version_days=chosen.version_days,
            tags=tags(section),
            protect=settings.protect,
        )
        return S3Bucket("bucket", args, ground.cloud).bucket


BUCKETS = S3Buckets()
