"""The metrics of CloudWatch that alarms of storage read. No SDK is imported here.

| metrics | unit, statistics and dimensions from (texts stored in 2026, read 30 November 2026) |
|---|---|
| `AWS/EFS` | EFS user guide, "CloudWatch metrics for Amazon EFS" (efs-metrics); `StorageClass` as a dimension: aws-cdk-lib 2.211.0, `efs-canned-metrics` |
| `AWS/FSx` of OpenZFS | OpenZFS user guide, "Amazon FSx for OpenZFS metrics and dimensions" (fsx-openzfs-metrics) |
| `AWS/FSx` of Lustre | Lustre user guide, "Monitoring performance and usage": each disk tells it every minute, and `Sum` is that of the file system |
| `AWS/RDS` | RDS user guide, "Amazon CloudWatch metrics for Amazon RDS" (rds-metrics) |

Not read: `BurstCreditBalance` of EFS, because the file systems here are in elastic mode and have none; `BurstBalance` of RDS and
EBS, because that is gp2 and the disks here are gp3 or io2.
"""  # noqa: E501 a table

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from pulumi import Input

from .alarms import CloudWatchStorage


@dataclass(frozen=True)
class Metric:
    """One metric of CloudWatch."""

    namespace: str
    dimension: str
    """Name of the dimension that holds the id."""
    name: str
    statistic: str
    """One of the statistics that its page calls valid."""
    seconds: int
    """Length of one period: at least as long as the time between two of its values."""
    more: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further dimensions."""

    def dimensions(self, id_: Input[str]) -> dict[str, Input[str]]:
        """All dimensions, for one file system or instance."""
        return {self.dimension: id_, **self.more}


CREDIT_SECONDS = 300
"""Seconds between two values: FSx tells its balances every five minutes (FSx for Windows user guide, "Monitoring with
Amazon CloudWatch"), and so does RDS with basic monitoring."""
_efs = partial(Metric, "AWS/EFS", "FileSystemId")
_fsx = partial(Metric, "AWS/FSx", "FileSystemId")
_rds = partial(Metric, "AWS/RDS", "DBInstanceIdentifier")

EFS_STORED = _efs("StorageBytes", "Average", 900, {"StorageClass": "Total"})
"""Bytes in all storage classes, every 15 minutes."""
EFS_IO = _efs("PercentIOLimit", "Average", 300)
"""Percent of the operations that the performance mode General Purpose takes, which is the only one here."""
OPENZFS_USED = _fsx("UsedStorageCapacity", "Average", 300)
"""Bytes in use. `Average` and `Minimum` are valid, `Maximum` is not."""
OPENZFS_SIZE = _fsx("StorageCapacity", "Average", 300)
"""Bytes of the file system: those in use and those that are free."""
OPENZFS_CREDITS = {
    "throughput-credits": _fsx("FileServerDiskThroughputBalance", "Minimum", CREDIT_SECONDS),
    "iops-credits": _fsx("FileServerDiskIopsBalance", "Minimum", CREDIT_SECONDS),
}
"""Percent of the burst credits between the file server and its disks."""
LUSTRE_FREE = _fsx("FreeDataStorageCapacity", "Sum", 60)
"""Bytes that are free on all disks together: a longer period would add up several minutes."""
RDS_FREE = _rds("FreeStorageSpace", "Minimum", 300)
"""Bytes that are free on the disk."""
RDS_CREDITS = {
    "throughput-credits": _rds("EBSByteBalance%", "Minimum", CREDIT_SECONDS),
    "iops-credits": _rds("EBSIOBalance%", "Minimum", CREDIT_SECONDS),
}
"""Percent of the burst credits of all volumes of the instance; only smaller instances burst. `Sum` is not valid."""

READ: Mapping[CloudWatchStorage, int] = {
    CloudWatchStorage.EFS: 2,
    CloudWatchStorage.OPENZFS: 2 + len(OPENZFS_CREDITS),
    CloudWatchStorage.LUSTRE: 1,
    CloudWatchStorage.RDS: 1 + len(RDS_CREDITS),
}
"""Metrics that the alarms of one storage read, which is what they are billed by."""
