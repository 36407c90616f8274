"""What ECS and its CSI driver take as a disk. Pure: each function gives the reason of a refusal, or nothing.

Sizes and performance: ECS CreateDisk (DiskCategory, PerformanceLevel, Size, ProvisionedIops) and
alibaba-cloud-csi-driver: pkg/disk/category.go. All sizes in GiB.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class DiskType(str, Enum):
    """Disk categories that make sense today."""

    AUTO = "cloud_auto"
    """ESSD AutoPL: more performance can be bought without more size."""
    ESSD = "cloud_essd"
    """ESSD with a performance level."""
    ENTRY = "cloud_essd_entry"
    """Cheap; only some instance families attach it."""
    REGIONAL = "cloud_regional_disk_auto"
    """Regional ESSD, written to several zones at once: the only disk that follows its pod into another zone."""


class PerformanceLevel(str, Enum):
    """Performance levels of cloud_essd."""

    PL0 = "PL0"
    PL1 = "PL1"
    PL2 = "PL2"
    PL3 = "PL3"


class TopologyKey(str, Enum):
    """Node label that a volume's zone is tied to."""

    STANDARD = "topology.kubernetes.io/zone"
    """The label of Kubernetes itself, which every scheduler and autoscaler knows."""
    PRIVATE = "topology.diskplugin.csi.alibabacloud.com/zone"
    """The driver's own; it writes this one into every volume that it makes itself (pkg/disk/utils.go volumeCreate)."""


DEFAULT_TYPES = (DiskType.AUTO, DiskType.ESSD)
"""Tried in order: cloud_auto is not sold everywhere. The driver's own default is the previous generation."""
DEFAULT_LEVEL = PerformanceLevel.PL1
"""The performance level that ECS chooses for cloud_essd when none is given."""

_MAX = 65536
_SIZES = {DiskType.AUTO: (1, _MAX), DiskType.ENTRY: (10, _MAX), DiskType.REGIONAL: (10, _MAX)}
_STATIC_ENTRY_MAX = 32768
_LEVEL_SIZES = {
    PerformanceLevel.PL0: (1, _MAX),
    PerformanceLevel.PL1: (20, _MAX),
    PerformanceLevel.PL2: (461, _MAX),
    PerformanceLevel.PL3: (1261, _MAX),
}
_YESTERDAY = {
    "cloud": "is not sold for new instance families",
    "cloud_ssd": "is the previous generation and not sold for new instance families",
    "cloud_efficiency": "is the previous generation and slow",
    "available": "means cloud_ssd,cloud_efficiency to the driver, the previous generation",
    "elastic_ephemeral_disk_standard": "loses its data with the instance",
    "elastic_ephemeral_disk_premium": "loses its data with the instance",
}


@dataclass(frozen=True)
class Disk:
    """What the arguments ask the provider for."""

    size_gib: int
    types: Sequence[DiskType] = DEFAULT_TYPES
    level: PerformanceLevel | None = None
    iops: int | None = None
    """Provisioned IOPS on top of the baseline."""
    bursting: bool = False

    @property
    def regional(self) -> bool:
        """Whether the disk is not tied to a zone."""
        return DiskType.REGIONAL in self.types


def refused_type(name: str) -> str:
    """Why a disk category cannot be used; empty when it can."""
    if reason := _YESTERDAY.get(name):
        return f"{reason}; use {', '.join(DEFAULT_TYPES)}"
    if name not in [t.value for t in DiskType]:
        return f"is no disk category; allowed: {', '.join(t.value for t in DiskType)}"
    return ""


def refused_disk(disk: Disk) -> str:
    """Why no such disk can be made; the rule is in the text."""
    return _types(disk) or _level(disk) or _size(disk) or _performance(disk)


def refused_static_disk(disk: Disk) -> str:
    """Why the stack cannot make such a disk itself (terraform-provider-alicloud: resource_alicloud_ecs_disk.go)."""
    if len(disk.types) != 1:
        return "a disk of the stack's own has exactly one type"
    if disk.regional:
        return f"{DiskType.REGIONAL.value}: the provider cannot make it; use a claim of kind essd"
    if disk.types[0] == DiskType.ENTRY and disk.size_gib > _STATIC_ENTRY_MAX:
        return _outside(DiskType.ENTRY.value, 10, _STATIC_ENTRY_MAX, disk.size_gib)
    return refused_disk(disk)


def refused_attributes_class(disk: Disk) -> str:
    """A VolumeAttributesClass names one category (pkg/disk/utils.go parseMutableParameters)."""
    return "" if len(disk.types) == 1 else "attributes_class: with exactly one type; a disk changes into one category"


def refused_snapshot_days(days: int) -> str:
    """ECS CreateAutoSnapshotPolicy: retentionDays. -1 (for ever) is not offered: a disk has room for 256 snapshots."""
    return "" if 1 <= days <= 65536 else f"snapshots are kept {days} days; ECS takes 1 to 65536"


def baseline_iops(size_gib: int) -> int:
    """IOPS of an AutoPL disk before provisioning: max{min{1,800 + 50 x size, 50,000}, 3,000}."""
    return max(min(1800 + 50 * size_gib, 50_000), 3000)


def most_provisioned_iops(size_gib: int) -> int:
    """min{1,000 x size - baseline, 50,000}; 0 below 4 GiB, where nothing can be provisioned."""
    return 0 if size_gib < 4 else min(1000 * size_gib - baseline_iops(size_gib), 50_000)


def _types(disk: Disk) -> str:
    if not disk.types:
        return "at least one disk type is needed: without one the driver takes the previous generation"
    if len(set(disk.types)) != len(disk.types):
        return "a disk type stands there twice"
    if disk.regional and len(disk.types) > 1:
        return f"{DiskType.REGIONAL.value} cannot be mixed with types that live in one zone"
    return ""


def _level(disk: Disk) -> str:
    if disk.level is not None and DiskType.ESSD not in disk.types:
        return f"a performance level ({disk.level.value}) is for {DiskType.ESSD.value} only"
    return ""


def _size(disk: Disk) -> str:
    for kind in disk.types:
        level = (disk.level or DEFAULT_LEVEL) if kind == DiskType.ESSD else None
        low, high = _LEVEL_SIZES[level] if level else _SIZES[kind]
        if not low <= disk.size_gib <= high:
            return _outside(f"{kind.value} {level.value}" if level else kind.value, low, high, disk.size_gib)
    return ""


def _performance(disk: Disk) -> str:
    asked = [
        what for what, wanted in (("provisioned IOPS", disk.iops is not None), ("bursting", disk.bursting)) if wanted
    ]
    if not asked:
        return ""
    if DiskType.AUTO not in disk.types:
        return f"{asked[0]}: {DiskType.AUTO.value} only"
    if disk.size_gib < 4:
        return f"{asked[0]}: from 4 GiB on; the claim has {disk.size_gib} GiB"
    most = most_provisioned_iops(disk.size_gib)
    if disk.iops is not None and not 1 <= disk.iops <= most:
        return (
            f"{disk.iops} provisioned IOPS; a disk of {disk.size_gib} GiB takes 1 to {most}: "
            f"min{{1,000 x size - baseline of {baseline_iops(disk.size_gib)}, 50,000}}"
        )
    return ""


def _outside(kind: str, low: int, high: int, size: int) -> str:
    return f"{kind} has {low} to {high} GiB; the claim has {size} GiB"
