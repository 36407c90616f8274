"""The product Amazon EFS file system."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from estimate.product import Charge, Cheaper, Free, Inputs, Product, QuotaUse, Recognised, Speed, Use, told

_PART = "part of the file system; the file system is billed"
_SOURCE = "https://docs.aws.amazon.com/efs/latest/ug/performance.html"
"""EFS user guide, "Amazon EFS performance specifications", General Purpose (stored 2026). Elastic, regional: 900,000 to
2,500,000 read and 500,000 write operations, by region. One Zone: 35,000 and 7,000 in every throughput mode. A client
has 1500 MiB/s where the mode is elastic and it mounts by the CSI driver or amazon-efs-utils 2.0, and 500 MiB/s
elsewhere. Data that was moved to Infrequent Access or Archive is slower: this program makes no such rule."""


@dataclass(frozen=True)
class Efs(Product):
    """An EFS file system in elastic throughput mode."""

    size_gib: int | None
    """GiB stored in it, assumed to be the size of its claim. None when no claim is known."""
    one_zone: bool = False
    backup: bool = True

    apart_medium = "file"

    items: ClassVar[Mapping[str, str]] = {
        r"efs\.(standard\.storage|one-zone\.storage|backup)": "GiB-month",
        r"efs\.elastic\.(read|write)": "GiB",
    }

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(
            types={"aws:efs/fileSystem:FileSystem": cls._from},
            free={
                "aws:efs/accessPoint:AccessPoint": _PART,
                "aws:efs/backupPolicy:BackupPolicy": "the backups are billed with the file system",
                "aws:efs/fileSystemPolicy:FileSystemPolicy": _PART,
                "aws:efs/mountTarget:MountTarget": _PART,
            },
            # Its StorageClasses make folders of one file system, which is billed as a whole.
            provisioners={
                "efs.csi.aws.com": lambda _parameters, _size: Free("a way to storage; that storage is billed")
            },
        )

    @classmethod
    def _from(cls, inputs: Inputs, size: int | None) -> "Efs":
        if inputs.get("throughputMode") != "elastic":
            raise ValueError(f"throughput mode {inputs.get('throughputMode')}: only elastic has a rule")
        return cls(size, one_zone=bool(inputs.get("availabilityZoneName")))

    @property
    def words(self) -> str:
        return "EFS One Zone" if self.one_zone else "EFS"

    def charges(self, use: Use) -> Iterator[Charge]:
        zone = "one-zone" if self.one_zone else "standard"
        full = "the claim is full; EFS bills what is stored"
        yield Charge("storage", f"efs.{zone}.storage", told(self.size_gib), full)
        yield Charge("reading", "efs.elastic.read", told(use.read_gib), "GiB read in a month")
        yield Charge("writing", "efs.elastic.write", told(use.written_gib), "GiB written in a month")
        if self.backup:
            yield Charge("backups", "efs.backup", told(use.backup_gib), "GiB held by AWS Backup")

    def speed(self, own_mib_s: float | None = None) -> Speed | None:
        if self.one_zone:
            return Speed(35_000, 500.0, "One Zone: up to 35,000 read IOPS; 500 MiB/s for each client", _SOURCE)
        text = "elastic: 900,000 read IOPS, more in some regions; 1500 MiB/s for each client"
        return Speed(900_000, 1500.0, text, _SOURCE)

    def quotas(self) -> Iterator[QuotaUse]:
        system = "elasticfilesystem:file-system"
        yield QuotaUse("elasticfilesystem", "L-848C634D", "File systems per account", 1, system)

    def cheaper(self) -> Iterator[Cheaper]:
        if not self.one_zone:
            yield Cheaper("oneZone: <zone>", "the data is lost with its zone", replace(self, one_zone=True))

    def lost_with_zone(self) -> str:
        return f"{self.words} is in one zone" if self.one_zone else ""
