"""Buckets of S3: recognised, and of unknown contents."""

from estimate.product import Use
from estimate.products.s3 import S3Bucket


def test_what_a_bucket_costs_depends_on_use_even_when_other_use_is_told() -> None:
    made = S3Bucket.recognised().types["aws:s3/bucket:Bucket"]({"bucket": "x"}, 10)
    assert [charge.quantity for charge in made.charges(Use(1, 1, 1))] == [None]


def test_its_settings_are_free() -> None:
    assert S3Bucket.recognised().free["aws:s3/bucketPolicy:BucketPolicy"] == (
        "a setting of the bucket; the bucket is billed"
    )
