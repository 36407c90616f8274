"""The product Amazon FSx for Lustre file system."""

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

METADATA_IOPS_PER_GIB = Decimal("1.25")
"""Metadata IOPS for each GiB that the price of the storage includes."""
# The same values as in components/aws.py, which imports Pulumi; a test compares them.
THROUGHPUT = (125, 250, 500, 1000)
"""Throughputs that can be bought, in MB/s for each TB of storage."""
_SOURCE = "https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystemLustreConfiguration.html"


@dataclass(frozen=True)
class Lustre(Product):
    """An FSx for Lustre file system on SSD."""

    size_gib: int
    deployment: str
    throughput: int
    """MB/s for each TB of storage."""
    metadata_iops: int | None = None
    """Provisioned metadata IOPS. None: those that the size includes."""
    backup: bool = True

    apart_medium = "file"

    items: ClassVar[Mapping[str, str]] = {
        r"lustre\.(PERSISTENT_2\.SSD\.(125|250|500|1000)|backup)": "GiB-month",
        r"lustre\.metadata-iops": "IOPS-month",
    }

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(
            types={"aws:fsx/lustreFileSystem:LustreFileSystem": cls._from},
            free={"aws:fsx/dataRepositoryAssociation:DataRepositoryAssociation": "billed as requests to the bucket"},
        )

    @classmethod
    def _from(cls, inputs: Inputs, _size: int | None) -> "Lustre":
        if inputs.get("storageType", "SSD") != "SSD":
            raise ValueError(f"storage type {inputs['storageType']}: only SSD has a rule")
        iops = (inputs.get("metadataConfiguration") or {}).get("iops")
        return cls(
            int(inputs["storageCapacity"]),
            inputs["deploymentType"],
            int(inputs["perUnitStorageThroughput"]),
            int(iops) if iops else None,
            backup=bool(inputs.get("automaticBackupRetentionDays")),
        )

    @property
    def words(self) -> str:
        return f"Lustre {self.throughput} MB/s/TB"

    def charges(self, use: Use) -> Iterator[Charge]:
        yield Charge("storage", f"lustre.{self.deployment}.SSD.{self.throughput}", Decimal(self.size_gib))
        included = int(METADATA_IOPS_PER_GIB * self.size_gib)
        yield from above("metadata IOPS", "lustre.metadata-iops", self.metadata_iops, included)
        if self.backup:
            yield Charge("backups", "lustre.backup", told(use.backup_gib), "GiB held by backups, incremental")

    def speed(self, own_mib_s: float | None = None) -> Speed | None:
        rate = self.size_gib / 1000 * self.throughput * MB_IN_MIB
        return Speed(None, rate, "TB of storage x MB/s for each TB; IOPS are not published by size", _SOURCE)

    def quotas(self) -> Iterator[QuotaUse]:
        yield QuotaUse("fsx", "L-FD6F2F22", "Lustre Persistent_2 file systems", 1)
        yield QuotaUse("fsx", "L-8F1B9C74", "Lustre Persistent_2 storage capacity (GiB)", self.size_gib)

    def cheaper(self) -> Iterator[Cheaper]:
        for throughput in THROUGHPUT:
            if throughput < self.throughput:
                slower = f"{self.throughput - throughput} MB/s for each TB"
                yield Cheaper(f"throughput: {throughput}", slower, replace(self, throughput=throughput))

    def lost_with_zone(self) -> str:
        return f"{self.words} is in one zone"
