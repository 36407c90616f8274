"""The product Alibaba Cloud NAS file system."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from estimate.product import MB_IN_MIB, Charge, Cheaper, Inputs, Product, Recognised, Speed, Use, told

_PART = "part of the file system; the file system is billed"
_STANDARD = "https://www.alibabacloud.com/help/en/nas/product-overview/general-purpose-nas-file-systems"
_EXTREME = "https://www.alibabacloud.com/help/en/nas/product-overview/extreme-nas-file-systems"
"""NAS, "General-purpose NAS file systems" and "Extreme NAS file systems" (stored 2025, with the numbers from 2024-01-19
on)."""
_RATES = {"Capacity": (0.15, 10_000, 15_000), "Premium": (0.3, 20_000, 30_000), "Performance": (0.6, 20_000, 30_000)}
"""General-purpose: MB/s for each GiB, on top of those of 1000 GiB; the most MB/s for reading; IOPS. Zones outside of
the Chinese mainland read 10 GB/s at most, a few of them less (NAS, "Limits", 2025-02-24)."""
_STEPS = ((8192, 1200), (4096, 900), (2048, 600), (500, 300), (100, 150))
"""Extreme: GiB from which it has so many MB/s. The advanced type has more in some zones, up to 4,000 MB/s."""
_EXTREME_IOPS = {"standard": (7000, 30), "advance": (5000, 50)}
"""Extreme: read IOPS of 4 KiB at no size, and for each GiB; 200,000 at most."""


@dataclass(frozen=True)
class Nas(Product):
    """A NAS file system. The general-purpose type is billed by stored GiB, assumed to be the size of its claim."""

    size_gib: int | None
    kind: str
    """File system type: standard (general-purpose) or extreme."""
    storage_type: str

    apart_medium = "file"

    items: ClassVar[Mapping[str, str]] = {
        r"nas\.(standard\.(Performance|Premium|Capacity)|extreme\.(standard|advance))\.storage": "GiB-month",
    }

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(
            types={"alicloud:nas/fileSystem:FileSystem": cls._from},
            free={
                "alicloud:nas/accessGroup:AccessGroup": _PART,
                "alicloud:nas/accessRule:AccessRule": _PART,
                "alicloud:nas/mountTarget:MountTarget": _PART,
            },
        )

    @classmethod
    def _from(cls, inputs: Inputs, size: int | None) -> "Nas":
        kind = inputs.get("fileSystemType", "standard")
        bought = int(inputs["capacity"]) if kind == "extreme" else size
        return cls(bought, kind, inputs["storageType"])

    @property
    def words(self) -> str:
        return f"NAS {self.storage_type}"

    def charges(self, use: Use) -> Iterator[Charge]:
        item = f"nas.{self.kind}.{self.storage_type}.storage"
        full = "the claim is full; NAS bills what is stored" if self.kind == "standard" else ""
        yield Charge("storage", item, told(self.size_gib), full)

    def speed(self, own_mib_s: float | None = None) -> Speed | None:
        if self.size_gib is None:
            return Speed(None, None, "the size is not known, and the speed follows from it")
        if self.kind == "standard" and self.storage_type in _RATES:
            each, most, iops = _RATES[self.storage_type]
            rate = min(each * 1000 + each * self.size_gib, most)
            text = f"read: {each * 1000:.0f} MB/s and {each} MB/s for each GiB that it holds; {iops:,} IOPS at most"
            return Speed(iops, rate * MB_IN_MIB, text, _STANDARD)
        if self.kind == "extreme" and self.storage_type in _EXTREME_IOPS:
            first, each = _EXTREME_IOPS[self.storage_type]
            rate = next((rate for least, rate in _STEPS if self.size_gib >= least), _STEPS[-1][1])
            text = f"by size: 150 MB/s below 500 GiB to 1200 MB/s from 8 TiB; {first} IOPS and {each} for each GiB"
            return Speed(min(first + each * self.size_gib, 200_000), rate * MB_IN_MIB, text, _EXTREME)
        return Speed(None, None, f"no published number of {self.kind} {self.storage_type} is known here")

    def cheaper(self) -> Iterator[Cheaper]:
        if self.kind == "standard" and self.storage_type in ("Performance", "Premium"):
            yield Cheaper("storageType: Capacity", "latency and throughput", replace(self, storage_type="Capacity"))

    def lost_with_zone(self) -> str:
        return f"{self.words} is in one zone"
