"""What a stack file says about Alibaba Cloud: its kinds of claim and the section `kotaemon:alicloud`."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from components.alicloud import (
    DEFAULT_KEY_ROTATION_DAYS,
    refused_addon,
    refused_alias,
    refused_cidr,
    refused_database,
    refused_key_id,
    refused_rotation,
    refused_tags,
    refused_window,
)
from components.block.essd_rules import (
    DEFAULT_TYPES,
    Disk,
    DiskType,
    PerformanceLevel,
    refused_attributes_class,
    refused_disk,
    refused_snapshot_days,
    refused_static_disk,
    refused_type,
)
from components.contract import Medium, Platform, Profile
from components.file.nas_rules import NasSystem, refused_kind, refused_squash, refused_system, usual_system
from components.quantity import gib
from stacks.fields import Cidr, Size, Strict, matching

Zone = Annotated[
    str, matching(r"[a-z]{2}-[a-z0-9-]+-[a-z]", "must be a zone of Alibaba Cloud, for example cn-hangzhou-h")
]
Region = Annotated[str, matching(r"[a-z]{2}-[a-z0-9-]+", "must be a region of Alibaba Cloud, for example cn-hangzhou")]
VpcId = Annotated[str, matching(r"vpc-[a-z0-9]+", "must be the id of a VPC, for example vpc-bp1example")]
VSwitchId = Annotated[str, matching(r"vsw-[a-z0-9]+", "must be the id of a vSwitch, for example vsw-bp1example")]
ClusterId = Annotated[str, matching(r"c[0-9a-f]{32}", "must be the id of an ACK cluster: c and 32 hexadecimal digits")]
GroupId = Annotated[str, matching(r"rg-[a-z0-9]+", "must be the id of a resource group, for example rg-acfmexample")]
StackName = Annotated[
    str, matching(r"[^/\s]+/[^/\s]+/[^/\s]+", "must be the full name of a stack: organization/project/stack")
]


def _number_as_text(value: object) -> object:
    """Versions look like numbers in YAML: 4.0 without quotes is one, and so is 4."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "3" if value == 3 else f"{float(value)}"
    return value


_LEVELS = Literal["PL0", "PL1", "PL2", "PL3"]


def _refuse(reason: str) -> None:
    if reason:
        raise ValueError(reason)


class EssdClaim(Strict):
    """An ESSD disk that the CSI driver makes when the first pod is placed, from a StorageClass of the stack's own."""

    kind: Literal["essd"]
    size: Size = Field("20Gi", description="Size of the disk; it can only grow.")
    access_mode: Literal["ReadWriteOncePod", "ReadWriteOnce"] = Field(
        "ReadWriteOncePod", description="ReadWriteOncePod keeps a second pod Pending."
    )
    types: list[str] = Field(
        default_factory=lambda: [kind.value for kind in DEFAULT_TYPES],
        description="Disk categories, tried in order; cloud_regional_disk_auto alone follows its pod across zones.",
    )
    performance_level: _LEVELS | None = Field(None, description="Of cloud_essd; none: PL1.")
    provisioned_iops: int | None = Field(None, ge=1, description="Of cloud_auto, on top of the baseline.")
    bursting: bool = Field(False, description="Of cloud_auto: bursts, billed by use.")
    zones: list[Zone] | None = Field(None, description="Where disks may be made; none: all zones of the section.")
    topology_key: Literal["topology.kubernetes.io/zone", "topology.diskplugin.csi.alibabacloud.com/zone"] = Field(
        "topology.kubernetes.io/zone", description="Node label by which the class names the zones."
    )
    attributes_class: bool = Field(False, description="Type and performance can change later; Kubernetes 1.34.")
    snapshot_class: bool = Field(False, description="A VolumeSnapshotClass that keeps snapshots.")
    platforms: ClassVar[tuple[Platform, ...]] = (Platform.ALICLOUD,)

    @field_validator("types")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        for kind in value:
            if reason := refused_type(kind):
                raise ValueError(f"holds {kind!r}, which is not allowed: {reason}")
        return value

    @model_validator(mode="after")
    def _possible(self) -> "EssdClaim":
        disk = Disk(
            size_gib=gib(self.size, "size"),
            types=[DiskType(kind) for kind in self.types],
            level=PerformanceLevel(self.performance_level) if self.performance_level else None,
            iops=self.provisioned_iops,
            bursting=self.bursting,
        )
        _refuse(refused_disk(disk) or (refused_attributes_class(disk) if self.attributes_class else ""))
        return self

    @property
    def medium(self) -> Medium:
        """What it is made of."""
        return Medium.BLOCK


