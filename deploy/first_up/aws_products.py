"""Whether an AWS account can have what a stack buys: classes of databases, and quotas."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from deploy.first_up.asked import Asked
from deploy.first_up.findings import Check, Finding, finding
from deploy.first_up.reading import Read
from stacks.platforms.aws.settings import AwsSettings
from stacks.stores.rds import RdsSettings


def checks(asked: Asked, section: AwsSettings, read: Read) -> list[Check]:
    """Questions about the database and about quotas."""
    found: list[Check] = []
    if section.database is not None:
        chosen = section.database
        found.append(
            Check("databases: class", chosen.instance_class, lambda: _database(chosen, section.known_zones, read))
        )
    for quota in QUOTAS:
        if wanted := sum(kind in asked.types for kind in quota.types):
            found.append(Check(f"quota: {quota.name}", f"{wanted} more", lambda q=quota, w=wanted: _quota(q, w, read)))
    return found


def _database(chosen: RdsSettings, zones: list[str], read: Read) -> Iterator[Finding]:
    answer = read(
        "rds", "DescribeOrderableDBInstanceOptions", Engine="postgres", DBInstanceClass=chosen.instance_class, Vpc=True
    )
    major = f"{chosen.version}."
    options = [
        option
        for option in answer["OrderableDBInstanceOptions"]
        if option["StorageType"] == "gp3"
        and option["SupportsStorageEncryption"]
        and f"{option['EngineVersion']}.".startswith(major)
    ]
    offered = {zone["Name"] for option in options for zone in option["AvailabilityZones"]}
    missing = sorted(set(zones) - offered)
    standby = any(option["MultiAZCapable"] for option in options)
    yield finding(
        "databases: class",
        f"{chosen.instance_class} with PostgreSQL {chosen.version}, encrypted, on gp3, with a standby",
        bool(options) and standby and len(offered & set(zones)) >= 2,
        f"offered in {', '.join(sorted(offered)) or 'no zone'}" + (f", not in {', '.join(missing)}" if missing else ""),
        "choose another instanceClass or version, or zones that have it",
    )


class Quota(NamedTuple):
    """A quota of a service, and how much of it is used."""

    name: str
    types: tuple[str, ...]
    """Types of resource that use it up, one each."""
    service: str
    code: str
    used: Callable[[Read], int]


def _count(service: str, operation: str, member: str) -> Callable[[Read], int]:
    def counted(read: Read) -> int:
        answer: Any = read(service, operation)
        return len(answer[member])

    return counted


QUOTAS = (
    Quota(
        "EFS file systems",
        ("aws:efs/fileSystem:FileSystem",),
        "elasticfilesystem",
        "L-848C634D",
        _count("efs", "DescribeFileSystems", "FileSystems"),
    ),
    Quota(
        "RDS instances",
        ("aws:rds/instance:Instance",),
        "rds",
        "L-7B6409FD",
        _count("rds", "DescribeDBInstances", "DBInstances"),
    ),
)
"""Quotas that are counted. Those of FSx and of disks are in GiB or TiB for each type, and are not."""


def _quota(quota: Quota, wanted: int, read: Read) -> Iterator[Finding]:
    limit = int(
        read("service-quotas", "GetServiceQuota", ServiceCode=quota.service, QuotaCode=quota.code)["Quota"]["Value"]
    )
    used = quota.used(read)
    missing = used + wanted - limit
    yield finding(
        f"quota: {quota.name}",
        f"{wanted} more",
        missing <= 0,
        f"{used} of {limit} are used",
        f"{missing} are missing: aws service-quotas request-service-quota-increase --service-code {quota.service} "
        f"--quota-code {quota.code} --desired-value {used + wanted}",
    )
