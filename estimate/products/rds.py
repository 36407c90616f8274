"""The product PostgreSQL on Amazon RDS."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar

from estimate.product import HOURS, Charge, Cheaper, Inputs, Product, QuotaUse, Recognised, Use

_PART = "a setting of the database; the database is billed"


@dataclass(frozen=True)
class RdsPostgres(Product):
    """A PostgreSQL instance on Amazon RDS, with or without a standby in another zone."""

    instance_class: str
    size_gib: int
    multi_az: bool
    storage_type: str = "gp3"

    apart_roles = "sessions"
    apart_medium = "database"

    items: ClassVar[Mapping[str, str]] = {
        r"rds\.postgres\.db\.[a-z0-9.]+\.(single|multi)-az": "hour",
        r"rds\.(gp3|io2)\.storage\.(single|multi)-az|rds\.backup": "GiB-month",
    }

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(
            types={"aws:rds/instance:Instance": cls._from},
            free={"aws:rds/parameterGroup:ParameterGroup": _PART, "aws:rds/subnetGroup:SubnetGroup": _PART},
        )

    @classmethod
    def _from(cls, inputs: Inputs, _size: int | None) -> "RdsPostgres":
        if inputs["engine"] != "postgres":
            raise ValueError(f"engine {inputs['engine']}: only postgres has a rule")
        size, standby = int(inputs["allocatedStorage"]), bool(inputs.get("multiAz"))
        return cls(inputs["instanceClass"], size, standby, inputs["storageType"])

    @property
    def words(self) -> str:
        return "RDS in two zones" if self.multi_az else "RDS in one zone"

    def charges(self, use: Use) -> Iterator[Charge]:
        zones = "multi-az" if self.multi_az else "single-az"
        yield Charge("instance", f"rds.postgres.{self.instance_class}.{zones}", Decimal(HOURS), "runs all month")
        item = f"rds.{self.storage_type}.storage.{zones}"
        yield Charge("storage", item, Decimal(self.size_gib), "before it grows; backups of this size are included")

    def quotas(self) -> Iterator[QuotaUse]:
        yield QuotaUse("rds", "L-7B6409FD", "DB instances", 1, "rds:db")

    def cheaper(self) -> Iterator[Cheaper]:
        if self.multi_az:
            gives_up = "the standby: hours without a database"
            yield Cheaper("multiAz: false", gives_up, replace(self, multi_az=False))

    def lost_with_zone(self) -> str:
        return "" if self.multi_az else "the database is in one zone"

    @property
    def zones_needed(self) -> int:
        return 2  # RDS requires subnets in two zones even for a single instance
