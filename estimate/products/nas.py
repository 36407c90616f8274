"""The product Alibaba Cloud NAS file system."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from estimate.product import MB_IN_MIB, Charge, Cheaper, Inputs, Product, Recognised, Speed, Use, told

_PART = "part of the file system; the file system is billed"
_STANDARD = "https://www.alibabacloud.com/help/doc-detail/95501.htm"
_EXTREME = "https://help.aliyun.com/document_detail/425537.html"


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
        if self.kind == "standard":
            rates = {"Performance": 300.0, "Capacity": 150.0}
            if self.storage_type in rates:
                text = "read by one node in the vendor's own test; several nodes get more"
                return Speed(14_000, rates[self.storage_type] * MB_IN_MIB, text, _STANDARD)
        elif self.storage_type == "standard" and self.size_gib is not None:
            text = "extreme, standard: 150 MB/s below 500 GiB, 1200 MB/s from 8 TiB"
            if self.size_gib < 500:
                return Speed(None, 150 * MB_IN_MIB, text, _EXTREME)
            if self.size_gib >= 8192:
                return Speed(None, 1200 * MB_IN_MIB, text, _EXTREME)
        return Speed(None, None, f"no published number of {self.kind} {self.storage_type} is known here")

    def cheaper(self) -> Iterator[Cheaper]:
        if self.kind == "standard" and self.storage_type in ("Performance", "Premium"):
            yield Cheaper("storageType: Capacity", "latency and throughput", replace(self, storage_type="Capacity"))

    def lost_with_zone(self) -> str:
        return f"{self.words} is in one zone"
