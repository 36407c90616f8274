"""Whether Alibaba Cloud sells what a stack buys in the zones of the stack."""

from collections.abc import Iterator, Mapping
from typing import Any

from deploy.first_up.asked import Asked
from deploy.first_up.findings import Check, Finding, finding
from deploy.first_up.reading import Read
from stacks.platforms.alicloud.settings import AlicloudSettings
from stacks.stores.apsaradb import ApsaraSettings


def checks(asked: Asked, section: AlicloudSettings, read: Read) -> list[Check]:
    """Questions about disks, NAS and the database."""
    found: list[Check] = []
    if asked.of_kind("essd", "ecs-disk"):
        found.append(Check("disks: types", "zones have the types", lambda: _disks(asked, section, read)))
    if asked.of_kind("nas"):
        found.append(Check("NAS: zones", "NAS is in the zone", lambda: _nas(asked, section, read)))
    if section.database is not None:
        chosen = section.database
        found.append(Check("databases: class", chosen.instance_type, lambda: _database(chosen, section, read)))
    return found


def _zones_of(chosen: Any, section: AlicloudSettings) -> list[str]:
    given = getattr(chosen, "zones", None) or getattr(chosen, "zone", None)
    return [given] if isinstance(given, str) else list(given or section.zones)


def _disks(asked: Asked, section: AlicloudSettings, read: Read) -> Iterator[Finding]:
    answer = read("ecs", "DescribeZones")
    sold = {z["ZoneId"]: z["AvailableDiskCategories"]["DiskCategories"] for z in answer["Zones"]["Zone"]}
    for name, chosen in sorted(asked.claims.items()):
        if chosen.kind in ("essd", "ecs-disk"):
            types = list(getattr(chosen, "types", None) or [chosen.type])  # type: ignore[attr-defined]
            for zone in _zones_of(chosen, section):
                categories = sold.get(zone, [])
                yield finding(
                    "disks: types",
                    f"claims.{name}: {' or '.join(types)} in {zone}",
                    any(one in categories for one in types),
                    ", ".join(categories) or "no such zone",
                    f"claims.{name}: another type, or zones that have it",
                )


def _nas(asked: Asked, section: AlicloudSettings, read: Read) -> Iterator[Finding]:
    for name, chosen in sorted(asked.claims.items()):
        system = getattr(chosen, "file_system", None)  # a key that only a NAS has
        if system is None:
            continue
        answer = read("nas", "DescribeZones", FileSystemType=system)
        zones: Mapping[str, Any] = {zone["ZoneId"]: zone for zone in answer["Zones"]["Zone"]}
        wanted = getattr(chosen, "zone", None) or section.zones[0]
        kind = str(getattr(chosen, "storage_type", None) or ("Performance" if system == "standard" else "standard"))
        # The standard type says which of its storage types speak NFS there; extreme lists instance types instead.
        protocols = zones.get(wanted, {}).get(kind, {}).get("Protocol", []) if system == "standard" else ["nfs"]
        yield finding(
            "NAS: zones",
            f"claims.{name}: {system} {kind} by NFS in {wanted}",
            wanted in zones and "nfs" in [protocol.lower() for protocol in protocols],
            f"NAS {system} is in {', '.join(sorted(zones)) or 'no zone'}"
            + (f"; {kind} there: {', '.join(protocols) or 'none'}" if wanted in zones else ""),
            f"claims.{name}: another zone or storageType",
        )


def _database(chosen: ApsaraSettings, section: AlicloudSettings, read: Read) -> Iterator[Finding]:
    zone = (chosen.zones or section.zones)[0]
    answer = read(
        "rds",
        "DescribeAvailableClasses",
        ZoneId=zone,
        Engine="PostgreSQL",
        EngineVersion=chosen.version,
        InstanceChargeType="Postpaid",
        DBInstanceStorageType="cloud_essd",
        Category="HighAvailability",
    )
    classes = sorted(one["DBInstanceClass"] for one in answer["DBInstanceClasses"])
    yield finding(
        "databases: class",
        f"{chosen.instance_type} with PostgreSQL {chosen.version} and a standby in {zone}",
        chosen.instance_type in classes,
        f"{len(classes)} classes: {', '.join(classes[:12]) or 'none'}",
        "choose another instanceType, version or zones",
    )
