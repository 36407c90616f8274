"""The kinds of claim on AWS: EBS, EFS and FSx."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from components.aws import (
    OPENZFS_THROUGHPUT,
    EbsType,
    OpenZfsDeployment,
    ebs_refused,
    lustre_refused,
    openzfs_network_refused,
    openzfs_refused,
)
from components.contract import Medium, Platform
from components.file.nfs import refused_option
from components.quantity import gib
from stacks.fields import Size, Strict, matching

BucketPath = Annotated[
    str, matching(r"s3://[a-z0-9.-]{3,63}(/\S*)?", "must be a bucket or a prefix, for example s3://weights/prod")
]
Folder = Annotated[
    str, matching(r"/(?!\.\.?(/|$))[^/\s]+(/(?!\.\.?(/|$))[^/\s]+)*", "must be an absolute folder, for example /models")
]


_LUSTRE_IS_STATIC = (
    "provisioning 'dynamic' is not allowed; only static: the root of a new file system belongs to root, and nothing "
    "that may run beside the application can change that; leave provisioning out"
)
"""The Job that makes the role folders runs as root, in a namespace of its own, on a second volume
(components/file/csi_preparation.py).

The application's namespace is `restricted`, so the Job cannot run there. Elsewhere it cannot use the driver's claim,
and a second volume needs the file system's id, which nobody knows before the claim is bound: after about ten minutes,
and Pulumi waits for five. The kubelet leaves the root alone (fsGroupPolicy ReadWriteOnceWithFSType), and no
parameter of a StorageClass sets its owner (aws-fsx-csi-driver docs/options.md).
"""


def accept(reason: str) -> None:
    """Raise a ValueError with the reason, when there is one."""
    if reason:
        raise ValueError(reason)


class EbsClaim(Strict):
    """A disk of Amazon EBS, encrypted with the stack's key, in the zone of the first pod."""

    kind: Literal["ebs"]
    size: Size = Field("20Gi", description="Size of the disk; it can only grow.")
    volume_type: EbsType = Field(EbsType.GP3, description="gp3, or io2 for a disk that never waits.")
    iops: int | None = Field(None, description="gp3: 3000 (default) to 80000, 500 for each GiB; io2: required.")
    throughput: int | None = Field(None, description="gp3, MiB/s: 125 (default) to 2000, a quarter of the IOPS.")
    file_system: Literal["ext4", "xfs"] = Field("ext4", description="xfs for very many small files.")
    zone: str | None = Field(None, description="Make the disk now, in this zone; none: in the zone of the first pod.")
    snapshot: str | None = Field(None, description="Snapshot to start from; needs zone.")
    access_mode: Literal["ReadWriteOncePod", "ReadWriteOnce"] = Field(
        "ReadWriteOncePod", description="ReadWriteOncePod keeps a second pod Pending; ReadWriteOnce is per node only."
    )
    attributes_class: bool = Field(False, description="IOPS and throughput can change later; needs Kubernetes 1.34.")
    snapshot_class: bool = Field(False, description="Make a VolumeSnapshotClass; needs the snapshot controller add-on.")
    platforms: ClassVar[tuple[Platform, ...]] = (Platform.AWS,)

    @model_validator(mode="after")
    def _limits(self) -> "EbsClaim":
        accept(ebs_refused(self.volume_type, gib(self.size, "size"), self.iops, self.throughput))
        if self.snapshot is not None and self.zone is None:
            raise ValueError("snapshot needs zone: the driver starts from a snapshot only through a VolumeSnapshot")
        if self.zone is not None and (self.attributes_class or self.snapshot_class):
            raise ValueError("attributesClass and snapshotClass need a class, and a disk in a given zone has none")
        return self

    @property
    def medium(self) -> Medium:
        """What it is made of."""
        return Medium.BLOCK


class EfsClaim(Strict):
    """Amazon EFS: NFS without sizing, in every zone of the stack."""

    kind: Literal["efs"]
    size: Size = Field("100Gi", description="Size of the claim; EFS does not enforce it.")
    one_zone: str | None = Field(None, description="Keep the data in this zone only: half the price, lost with it.")
    backup: bool = Field(True, description="Daily backups, kept for 35 days.")
    provisioning: Literal["static", "dynamic"] = Field(
        "static",
        description="Who makes the volume. static: the stack, and a claim made anew finds its data again. dynamic: the "
        "driver, through a StorageClass; its controller needs AWS permissions, and a claim made anew is empty.",
    )
    platforms: ClassVar[tuple[Platform, ...]] = (Platform.AWS,)

    @model_validator(mode="after")
    def _ways(self) -> "EfsClaim":
        if self.provisioning == "dynamic" and self.one_zone is not None:
            raise ValueError(
                "oneZone belongs to provisioning static: the driver's volume does not keep pods in the zone; "
                "leave oneZone out, or set provisioning to static"
            )
        return self

    @property
    def medium(self) -> Medium:
        """What it is made of."""
        return Medium.FILE


