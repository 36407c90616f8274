"""What is billed for a product: quantities by item of the price list. How a vendor counts stands here, no price does.

A quantity of None depends on use that nobody has told (`Use`); it is never taken as 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from estimate.products import (
    ApsaraPostgres,
    AwsKey,
    Backups,
    EbsDisk,
    Efs,
    EssdDisk,
    Lustre,
    Nas,
    OpenZfs,
    OssBucket,
    OwnClass,
    OwnStorage,
    Product,
    RdsPostgres,
    S3Bucket,
)

HOURS = 730
"""Hours of a month, as the vendors' own calculators count: 365 x 24 / 12."""
GP3_IOPS, GP3_THROUGHPUT = 3000, 125
"""Included in the price of gp3 (aws.amazon.com/ebs/pricing)."""
IO2_TIERS = (("ebs.io2.iops", 0, 32_000), ("ebs.io2.iops-from-32000", 32_000, 64_000))
"""io2 sells IOPS in three tiers; the last has no end (aws.amazon.com/ebs/pricing)."""
OPENZFS_IOPS_PER_GIB = 3
LUSTRE_METADATA_IOPS_PER_GIB = Decimal("1.25")


@dataclass(frozen=True)
class Use:
    """What nobody can read from a definition. None: not told, and what depends on it is unknown."""

    read_gib: int | None = None
    """Read from each file system that bills reading, in a month."""
    written_gib: int | None = None
    """Written, the same."""
    backup_gib: int | None = None
    """Held by backups of each file system."""


@dataclass(frozen=True)
class Charge:
    """One thing that is billed."""

    what: str
    item: str
    """Key in the price list; empty: there can be no price (a server of one's own)."""
    quantity: Decimal | None
    note: str = ""
    """An assumption, in words."""


def charges(product: Product, use: Use) -> list[Charge]:
    """All that is billed for a product."""
    match product:
        case EbsDisk():
            return list(_ebs(product))
        case Efs():
            return list(_efs(product, use))
        case OpenZfs():
            return list(_openzfs(product, use))
        case Lustre():
            return list(_lustre(product, use))
        case RdsPostgres():
            return list(_rds(product))
        case AwsKey():
            return list(_aws_key(product))
        case S3Bucket():
            return [Charge("storage and requests", "s3.standard.storage", None, "what the bucket will hold")]
        case EssdDisk():
            return list(_essd(product))
        case Nas():
            return list(_nas(product))
        case Backups():
            return [Charge("backups", product.item, _known(use.backup_gib), "GiB held, incremental")]
        case OssBucket():
            return [Charge("storage and requests", "oss.standard.storage", None, "what the bucket will hold")]
        case ApsaraPostgres():
            return list(_apsara(product))
        case OwnStorage():
            return [
                Charge("storage", "", Decimal(product.size_gib), "storage of your own: what it costs is not known here")
            ]
        case OwnClass():
            note = f"StorageClass {product.storage_class} is not of this stack: its price is not known here"
            return [Charge("storage", "", Decimal(product.size_gib), note)]


def _ebs(disk: EbsDisk) -> Iterator[Charge]:
    yield Charge("storage", f"ebs.{disk.kind}.storage", Decimal(disk.size_gib))
    if disk.kind == "gp3":
        yield from _above("IOPS", "ebs.gp3.iops", disk.iops, GP3_IOPS)
        yield from _above("throughput", "ebs.gp3.throughput", disk.throughput, GP3_THROUGHPUT)
    else:
        for item, low, high in (*IO2_TIERS, ("ebs.io2.iops-from-64000", 64_000, 256_000)):
            if (part := min(disk.iops or 0, high) - low) > 0:
                yield Charge("IOPS", item, Decimal(part))


def _efs(system: Efs, use: Use) -> Iterator[Charge]:
    zone = "one-zone" if system.one_zone else "standard"
    full = "the claim is full; EFS bills what is stored"
    yield Charge("storage", f"efs.{zone}.storage", _known(system.size_gib), full)
    yield Charge("reading", "efs.elastic.read", _known(use.read_gib), "GiB read in a month")
    yield Charge("writing", "efs.elastic.write", _known(use.written_gib), "GiB written in a month")
    if system.backup:
        yield Charge("backups", "efs.backup", _known(use.backup_gib), "GiB held by AWS Backup")


def _openzfs(system: OpenZfs, use: Use) -> Iterator[Charge]:
    prefix = f"openzfs.{system.deployment}"
    yield Charge("storage", f"{prefix}.storage", Decimal(system.size_gib))
    yield Charge("throughput", f"{prefix}.throughput", Decimal(system.throughput))
    yield from _above("IOPS", f"{prefix}.iops", system.iops, OPENZFS_IOPS_PER_GIB * system.size_gib)
    if system.backup:
        yield Charge("backups", "openzfs.backup", _known(use.backup_gib), "GiB held by backups, incremental")


def _lustre(system: Lustre, use: Use) -> Iterator[Charge]:
    yield Charge("storage", f"lustre.{system.deployment}.SSD.{system.throughput}", Decimal(system.size_gib))
    included = int(LUSTRE_METADATA_IOPS_PER_GIB * system.size_gib)
    yield from _above("metadata IOPS", "lustre.metadata-iops", system.metadata_iops, included)
    if system.backup:
        yield Charge("backups", "lustre.backup", _known(use.backup_gib), "GiB held by backups, incremental")


def _rds(database: RdsPostgres) -> Iterator[Charge]:
    zones = "multi-az" if database.multi_az else "single-az"
    yield Charge("instance", f"rds.postgres.{database.instance_class}.{zones}", Decimal(HOURS), "runs all month")
    item = f"rds.{database.storage_type}.storage.{zones}"
    yield Charge("storage", item, Decimal(database.size_gib), "before it grows; backups of this size are included")


def _aws_key(key: AwsKey) -> Iterator[Charge]:
    rotation = "each of the first two rotations adds one" if key.rotates else ""
    yield Charge("key", "kms.key", Decimal(1), rotation)
    yield Charge("requests", "kms.requests", None, "the first 20,000 of the account are free")


def _essd(disk: EssdDisk) -> Iterator[Charge]:
    level = f".{disk.level}" if disk.category == "cloud_essd" else ""
    yield Charge("storage", f"ecs.{disk.category}{level}.storage", Decimal(disk.size_gib))
    if disk.provisioned_iops:
        yield Charge("IOPS", f"ecs.{disk.category}.iops", Decimal(disk.provisioned_iops), "above the baseline")
    if disk.bursting:
        yield Charge("bursts", f"ecs.{disk.category}.burst", None, "billed by use")


def _nas(system: Nas) -> Iterator[Charge]:
    item = f"nas.{system.kind}.{system.storage_type}.storage"
    full = "the claim is full; NAS bills what is stored" if system.kind == "standard" else ""
    yield Charge("storage", item, _known(system.size_gib), full)


def _apsara(database: ApsaraPostgres) -> Iterator[Charge]:
    yield Charge("instance", f"apsara.postgres.{database.instance_type}", Decimal(HOURS), "runs all month")
    yield Charge("storage", "apsara.cloud_essd.storage", Decimal(database.size_gib), "primary and standby")
    yield Charge("backups", "apsara.backup", None, "above the free quota")


def _above(what: str, item: str, bought: int | None, included: int) -> Iterator[Charge]:
    """What is bought on top of what the storage's price includes."""
    if bought is not None and bought > included:
        yield Charge(what, item, Decimal(bought - included), f"{included} are included")


def _known(amount: int | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)
