"""Every way to store a Kotaemon that the advisor weighs: a small closed list for each platform.

A choice is what is bought; the storage map and the products follow from it, so that guard, cost and performance judge
an advice by the same rules as a stack file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product as every

from components.contract import AccessMode, Claim, Locks, Medium, Platform, Profile, Role, RoleMount, StorageMap
from estimate.cost import Bought
from estimate.products import (
    ApsaraPostgres,
    AwsKey,
    EbsDisk,
    Efs,
    EssdDisk,
    Lustre,
    Nas,
    OpenZfs,
    OwnClass,
    OwnStorage,
    Product,
    RdsPostgres,
)

OWN_CLASS = "fast"
"""StorageClass of a private cluster in an advice: a name to replace."""
LUSTRE_STEP, LUSTRE_SMALLEST = 2400, 1200
OPENZFS_SMALLEST = 64
DISK_SMALLEST = 40
"""GiB: 16,000 IOPS of gp3 need 32."""
DATABASE_GIB = 20
SLOW_DISK = 8
"""Minutes."""
_BACKENDS = {"Efs": "efs", "OpenZfs": "openzfs", "Lustre": "lustre", "Nas": "nas4", "OwnStorage": "nfs4"}
ENCRYPTED = {Platform.AWS: "KMS", Platform.ALICLOUD: "KMS", Platform.PRIVATE: "you"}

Disk = EbsDisk | EssdDisk | OwnClass
Files = Efs | OpenZfs | Nas | OwnStorage
Database = RdsPostgres | ApsaraPostgres | OwnClass


@dataclass(frozen=True)
class Sizes:
    """GiB of what has to be kept."""

    models: int
    data: int
    """Indexes, documents, conversations."""
    logs: int


@dataclass(frozen=True)
class Choice:
    """One way to store everything."""

    platform: Platform
    profile: Profile
    disk: Disk | None
    """Databases of the profile single-writer, and everything else where there are no files."""
    files: Files | None
    """What is shared."""
    models: Lustre | None
    """Models apart; None: with the files, or on the disk."""
    database: Database | None
    """State of the profile scaled: bought, or on disks of a StorageClass of one's own."""

    @property
    def name(self) -> str:
        """In a few words."""
        parts = [_words(part) for part in (self.disk, self.files, self.models, self.database) if part is not None]
        return f"{self.profile.value}: {' + '.join(parts)}"

    @property
    def roles(self) -> dict[str, tuple[Role, ...]]:
        """Claim of the stack file -> roles on it."""
        apart = (Role.MODELS,) if self.models is not None else ()
        on_disk = (Role.INDEXES, Role.SESSIONS) if self.files is not None else tuple(Role)
        found = {"disk": on_disk} if self.disk is not None else {}
        if self.files is not None:
            found["files"] = tuple(r for r in Role if r not in found.get("disk", ()))
        kept = {claim: tuple(r for r in roles if r not in apart) for claim, roles in found.items()}
        return {**kept, "models": apart} if apart else kept

    @property
    def products(self) -> dict[str, Product]:
        """Claim of the stack file -> what it is."""
        parts = {"disk": self.disk, "files": self.files, "models": self.models}
        return {name: part for name, part in parts.items() if part is not None}

    def storage(self) -> StorageMap:
        """As the guard reads it."""
        claims = {name: _claim(self.platform, name, part) for name, part in self.products.items()}
        return {
            role.value: RoleMount(claim=claims[name], sub_path=role.value, read_only=False)
            for role in Role
            for name, roles in self.roles.items()
            if role in roles
        }

    def bought(self) -> list[Bought]:
        """As cost and performance read it."""
        found = [
            Bought(name, name, ", ".join(role.value for role in self.roles[name]), _medium(part).value, part)
            for name, part in self.products.items()
        ]
        if self.platform == Platform.AWS:
            found.append(Bought("key", "", "all roles", "key", AwsKey()))
        if self.database is not None:
            found.append(Bought("database", "", "sessions", "database", self.database))
        if isinstance(self.database, OwnClass):
            # the vector server stands beside it, on a disk of the same class
            found.append(Bought("vectors", "", "indexes", "database", self.database))
        return found


def choices(platform: Platform, sizes: Sizes) -> Iterator[Choice]:
    """All ways of a platform, for these sizes."""
    everything = sizes.models + sizes.data + sizes.logs
    disk_gib = max(DISK_SMALLEST, _with_room(sizes.data))
    whole_disk_gib = max(DISK_SMALLEST, _with_room(everything))
    lustre = [None, *_lustres(sizes)] if platform == Platform.AWS else [None]
    for files, models in every([None, *_files(platform, _with_room(everything))], lustre):
        size = whole_disk_gib if files is None else disk_gib
        for disk in _disks(platform, size):
            yield Choice(platform, Profile.SINGLE_WRITER, disk, files, models, None)
        if files is not None:
            for database in _databases(platform):
                yield Choice(platform, Profile.SCALED, None, files, models, database)


def outage_minutes(choice: Choice) -> int:
    """How long the application is away when its node is lost, without fencing by hand.

    A disk of AWS is detached by force after 6 minutes (aws-ebs-csi-driver docs/faq.md); the driver of Alibaba Cloud
    detaches before it attaches; what a driver of one's own does is not known and taken as the slow one. Of the profile
    scaled the pods go on, but not without a database whose only pod is lost.
    """
    if choice.profile == Profile.SCALED:
        return SLOW_DISK if isinstance(choice.database, OwnClass) else 0
    return 2 if isinstance(choice.disk, EssdDisk) else SLOW_DISK


