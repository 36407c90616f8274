"""Whether an AWS account can have what a stack buys: classes of databases, and quotas."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from deploy.first_up.asked import Asked
from deploy.first_up.findings import Check, Finding, finding
from deploy.first_up.reading import Read
from estimate.product import QuotaUse
from stacks.platforms.aws import quotas
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
    for use in quotas.wanted(asked.products):
        found.append(Check(f"quota: {use.name}", f"{use.amount:g} more", lambda u=use: _quota(u, read)))
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


def _file_systems(read: Read, configuration: str) -> list[Mapping[str, Any]]:
    """The file systems of FSx that have this configuration, with it as `of`."""
    found = read("fsx", "DescribeFileSystems")["FileSystems"]
    return [{**one, "of": one[configuration]} for one in found if configuration in one]


def _openzfs(read: Read) -> list[Mapping[str, Any]]:
    return _file_systems(read, "OpenZFSConfiguration")


def _lustre(read: Read) -> list[Mapping[str, Any]]:
    found = _file_systems(read, "LustreConfiguration")
    return [one for one in found if one["of"]["DeploymentType"] == "PERSISTENT_2"]


def _gp3(read: Read) -> float:
    found = read("ec2", "DescribeVolumes", Filters=[{"Name": "volume-type", "Values": ["gp3"]}])["Volumes"]
    return sum(one["Size"] for one in found) / 1024


USED: Mapping[str, Callable[[Read], float]] = {
    "L-848C634D": lambda read: len(read("efs", "DescribeFileSystems")["FileSystems"]),
    "L-7B6409FD": lambda read: len(read("rds", "DescribeDBInstances")["DBInstances"]),
    "L-59D0763F": lambda read: len(_openzfs(read)),
    "L-88479C21": lambda read: sum(one["StorageCapacity"] for one in _openzfs(read)),
    "L-4EDE4065": lambda read: sum(one["of"]["ThroughputCapacity"] for one in _openzfs(read)),
    "L-FD6F2F22": lambda read: len(_lustre(read)),
    "L-8F1B9C74": lambda read: sum(one["StorageCapacity"] for one in _lustre(read)),
    "L-7A658B76": _gp3,
}
"""Code of a quota -> how much of it the account uses, in the quota's own unit."""


def _quota(use: QuotaUse, read: Read) -> Iterator[Finding]:
    answer = read("service-quotas", "GetServiceQuota", ServiceCode=use.service, QuotaCode=use.code)
    limit, used = float(answer["Quota"]["Value"]), USED[use.code](read)
    missing = used + use.amount - limit
    yield finding(
        f"quota: {use.name}",
        f"{use.amount:g} more",
        missing <= 0,
        f"{used:g} of {limit:g} are used",
        f"{missing:g} are missing: {quotas.request(use, used + use.amount)}",
    )
