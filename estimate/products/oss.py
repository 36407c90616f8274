"""The product Alibaba Cloud OSS bucket."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from estimate.product import Charge, Product, Recognised, Use

_PART = "a setting of the bucket; the bucket is billed"


@dataclass(frozen=True)
class OssBucket(Product):
    """A bucket. How much it will hold is not known from its definition."""

    items: ClassVar[Mapping[str, str]] = {r"oss\.standard\.storage": "GiB-month"}

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(
            types={"alicloud:oss/bucket:Bucket": lambda _inputs, _size: cls()},
            free={
                "alicloud:oss/bucketAcl:BucketAcl": _PART,
                "alicloud:oss/bucketPolicy:BucketPolicy": _PART,
                "alicloud:oss/bucketReplication:BucketReplication": "a rule; copies are billed with their bucket",
                "alicloud:oss/bucketPublicAccessBlock:BucketPublicAccessBlock": _PART,
                "alicloud:oss/bucketServerSideEncryption:BucketServerSideEncryption": _PART,
                "alicloud:oss/bucketVersioning:BucketVersioning": _PART,
            },
        )

    @property
    def words(self) -> str:
        return "OSS bucket"

    def charges(self, use: Use) -> Iterator[Charge]:
        yield Charge("storage and requests", "oss.standard.storage", None, "what the bucket will hold")
