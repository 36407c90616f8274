"""The product snapshots of EBS disks, by a schedule of Data Lifecycle Manager."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from estimate.product import Charge, Product, Recognised, Use, told


@dataclass(frozen=True)
class EbsSnapshots(Product):
    """Snapshots of a disk. Their size is not known from their schedule."""

    apart_medium = "file"

    items: ClassVar[Mapping[str, str]] = {r"ebs\.snapshot": "GiB-month"}

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(types={"aws:dlm/lifecyclePolicy:LifecyclePolicy": lambda _inputs, _size: cls()})

    @property
    def words(self) -> str:
        return "snapshots"

    def charges(self, use: Use) -> Iterator[Charge]:
        yield Charge("backups", "ebs.snapshot", told(use.backup_gib), "GiB held, incremental; the schedule is free")

    def lost_with_zone(self) -> str:
        return ""
