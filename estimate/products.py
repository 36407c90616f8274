"""What a cloud sells and a stack buys, as plain values: the common ground of cost, performance and advisor.

Made from the resources of a plan (`estimate/recognise.py`) or from a wish (`estimate/advisor.py`). Sizes in GiB.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class EbsDisk:
    """A disk of Amazon EBS."""

    size_gib: int
    kind: str
    """gp3 or io2."""
    iops: int | None = None
    """None: what gp3 includes."""
    throughput: int | None = None
    """MiB/s of gp3; None: what it includes."""


@dataclass(frozen=True)
class Efs:
    """An EFS file system in elastic throughput mode."""

    size_gib: int | None
    """What is stored in it: taken as the size of its claim. None: no claim is known."""
    one_zone: bool = False
    backup: bool = True


@dataclass(frozen=True)
class OpenZfs:
    """An FSx for OpenZFS file system on SSD."""

    size_gib: int
    deployment: str
    throughput: int
    """MB/s."""
    iops: int | None = None
    """All IOPS; None: 3 for each GiB, which are included."""
    backup: bool = True


@dataclass(frozen=True)
class Lustre:
    """An FSx for Lustre file system on SSD."""

    size_gib: int
    deployment: str
    throughput: int
    """MB/s for each TB."""
    metadata_iops: int | None = None
    """None: by size, which are included."""
    backup: bool = True


@dataclass(frozen=True)
class RdsPostgres:
    """A PostgreSQL instance on RDS."""

    instance_class: str
    size_gib: int
    multi_az: bool
    storage_type: str = "gp3"


@dataclass(frozen=True)
class AwsKey:
    """A KMS key."""

    rotates: bool = True


@dataclass(frozen=True)
class S3Bucket:
    """A bucket; what it will hold is not known from its definition."""


@dataclass(frozen=True)
class EssdDisk:
    """A disk of Alibaba Cloud."""

    size_gib: int
    category: str
    """cloud_auto, cloud_essd, cloud_essd_entry or cloud_regional_disk_auto."""
    level: str = "PL1"
    """Of cloud_essd."""
    provisioned_iops: int = 0
    """Of cloud_auto, on top of the baseline."""
    bursting: bool = False


@dataclass(frozen=True)
class Nas:
    """A NAS file system. General-purpose is billed by what it holds, taken as the size of its claim."""

    size_gib: int | None
    kind: str
    """standard or extreme."""
    storage_type: str


@dataclass(frozen=True)
class Backups:
    """Copies of data; how much they will hold is not known from their schedule."""

    item: str
    """Of the price list."""


@dataclass(frozen=True)
class OssBucket:
    """A bucket; what it will hold is not known from its definition."""


@dataclass(frozen=True)
class ApsaraPostgres:
    """A PostgreSQL instance on ApsaraDB RDS."""

    instance_type: str
    size_gib: int


@dataclass(frozen=True)
class OwnStorage:
    """Storage that the stack uses and did not make: an NFS server of the user's own."""

    size_gib: int


@dataclass(frozen=True)
class OwnClass:
    """A disk from a StorageClass that the stack did not make."""

    size_gib: int
    storage_class: str


Product = (
    EbsDisk
    | Efs
    | OpenZfs
    | Lustre
    | RdsPostgres
    | AwsKey
    | S3Bucket
    | EssdDisk
    | Nas
    | Backups
    | OssBucket
    | ApsaraPostgres
    | OwnStorage
    | OwnClass
)
