"""The product PostgreSQL on ApsaraDB RDS."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from estimate.product import HOURS, Charge, Inputs, Product, Recognised, Use

_PART = "a setting of the database; the database is billed"


@dataclass(frozen=True)
class ApsaraPostgres(Product):
    """A PostgreSQL instance on ApsaraDB RDS, with its standby in another zone."""

    instance_type: str
    size_gib: int

    apart_roles = "sessions"
    apart_medium = "database"

    items: ClassVar[Mapping[str, str]] = {
        r"apsara\.postgres\.[a-z0-9.]+": "hour",
        r"apsara\.(cloud_essd\.storage|backup)": "GiB-month",
    }

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(
            types={"alicloud:rds/instance:Instance": cls._from},
            free={
                "alicloud:rds/accountPrivilege:AccountPrivilege": _PART,
                "alicloud:rds/backupPolicy:BackupPolicy": "a schedule; the backups are billed with the instance",
                "alicloud:rds/database:Database": _PART,
                "alicloud:rds/rdsAccount:RdsAccount": _PART,
            },
        )

    @classmethod
    def _from(cls, inputs: Inputs, _size: int | None) -> "ApsaraPostgres":
        if inputs["engine"] != "PostgreSQL":
            raise ValueError(f"engine {inputs['engine']}: only PostgreSQL has a rule")
        return cls(inputs["instanceType"], int(inputs["instanceStorage"]))

    @property
    def words(self) -> str:
        return "ApsaraDB"

    def charges(self, use: Use) -> Iterator[Charge]:
        yield Charge("instance", f"apsara.postgres.{self.instance_type}", Decimal(HOURS), "runs all month")
        yield Charge("storage", "apsara.cloud_essd.storage", Decimal(self.size_gib), "primary and standby")
        yield Charge("backups", "apsara.backup", None, "above the free quota")

    def lost_with_zone(self) -> str:
        return ""

    @property
    def zones_needed(self) -> int:
        return 2