def survives_zone(choice: Choice) -> tuple[bool, str]:
    """Whether the data is still there after the loss of a zone, and what is not."""
    lost = [text for part in choice.products.values() if (text := _lost_with_zone(part))]
    if isinstance(choice.database, RdsPostgres) and not choice.database.multi_az:
        lost.append("the database is in one zone")
    if isinstance(choice.database, OwnClass):
        lost.append("database and vector server are in one zone")
    return not lost, "; ".join(lost)


def zones_needed(choice: Choice) -> int:
    """Zones with nodes that it takes."""
    two = isinstance(choice.files, OpenZfs) and choice.files.deployment == "MULTI_AZ_1"
    # RDS wants subnets in two zones even for one instance; ApsaraDB has a standby
    return 2 if two or isinstance(choice.database, RdsPostgres | ApsaraPostgres) else 1


def _lost_with_zone(part: Product) -> str:
    match part:
        case Efs(one_zone=False) | OpenZfs(deployment="MULTI_AZ_1") | EssdDisk(category="cloud_regional_disk_auto"):
            return ""
        case Efs() | OpenZfs() | Lustre() | EbsDisk() | EssdDisk() | Nas():
            return f"{_words(part)} is in one zone"
        case _:
            return f"of {_words(part)} it is not known"


def _disks(platform: Platform, size: int) -> list[Disk]:
    match platform:
        case Platform.AWS:
            faster = ((None, None), (6000, 500), (16_000, 1000))
            return [EbsDisk(size, "gp3", iops, throughput) for iops, throughput in faster]
        case Platform.ALICLOUD:
            auto = [EssdDisk(size, "cloud_auto", provisioned_iops=iops) for iops in (0, 5000, 20_000)]
            return [*auto, EssdDisk(size, "cloud_regional_disk_auto")]
        case Platform.PRIVATE:
            return [OwnClass(size, OWN_CLASS)]


def _files(platform: Platform, size: int) -> list[Files]:
    match platform:
        case Platform.AWS:
            zfs = max(OPENZFS_SMALLEST, size)
            kinds = every(("MULTI_AZ_1", "SINGLE_AZ_HA_2"), (160, 640))
            return [Efs(size), Efs(size, one_zone=True), *(OpenZfs(zfs, kind, rate) for kind, rate in kinds)]
        case Platform.ALICLOUD:
            return [Nas(size, "standard", "Performance"), Nas(size, "standard", "Capacity")]
        case Platform.PRIVATE:
            return [OwnStorage(size)]


def _lustres(sizes: Sizes) -> list[Lustre]:
    wanted = _with_room(sizes.models)
    size = LUSTRE_SMALLEST if wanted <= LUSTRE_SMALLEST else -(-wanted // LUSTRE_STEP) * LUSTRE_STEP
    return [Lustre(size, "PERSISTENT_2", rate) for rate in (125, 250, 500, 1000)]


def _databases(platform: Platform) -> list[Database]:
    match platform:
        case Platform.AWS:
            return [RdsPostgres("db.t4g.small", DATABASE_GIB, multi_az=zones) for zones in (True, False)]
        case Platform.ALICLOUD:
            return [ApsaraPostgres("pg.x4.medium.2c", 50)]
        case Platform.PRIVATE:
            return [OwnClass(DATABASE_GIB, OWN_CLASS)]


def _with_room(gib: int) -> int:
    """Half as much again: nothing works well on a full disk, and models are released beside the old ones."""
    return -(-gib * 3 // 2)


def _words(part: Product) -> str:
    match part:
        case EbsDisk():
            more = f" {part.iops} IOPS {part.throughput} MiB/s" if part.iops else ""
            return f"EBS gp3{more}"
        case Efs():
            return "EFS One Zone" if part.one_zone else "EFS"
        case OpenZfs():
            return f"OpenZFS {part.deployment} {part.throughput} MB/s"
        case Lustre():
            return f"Lustre {part.throughput} MB/s/TB"
        case RdsPostgres():
            return "RDS in two zones" if part.multi_az else "RDS in one zone"
        case EssdDisk():
            return f"{part.category}{f' +{part.provisioned_iops} IOPS' if part.provisioned_iops else ''}"
        case Nas():
            return f"NAS {part.storage_type}"
        case ApsaraPostgres():
            return "ApsaraDB"
        case OwnStorage():
            return "NFS"
        case OwnClass():
            return f"StorageClass {part.storage_class}"
        case _:
            return type(part).__name__


def _medium(part: Product) -> Medium:
    return Medium.BLOCK if isinstance(part, EbsDisk | EssdDisk | OwnClass) else Medium.FILE


def _claim(platform: Platform, name: str, part: Product) -> Claim:
    disk = _medium(part) == Medium.BLOCK
    return Claim(
        name=name,
        access_mode=AccessMode.RWOP if disk else AccessMode.RWX,
        medium=Medium.BLOCK if disk else Medium.FILE,
        backend="disk" if disk else _BACKENDS[type(part).__name__],
        size_gib=getattr(part, "size_gib", None) or 0,
        zones=[],
        encrypted_by=ENCRYPTED[platform],
        locks=Locks.ONE_NODE if disk else Locks.SHARED,
        fs_group=disk,
    )