class OpenZfsClaim(Strict):
    """FSx for OpenZFS: NFS with failover, the best latency for small files on AWS."""

    kind: Literal["openzfs"]
    size: Size = Field("128Gi", description="Size of the file system, 64Gi at least; it can only grow.")
    deployment: OpenZfsDeployment = Field(OpenZfsDeployment.MULTI_AZ_1, description="Servers and zones.")
    throughput: int | None = Field(None, description="MB/s; none: the smallest of the deployment.")
    iops: int | None = Field(None, description="SSD IOPS; none: 3 for each GiB.")
    zones: list[str] = Field(
        default_factory=list[str],
        description="MULTI_AZ_1: the preferred zone and the standby; else one zone. None: the first of the stack.",
    )
    endpoint_range: str | None = Field(None, description="MULTI_AZ_1: network outside all subnets; none: FSx chooses.")
    squash: bool = Field(False, description="Every access as uid and gid; set it after the first up.")
    backup_days: int = Field(7, ge=1, le=90, description="Days that daily backups are kept.")
    mount_options: list[str] = Field(default_factory=list[str], description="Added to the defaults, as for kind nfs.")
    platforms: ClassVar[tuple[Platform, ...]] = (Platform.AWS,)

    @model_validator(mode="after")
    def _limits(self) -> "OpenZfsClaim":
        throughput = self.throughput or self.smallest_throughput
        accept(openzfs_refused(self.deployment, gib(self.size, "size"), throughput, self.iops))
        zones = self.zones or ["the first", "the second"][: self.zone_count]
        accept(openzfs_network_refused(self.deployment, zones, self.endpoint_range))
        for option in self.mount_options:
            if reason := refused_option(option):
                raise ValueError(f"mountOptions holds {option!r}, which is not allowed: {reason}")
        return self

    @property
    def smallest_throughput(self) -> int:
        """MB/s where none are given."""
        return OPENZFS_THROUGHPUT[self.deployment][0]

    @property
    def zone_count(self) -> int:
        """How many zones its servers are in."""
        return 2 if self.deployment == OpenZfsDeployment.MULTI_AZ_1 else 1

    @property
    def medium(self) -> Medium:
        """What it is made of."""
        return Medium.FILE


class S3LinkSettings(Strict):
    """A bucket that appears as a folder."""

    path: Folder = Field(description="Folder in the file system.")
    bucket_path: BucketPath = Field(description="Bucket or prefix.")
    write_back: bool = Field(False, description="Also write changes of files back to the bucket.")


class LustreClaim(Strict):
    """FSx for Lustre: gigabytes a second for weights, from 1200Gi up, in one zone."""

    kind: Literal["lustre"]
    size: Size = Field("1200Gi", description="1200Gi, 2400Gi or a multiple of 2400Gi; it can only grow.")
    throughput: int = Field(125, description="MB/s for each TiB: 125, 250, 500 or 1000.")
    metadata_iops: int | None = Field(None, description="1500, 3000, 6000, or a multiple of 12000; none: by size.")
    zone: str | None = Field(None, description="Zone of the file system; none: the first of the stack.")
    s3_links: list[S3LinkSettings] = Field(
        default_factory=list[S3LinkSettings], description="Buckets as folders; there are no backups then."
    )
    backup_days: int | None = Field(None, ge=0, le=90, description="Days of daily backups; none: 7, or 0 with links.")
    provisioning: Literal["static", "dynamic"] = Field(
        "static",
        description="Who makes the file system: static, the stack. dynamic is refused, with the reason.",
        json_schema_extra={"enum": ["static"]},  # editors offer only what is accepted
    )
    platforms: ClassVar[tuple[Platform, ...]] = (Platform.AWS,)

    @model_validator(mode="after")
    def _limits(self) -> "LustreClaim":
        if self.provisioning == "dynamic":
            raise ValueError(_LUSTRE_IS_STATIC)
        # The region is not known here; it is checked with the section kotaemon:aws.
        accept(lustre_refused(gib(self.size, "size"), self.throughput, "", self.metadata_iops))
        if self.s3_links and self.backup_days:
            raise ValueError(
                "backupDays: FSx makes no backups of a file system that is linked to S3; version the bucket"
            )
        return self

    @property
    def medium(self) -> Medium:
        """What it is made of."""
        return Medium.FILE
