"""The product Amazon FSx for OpenZFS file system."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar

from estimate.product import (
    MB_IN_MIB,
    Charge,
    Cheaper,
    Inputs,
    Product,
    QuotaUse,
    Recognised,
    Speed,
    Use,
    above,
    told,
)

IOPS_PER_GIB = 3
"""Disk IOPS for each GiB that the price of the storage includes."""
TWO_ZONES = "MULTI_AZ_1"
# The same values as in components/aws.py, which imports Pulumi; a test compares them.
SMALLEST_THROUGHPUT = {
    TWO_ZONES: 160,
    "SINGLE_AZ_HA_2": 160,
    "SINGLE_AZ_HA_1": 64,
    "SINGLE_AZ_2": 160,
    "SINGLE_AZ_1": 64,
}
"""Deployment type -> smallest throughput that can be bought, in MB/s."""
_SOURCE = "https://docs.aws.amazon.com/fsx/latest/OpenZFSGuide/performance-ssd.html"


@dataclass(frozen=True)
class OpenZfs(Product):
    """An FSx for OpenZFS file system on SSD."""

    size_gib: int
    deployment: str
    throughput: int
    """Throughput in MB/s."""
    iops: int | None = None
    """Disk IOPS, included ones among them. None: 3 for each GiB, which are included."""
    backup: bool = True

    apart_medium = "file"

    items: ClassVar[Mapping[str, str]] = {
        r"openzfs\.((MULTI_AZ_1|SINGLE_AZ_(HA_)?[12])\.storage|backup)": "GiB-month",
        r"openzfs\.(MULTI_AZ_1|SINGLE_AZ_(HA_)?[12])\.throughput": "MB/s-month",
        r"openzfs\.(MULTI_AZ_1|SINGLE_AZ_(HA_)?[12])\.iops": "IOPS-month",
    }

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(
            types={"aws:fsx/openZfsFileSystem:OpenZfsFileSystem": cls._from},
            free={"aws:fsx/openZfsVolume:OpenZfsVolume": "part of the file system; the file system is billed"},
        )

    @classmethod
    def _from(cls, inputs: Inputs, _size: int | None) -> "OpenZfs":
        if inputs.get("storageType", "SSD") != "SSD":
            raise ValueError(f"storage type {inputs['storageType']}: only SSD has a rule")
        iops = (inputs.get("diskIopsConfiguration") or {}).get("iops")
        return cls(
            int(inputs["storageCapacity"]),
            inputs["deploymentType"],
            int(inputs["throughputCapacity"]),
            int(iops) if iops else None,
            backup=bool(inputs.get("automaticBackupRetentionDays")),
        )

    @property
    def words(self) -> str:
        return f"OpenZFS {self.deployment} {self.throughput} MB/s"

    def charges(self, use: Use) -> Iterator[Charge]:
        prefix = f"openzfs.{self.deployment}"
        yield Charge("storage", f"{prefix}.storage", Decimal(self.size_gib))
        yield Charge("throughput", f"{prefix}.throughput", Decimal(self.throughput))
        yield from above("IOPS", f"{prefix}.iops", self.iops, IOPS_PER_GIB * self.size_gib)
        if self.backup:
            yield Charge("backups", "openzfs.backup", told(use.backup_gib), "GiB held by backups, incremental")

    def speed(self, own_mib_s: float | None = None) -> Speed | None:
        iops = self.iops or IOPS_PER_GIB * self.size_gib
        text = "disk IOPS: 3 for each GiB, or as bought; throughput as bought; more from the server's cache"
        return Speed(iops, self.throughput * MB_IN_MIB, text, _SOURCE)

    def quotas(self) -> Iterator[QuotaUse]:
        # A file system of any kind of FSx is an fsx:file-system, so the tagging API cannot count those of OpenZFS.
        yield QuotaUse("fsx", "L-59D0763F", "OpenZFS file systems", 1)
        yield QuotaUse("fsx", "L-88479C21", "OpenZFS SSD storage capacity (GiB)", self.size_gib)
        yield QuotaUse("fsx", "L-4EDE4065", "OpenZFS throughput capacity (MB/s)", self.throughput)

    def cheaper(self) -> Iterator[Cheaper]:
        smallest = SMALLEST_THROUGHPUT[self.deployment]
        if self.throughput > smallest:
            gives_up = f"{self.throughput - smallest} MB/s"
            yield Cheaper(f"throughput: {smallest}", gives_up, replace(self, throughput=smallest))
        if self.iops is not None and self.iops > IOPS_PER_GIB * self.size_gib:
            yield Cheaper("iops: leave it out", "IOPS above 3 for each GiB", replace(self, iops=None))
        if self.deployment == TWO_ZONES:
            one = "SINGLE_AZ_HA_2"
            yield Cheaper(f"deployment: {one}", "failover to another zone", replace(self, deployment=one))

    def lost_with_zone(self) -> str:
        return "" if self.deployment == TWO_ZONES else f"{self.words} is in one zone"

    @property
    def zones_needed(self) -> int:
        return 2 if self.deployment == TWO_ZONES else 1
