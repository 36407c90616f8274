"""What alarms of both clouds have in common: when they begin, and what they watch. No SDK is imported here."""

from enum import Enum
from typing import NamedTuple


class Percent(NamedTuple):
    """A percentage that can be chosen."""

    least: int
    most: int
    default: int


FULL_PERCENT = Percent(50, 95, 80)
"""When storage counts as full. 80 by default: less than the 85 of an alert in the cluster, because the clouds measure
every five or fifteen minutes, and FSx lets a file system grow again only after six hours (OpenZFS user guide, "Managing
SSD storage capacity and provisioned IOPS"). Over 95 nobody would be in time; under 50 it would be news of a healthy
disk."""
CREDIT_PERCENT = Percent(1, 90, 20)
"""When burst credits count as used up. 20 by default: credits are spent in minutes and are earned over hours, and what
follows is slow and not lost."""


class CloudWatchStorage(str, Enum):
    """Storage that CloudWatch measures."""

    EFS = "efs"
    """A file system of EFS."""
    OPENZFS = "openzfs"
    """A file system of FSx for OpenZFS."""
    LUSTRE = "lustre"
    """A file system of FSx for Lustre."""
    RDS = "rds"
    """An instance of RDS."""


class CloudMonitorStorage(str, Enum):
    """Storage that CloudMonitor measures."""

    NAS = "nas"
    """A general-purpose file system of NAS."""
    APSARADB = "apsaradb"
    """An instance of ApsaraDB RDS for PostgreSQL with a cloud disk."""


def percent_refused(value: int, allowed: Percent) -> str:
    """Why a percentage cannot be chosen."""
    if allowed.least <= value <= allowed.most:
        return ""
    return f"{value} is not allowed; it is {allowed.least} to {allowed.most} percent"
