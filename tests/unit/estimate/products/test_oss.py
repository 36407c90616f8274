"""Buckets of OSS: recognised, and of unknown contents."""

from estimate.product import Use
from estimate.products.oss import OssBucket


def test_what_a_bucket_costs_depends_on_use_even_when_other_use_is_told() -> None:
    made = OssBucket.recognised().types["alicloud:oss/bucket:Bucket"]({"bucket": "x"}, 10)
    assert [charge.quantity for charge in made.charges(Use(1, 1, 1))] == [None]


def test_its_settings_are_free() -> None:
    assert OssBucket.recognised().free["alicloud:oss/bucketAcl:BucketAcl"] == (
        "a setting of the bucket; the bucket is billed"
    )
