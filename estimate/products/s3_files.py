"""The product S3 Files: a file system in front of a bucket."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from estimate.product import Charge, Product, Recognised, Use, told

_PART = "part of the file system; the file system is billed"


@dataclass(frozen=True)
class S3Files(Product):
    """A file system of S3 Files. The bucket behind it is billed as such; how much it caches is not known before."""

    apart_medium = "object"

    items: ClassVar[Mapping[str, str]] = {
        r"s3-files\.storage": "GiB-month",
        r"s3-files\.(read|write)": "GiB",
    }

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(
            types={"aws:s3/filesFileSystem:FilesFileSystem": lambda _inputs, _size: cls()},
            free={
                "aws:s3/filesAccessPoint:FilesAccessPoint": _PART,
                "aws:s3/filesFileSystemPolicy:FilesFileSystemPolicy": _PART,
                "aws:s3/filesMountTarget:FilesMountTarget": _PART,
            },
        )

    @property
    def words(self) -> str:
        return "S3 Files"

    def charges(self, use: Use) -> Iterator[Charge]:
        yield Charge("cache", "s3-files.storage", None, "what is read and written often is held as files")
        yield Charge("reading", "s3-files.read", told(use.read_gib), "GiB read from the cache in a month")
        yield Charge("writing", "s3-files.write", told(use.written_gib), "GiB written in a month")
