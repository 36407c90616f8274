"""The product Amazon EBS disk."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar

from estimate.product import (
    SLOW_DETACH_MINUTES,
    Charge,
    Cheaper,
    Inputs,
    Product,
    QuotaUse,
    Recognised,
    Speed,
    Use,
    above,
)

GP3_IOPS, GP3_THROUGHPUT = 3000, 125
"""IOPS and MiB/s that the price of gp3 includes (aws.amazon.com/ebs/pricing)."""
# The same values as in components/aws.py, which imports Pulumi; a test compares them.
GP3_MOST_IOPS, GP3_IOPS_PER_GIB = 80_000, 500
IO2_TIERS = (
    ("ebs.io2.iops", 0, 32_000),
    ("ebs.io2.iops-from-32000", 32_000, 64_000),
    ("ebs.io2.iops-from-64000", 64_000, 256_000),
)
"""IOPS of io2 have three price tiers: (item, from, to). The last tier ends at the most that can be bought
(aws.amazon.com/ebs/pricing)."""
_SOURCE = "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html"


@dataclass(frozen=True)
class EbsDisk(Product):
    """A disk of Amazon EBS, gp3 or io2."""

    size_gib: int
    kind: str
    """Volume type: gp3 or io2."""
    iops: int | None = None
    """Provisioned IOPS. None: those that gp3 includes."""
    throughput: int | None = None
    """Provisioned MiB/s of gp3. None: those that gp3 includes."""

    apart_medium = "block"

    items: ClassVar[Mapping[str, str]] = {
        r"ebs\.(gp3|io2)\.storage": "GiB-month",
        r"ebs\.(gp3\.iops|io2\.iops(-from-(32000|64000))?)": "IOPS-month",
        r"ebs\.gp3\.throughput": "MiB/s-month",
    }

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(
            types={"aws:ebs/volume:Volume": lambda inputs, _: cls._from(inputs, int(inputs["size"]))},
            provisioners={"ebs.csi.aws.com": cls._from, "ebs.csi.eks.amazonaws.com": cls._from},
        )

    @classmethod
    def _from(cls, parameters: Inputs, size: int) -> "EbsDisk":
        """The disk of a StorageClass, from the driver's parameters (aws-ebs-csi-driver: docs/parameters.md)."""
        kind = parameters.get("type", "gp3")
        if kind not in ("gp3", "io2"):
            raise ValueError(f"type {kind}: only gp3 and io2 have a rule")
        if "iopsPerGB" in parameters:
            raise ValueError("iopsPerGB has no rule; use iops")
        iops, throughput = parameters.get("iops"), parameters.get("throughput")
        return cls(size, kind, int(iops) if iops else None, int(throughput) if throughput else None)

    @property
    def words(self) -> str:
        return f"EBS {self.kind}" + (f" {self.iops} IOPS {self.throughput} MiB/s" if self.iops else "")

    def charges(self, use: Use) -> Iterator[Charge]:
        yield Charge("storage", f"ebs.{self.kind}.storage", Decimal(self.size_gib))
        if self.kind == "gp3":
            yield from above("IOPS", "ebs.gp3.iops", self.iops, GP3_IOPS)
            yield from above("throughput", "ebs.gp3.throughput", self.throughput, GP3_THROUGHPUT)
            return
        for item, low, high in IO2_TIERS:
            if (part := min(self.iops or 0, high) - low) > 0:
                yield Charge("IOPS", item, Decimal(part))

    def speed(self, own_mib_s: float | None = None) -> Speed | None:
        if self.kind == "gp3":
            iops, throughput = self.iops or GP3_IOPS, self.throughput or GP3_THROUGHPUT
            return Speed(iops, float(throughput), "gp3: 3000 IOPS and 125 MiB/s, or as bought", _SOURCE)
        iops = self.iops or 0
        text = "io2: IOPS as bought, each up to 256 KiB, at most 4000 MiB/s"
        return Speed(iops, min(iops / 4, 4000.0), text, _SOURCE)

    def quotas(self) -> Iterator[QuotaUse]:
        if self.kind == "gp3":
            yield QuotaUse("ebs", "L-7A658B76", "Storage for gp3 volumes (TiB)", self.size_gib / 1024)

    def cheaper(self) -> Iterator[Cheaper]:
        if self.kind == "io2":
            same = replace(self, kind="gp3", iops=max(self.iops or 0, GP3_IOPS))
            if (same.iops or 0) <= max(GP3_IOPS, min(GP3_MOST_IOPS, GP3_IOPS_PER_GIB * same.size_gib)):
                yield Cheaper("volumeType: gp3", "durability of 99.999 %, and the lowest latency", same)
            return
        if self.iops is not None and self.iops > GP3_IOPS:
            # gp3 gives at most 0.25 MiB/s for each IOPS.
            kept = None if self.throughput is None else min(self.throughput, GP3_IOPS // 4)
            yield Cheaper("iops: leave it out", f"IOPS above {GP3_IOPS}", replace(self, iops=None, throughput=kept))
        if self.throughput is not None and self.throughput > GP3_THROUGHPUT:
            slower = replace(self, throughput=None)
            yield Cheaper("throughput: leave it out", f"MiB/s above {GP3_THROUGHPUT}", slower)

    def lost_with_zone(self) -> str:
        return f"{self.words} is in one zone"

    @property
    def outage_minutes(self) -> int:
        return SLOW_DETACH_MINUTES
