"""S3 Files: the cache in front of a bucket is a product of its own, and how much it holds is not known."""

from decimal import Decimal

from estimate.product import Use
from estimate.products.s3_files import S3Files


def test_the_cache_is_unknown_and_what_is_told_is_counted() -> None:
    rules = S3Files.recognised()
    assert rules.types["aws:s3/filesFileSystem:FilesFileSystem"]({}, None) == S3Files()
    assert "aws:s3/filesMountTarget:FilesMountTarget" in rules.free
    assert [c.quantity for c in S3Files().charges(Use())] == [None, None, None]
    told = {c.item: c.quantity for c in S3Files().charges(Use(read_gib=10, written_gib=2))}
    assert told == {"s3-files.storage": None, "s3-files.read": Decimal(10), "s3-files.write": Decimal(2)}
