"""What Alibaba Cloud asks for what a stack buys, by calls that only tell prices: for a price file (docs/cost.md)."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.quantity import gib
from deploy.first_up.asked import Asked
from deploy.first_up.findings import Check, Finding, finding
from deploy.first_up.reading import Read
from stacks.platforms.alicloud.settings import AlicloudSettings

HOURS = 730
"""Hours of a month, as in estimate/."""


def checks(asked: Asked, section: AlicloudSettings, read: Read) -> list[Check]:
    """Questions about the prices of disks and of the database. NAS and OSS have no such call (NAS API, BssOpenApi)."""
    found = [
        Check("prices: disks", f"claims.{name}", lambda n=name, c=chosen: _disk(n, c, section, read))
        for name, chosen in sorted(asked.claims.items())
        if chosen.kind in ("essd", "ecs-disk")
    ]
    if section.database is not None:
        chosen = section.database
        found.append(Check("prices: database", chosen.instance_type, lambda: _database(chosen, section, read)))
    return found


def _disk(name: str, chosen: Any, section: AlicloudSettings, read: Read) -> Iterator[Finding]:
    category = str(getattr(chosen, "type", None) or chosen.types[0])
    size = gib(chosen.size, "size")
    level = (chosen.performance_level or "PL1") if category == "cloud_essd" else None
    iops = chosen.provisioned_iops if category == "cloud_auto" else None
    disk = {"Category": category, "Size": size, "PerformanceLevel": level, "ProvisionedIops": iops}
    answer = read(
        "ecs",
        "DescribePrice",
        RegionId=section.region,
        ResourceType="disk",
        **{f"DataDisk.1.{key}": value for key, value in disk.items() if value is not None},
    )
    words = f"{category} {level}" if level else category
    item = f"ecs.{words.replace(' ', '.')}.storage"
    # With provisioned IOPS the price is of both, and no price of a GiB follows from it.
    each = ("", 0) if iops else (item, size)
    yield _told("prices: disks", f"claims.{name}: {size} GiB of {words}", answer["PriceInfo"]["Price"], *each)


def _database(chosen: Any, section: AlicloudSettings, read: Read) -> Iterator[Finding]:
    size = gib(chosen.size, "size")
    answer = read(
        "rds",
        "DescribePrice",
        RegionId=section.region,
        ZoneId=(chosen.zones or section.zones)[0],
        Engine="PostgreSQL",
        EngineVersion=chosen.version,
        DBInstanceClass=chosen.instance_type,
        DBInstanceStorage=size,
        DBInstanceStorageType="cloud_essd",
        InstanceUsedType=0,
        OrderType="BUY",
        PayType="Postpaid",
        Quantity=1,
    )
    yield _told("prices: database", f"{chosen.instance_type} with {size} GiB", answer["PriceInfo"])


def _told(point: str, what: str, price: Mapping[str, Any], item: str = "", size: int = 0) -> Finding:
    """An hour's price for this account; of a disk also that of a GiB for a month, with its item in a price file."""
    hour = float(price["TradePrice"])
    each = f", so {hour * HOURS / size:.4f} a GiB and month ({item})" if size else ""
    said = f"{hour:.5f} {price['Currency']} an hour{each}; list price {float(price['OriginalPrice']):.5f}"
    return finding(point, f"{what} has a price", hour > 0, said, "ask the pricing page: a price of 0 is none")