class EcsDiskClaim(Strict):
    """An ESSD disk that the stack makes itself: in a zone that you choose, with daily snapshots."""

    kind: Literal["ecs-disk"]
    size: Size = Field("20Gi", description="Size of the disk; it can only grow.")
    zone: Zone | None = Field(
        None, description="Zone of the disk and its pod for ever; none: the first of the section."
    )
    type: str = Field("cloud_auto", description="Disk category; not regional.")
    performance_level: _LEVELS | None = Field(None, description="Of cloud_essd; none: PL1.")
    provisioned_iops: int | None = Field(None, ge=1, description="Of cloud_auto, on top of the baseline.")
    bursting: bool = Field(False, description="Of cloud_auto: bursts, billed by use.")
    snapshot_days: int = Field(30, description="Days that the daily snapshots are kept.")
    platforms: ClassVar[tuple[Platform, ...]] = (Platform.ALICLOUD,)

    @field_validator("type")
    @classmethod
    def _known(cls, value: str) -> str:
        _refuse(refused_type(value))
        return value

    @field_validator("snapshot_days")
    @classmethod
    def _kept(cls, value: int) -> int:
        _refuse(refused_snapshot_days(value))
        return value

    @model_validator(mode="after")
    def _possible(self) -> "EcsDiskClaim":
        disk = Disk(
            size_gib=gib(self.size, "size"),
            types=[DiskType(self.type)],
            level=PerformanceLevel(self.performance_level) if self.performance_level else None,
            iops=self.provisioned_iops,
            bursting=self.bursting,
        )
        _refuse(refused_static_disk(disk))
        return self

    @property
    def medium(self) -> Medium:
        """What it is made of."""
        return Medium.BLOCK


class NasClaim(Strict):
    """A NAS file system that the stack makes: encrypted, reachable from the cluster only, backed up every day."""

    kind: Literal["nas"]
    file_system: str = Field("standard", description="standard (grows by itself, real locks) or extreme.")
    storage_type: Literal["Performance", "Premium", "Capacity", "standard", "advance"] | None = Field(
        None, description="standard: Performance (default), Premium, Capacity; extreme: standard (default), advance."
    )
    size: Size = Field("100Gi", description="Size of the claim; extreme is bought in it, standard does not enforce it.")
    zone: Zone | None = Field(None, description="Zone of the file system; none: the first of the section.")
    protocol: Annotated[Literal["3", "4.0"], BeforeValidator(_number_as_text)] | None = Field(
        None, description="4.0 (default) has real locks; 3 has none between nodes, extreme speaks 3 only."
    )
    encryption: Literal["own-key", "nas-key"] = Field("own-key", description="Whose key; data is always encrypted.")
    squash: str = Field("no_squash", description="root_squash only once the role folders are there.")
    recycle_bin_days: int | None = Field(None, description="1 to 180, 0 for none; standard: 7, extreme has none.")
    backup_days: int = Field(30, description="Days that Cloud Backup keeps its daily copy; 0 for none.")
    infrequent_access_days: int | None = Field(None, description="Always refused: encrypted NAS has no lifecycle.")
    platforms: ClassVar[tuple[Platform, ...]] = (Platform.ALICLOUD,)

    @field_validator("file_system")
    @classmethod
    def _known(cls, value: str) -> str:
        _refuse(refused_kind(value))
        return value

    @field_validator("squash")
    @classmethod
    def _squash(cls, value: str) -> str:
        _refuse(refused_squash(value))
        return value

    @model_validator(mode="after")
    def _possible(self) -> "NasClaim":
        _refuse(refused_system(self.system))
        return self

    @property
    def system(self) -> NasSystem:
        """The file system, with the defaults of its family."""
        return usual_system(
            self.file_system,
            gib(self.size, "size"),
            storage_type=self.storage_type,
            protocol=self.protocol,
            recycle_bin_days=self.recycle_bin_days,
            backup_days=self.backup_days,
            infrequent_access_days=self.infrequent_access_days,
        )

    @property
    def medium(self) -> Medium:
        """What it is made of."""
        return Medium.FILE


class KeySettings(Strict):
    """The KMS key that the stack makes when none is given."""

    alias: str | None = Field(None, description="Alias, for people; none: alias/<project>-<stack>.")
    rotation_days: int = Field(
        DEFAULT_KEY_ROTATION_DAYS, description="7 to 365; other than 365 in a KMS instance only."
    )
    deletion_window_days: int = Field(30, description="Days in which a deletion can be taken back, 7 to 366.")
    instance_id: str | None = Field(None, description="KMS instance; none: the shared service.")

    @model_validator(mode="after")
    def _possible(self) -> "KeySettings":
        alias = refused_alias(self.alias) if self.alias is not None else ""
        days = refused_rotation(self.rotation_days, in_instance=self.instance_id is not None)
        window = refused_window(self.deletion_window_days)
        _refuse(f"alias: {self.alias!r} {alias}" if alias else "")
        _refuse(f"rotationDays: {days}" if days else "")
        _refuse(f"deletionWindowDays: {window}" if window else "")
        return self


