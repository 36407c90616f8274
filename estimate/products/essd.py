"""The product Alibaba Cloud disk."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar

from estimate.product import MB_IN_MIB, Charge, Cheaper, Inputs, Product, Recognised, Speed, Use

_SOURCE = "https://www.alibabacloud.com/help/en/ecs/user-guide/essd-autopl-disks"


@dataclass(frozen=True)
class EssdDisk(Product):
    """A disk of Alibaba Cloud: cloud_auto, cloud_essd, cloud_essd_entry or cloud_regional_disk_auto."""

    size_gib: int
    category: str
    """Disk category of Alibaba Cloud."""
    level: str = "PL1"
    """Performance level, for cloud_essd only."""
    provisioned_iops: int = 0
    """Provisioned IOPS above the baseline, for cloud_auto only."""
    bursting: bool = False

    apart_medium = "block"

    items: ClassVar[Mapping[str, str]] = {
        r"ecs\.cloud_(auto|essd_entry|regional_disk_auto|essd\.PL[0-3])\.storage": "GiB-month",
        r"ecs\.cloud_(auto|regional_disk_auto)\.iops": "IOPS-month",
    }

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(
            types={"alicloud:ecs/ecsDisk:EcsDisk": cls._from_disk},
            provisioners={"diskplugin.csi.alibabacloud.com": cls._from_class},
        )

    @classmethod
    def _from_disk(cls, inputs: Inputs, _size: int | None) -> "EssdDisk":
        return cls(
            int(inputs["size"]),
            inputs["category"],
            inputs.get("performanceLevel", "PL1"),
            int(inputs.get("provisionedIops") or 0),
            bool(inputs.get("burstingEnabled")),
        )

    @classmethod
    def _from_class(cls, parameters: Inputs, size: int) -> "EssdDisk":
        """The disk of a StorageClass: the first type in its list (alibaba-cloud-csi-driver: pkg/disk/constants.go)."""
        return cls(
            size,
            str(parameters["type"]).split(",")[0],
            str(parameters.get("performanceLevel", "PL1")).split(",")[0],
            int(parameters.get("provisionedIops") or 0),
            parameters.get("burstingEnabled") == "true",
        )

    @property
    def words(self) -> str:
        return self.category + (f" +{self.provisioned_iops} IOPS" if self.provisioned_iops else "")

    def charges(self, use: Use) -> Iterator[Charge]:
        level = f".{self.level}" if self.category == "cloud_essd" else ""
        yield Charge("storage", f"ecs.{self.category}{level}.storage", Decimal(self.size_gib))
        if self.provisioned_iops:
            yield Charge("IOPS", f"ecs.{self.category}.iops", Decimal(self.provisioned_iops), "above the baseline")
        if self.bursting:
            yield Charge("bursts", f"ecs.{self.category}.burst", None, "billed by use")

    def speed(self, own_mib_s: float | None = None) -> Speed | None:
        if self.category != "cloud_auto" and (self.category, self.level) != ("cloud_essd", "PL1"):
            name = f"{self.category} {self.level}" if self.category == "cloud_essd" else self.category
            return Speed(None, None, f"no published formula of {name} is known here")
        size = self.size_gib
        iops, rate = min(1800 + 50 * size, 50_000), min(120 + 0.5 * size, 350.0)
        text = "IOPS min(1800 + 50 x GiB, 50,000); MB/s min(120 + 0.5 x GiB, 350)"
        if self.category == "cloud_auto":
            iops, rate = max(iops, 3000), max(rate, 125.0)
            # Each provisioned IOPS adds 16 KB/s.
            iops, rate = iops + self.provisioned_iops, rate + self.provisioned_iops * 16 / 1000
            text += "; at least 3000 and 125; a provisioned IOPS adds 16 KB/s"
        return Speed(iops, rate * MB_IN_MIB, text, _SOURCE)

    def cheaper(self) -> Iterator[Cheaper]:
        if self.provisioned_iops:
            gives_up = f"{self.provisioned_iops} IOPS"
            yield Cheaper("provisionedIops: leave it out", gives_up, replace(self, provisioned_iops=0))

    def lost_with_zone(self) -> str:
        return "" if self.category == "cloud_regional_disk_auto" else f"{self.words} is in one zone"

    @property
    def outage_minutes(self) -> int:
        return 2  # the driver detaches a disk itself before it attaches it to another node
