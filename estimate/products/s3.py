"""The product Amazon S3 bucket."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from estimate.product import Charge, Product, Recognised, Use

_PART = "a setting of the bucket; the bucket is billed"


@dataclass(frozen=True)
class S3Bucket(Product):
    """A bucket. How much it will hold is not known from its definition."""

    items: ClassVar[Mapping[str, str]] = {r"s3\.standard\.storage": "GiB-month"}

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(
            types={"aws:s3/bucket:Bucket": lambda _inputs, _size: cls()},
            free={
                "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _PART,
                "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _PART,
                "aws:s3/bucketPolicy:BucketPolicy": _PART,
                "aws:s3/bucketReplicationConfig:BucketReplicationConfig": "a rule; copies are billed with their bucket",
                "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _PART,
                "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _PART,
                "aws:s3/bucketVersioning:BucketVersioning": _PART,
            },
        )

    @property
    def words(self) -> str:
        return "S3 bucket"

    def charges(self, use: Use) -> Iterator[Charge]:
        yield Charge("storage and requests", "s3.standard.storage", None, "what the bucket will hold")