class DatabaseSettings(Strict):
    """PostgreSQL on ApsaraDB RDS, for the profile scaled: two zones, your key, TLS, daily backups."""

    instance_type: str = Field("pg.x4.medium.2c", description="A dedicated type: general ones cannot have your key.")
    storage_gib: int = Field(50, description="GiB of ESSD, in steps of 5.")
    version: Annotated[Literal["14.0", "15.0", "16.0", "17.0"], BeforeValidator(_number_as_text)] = Field(
        "16.0", description="Version of PostgreSQL."
    )
    zones: list[Zone] | None = Field(
        None, description="Zones of primary and standby; none: the first two of the section."
    )
    backup_days: int = Field(14, description="Days that backups and logs are kept, 7 to 730.")
    network: Cidr | None = Field(
        None, description="Network that holds the vSwitches, for the NetworkPolicy; none: the first of clusterCidrs."
    )
    driver: Literal["install", "image"] = Field("install", description="Where psycopg2 comes from.")

    @model_validator(mode="after")
    def _possible(self) -> "DatabaseSettings":
        _refuse(refused_database(self.instance_type, self.storage_gib, self.backup_days, self.zones))
        return self


class AlicloudSettings(Strict):
    """Where on Alibaba Cloud the cluster is, and with whose key its storage is encrypted."""

    region: Region = Field(description="Region of the cluster.")
    vpc_id: VpcId = Field(description="VPC of the cluster.")
    vswitches: dict[Zone, VSwitchId] = Field(min_length=1, description="Zone -> vSwitch, for each zone with nodes.")
    cluster_cidrs: list[str] = Field(min_length=1, description="Private networks of the nodes and pods: who may mount.")
    cluster_id: ClusterId | None = Field(
        None, description="ACK cluster whose credentials are read; none: kotaemon:cluster or clusterStack."
    )
    cluster_stack: StackName | None = Field(
        None, description="Stack that made the cluster; its output `kubeconfig` is read."
    )
    key_id: str | None = Field(None, description="Id of an existing KMS key; none: the stack makes one.")
    key: KeySettings = Field(default_factory=lambda: KeySettings.model_validate({}), description="The key it makes.")
    service_roles: list[Literal["disk", "nas", "nas-backup", "vault", "database"]] = Field(
        default_factory=list[Literal["disk", "nas", "nas-backup", "vault", "database"]],
        description="Roles the account lacks, by which services use the key; the stack makes them.",
    )
    resource_group_id: GroupId | None = Field(None, description="Resource group; none: the default one.")
    tags: dict[str, str] = Field(default_factory=dict[str, str], description="Added to everything that takes tags.")
    database: DatabaseSettings | None = Field(None, description="PostgreSQL made by the stack; profile scaled.")
    addons: dict[str, str | None] = Field(
        default_factory=dict[str, str | None],
        description="ACK add-ons to keep at a version (none: the installed one); those that are there are adopted.",
    )

    @field_validator("cluster_cidrs")
    @classmethod
    def _private(cls, value: list[str]) -> list[str]:
        for cidr in value:
            if reason := refused_cidr(cidr):
                raise ValueError(f"holds {cidr!r}, which {reason}")
        return value

    @field_validator("key_id")
    @classmethod
    def _id(cls, value: str | None) -> str | None:
        _refuse(refused_key_id(value) if value is not None else "")
        return value

    @field_validator("addons")
    @classmethod
    def _storage_addons(cls, value: dict[str, str | None]) -> dict[str, str | None]:
        for name in value:
            if reason := refused_addon(name):
                raise ValueError(f"holds {name!r}, which {reason}")
        return value

    @field_validator("tags")
    @classmethod
    def _tags(cls, value: dict[str, str]) -> dict[str, str]:
        _refuse(refused_tags(value))
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "AlicloudSettings":
        for zone in self.vswitches:
            if not zone.startswith(f"{self.region}-"):
                raise ValueError(f"vswitches.{zone} is not a zone of region {self.region}")
        if self.cluster_id is not None and self.cluster_stack is not None:
            raise ValueError("clusterId and clusterStack name the cluster twice; leave one out")
        if self.database is not None:
            self.known_zones("database.zones", self.database.zones)
            if self.database.zones is None and len(self.vswitches) < 2:
                raise ValueError("database: primary and standby need two zones, and vswitches has one")
        return self

    @property
    def zones(self) -> list[str]:
        """Zones with nodes."""
        return list(self.vswitches)

    def check(self, claims: Mapping[str, object], profile: Profile | None) -> None:
        """Raises ValueError for what does not go with the rest of the stack file."""
        for name, claim in claims.items():
            if isinstance(claim, EcsDiskClaim | NasClaim) and claim.zone is not None:
                self.known_zones(f"vswitches: storage.claims.{name}.zone", [claim.zone])
            if isinstance(claim, EssdClaim):
                self.known_zones(f"vswitches: storage.claims.{name}.zones", claim.zones)
        if self.database is not None and profile == Profile.SINGLE_WRITER:
            raise ValueError("database: only the profile scaled keeps its state there; leave it out")
        if self.addons and self.cluster_id is None:
            raise ValueError("addons: they are found through clusterId, which is missing")

    def known_zones(self, key: str, zones: list[str] | None) -> None:
        """Raises ValueError for a zone without a vSwitch."""
        for zone in zones or []:
            if zone not in self.vswitches:
                raise ValueError(
                    f"{key} holds {zone}, which has no vSwitch; zones with one: {', '.join(self.vswitches)}"
                )
