"""What ECS takes as a disk: each rule by example, the arithmetic by property."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.essd_rules import (
    DEFAULT_TYPES,
    Disk,
    DiskType,
    PerformanceLevel,
    baseline_iops,
    most_provisioned_iops,
    refused_attributes_class,
    refused_disk,
    refused_snapshot_days,
    refused_static_disk,
    refused_type,
)

AUTO, ESSD, ENTRY, REGIONAL = DiskType.AUTO, DiskType.ESSD, DiskType.ENTRY, DiskType.REGIONAL


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        *((kind.value, "") for kind in DiskType),
        (
            "cloud_ssd",
            "is the previous generation and not sold for new instance families; use cloud_auto, cloud_essd",
        ),
        ("cloud_efficiency", "is the previous generation and slow; use cloud_auto, cloud_essd"),
        ("cloud", "is not sold for new instance families; use cloud_auto, cloud_essd"),
        (
            "available",
            "means cloud_ssd,cloud_efficiency to the driver, the previous generation; use cloud_auto, cloud_essd",
        ),
        ("elastic_ephemeral_disk_premium", "loses its data with the instance; use cloud_auto, cloud_essd"),
        (
            "gp3",
            "is no disk category; allowed: cloud_auto, cloud_essd, cloud_essd_entry, cloud_regional_disk_auto",
        ),
    ],
)
def test_types(name: str, reason: str) -> None:
    assert refused_type(name) == reason


@pytest.mark.parametrize(
    "disk",
    [
        Disk(20),
        Disk(1, [AUTO]),
        Disk(65536, [AUTO]),
        Disk(1, [ESSD], PerformanceLevel.PL0),
        Disk(461, [ESSD], PerformanceLevel.PL2),
        Disk(1261, [ESSD], PerformanceLevel.PL3),
        Disk(10, [ENTRY]),
        Disk(10, [REGIONAL]),
        Disk(20, [AUTO], iops=17_000, bursting=True),
        Disk(20, iops=1),  # cloud_essd, the second choice, gets none: the driver leaves it out
        Disk(64, [AUTO], iops=50_000),
    ],
)
def test_what_can_be_made(disk: Disk) -> None:
    assert refused_disk(disk) == ""


@pytest.mark.parametrize(
    ("disk", "reason"),
    [
        (Disk(20, []), "at least one disk type is needed: without one the driver takes the previous generation"),
        (Disk(20, [AUTO, AUTO]), "a disk type stands there twice"),
        (Disk(20, [REGIONAL, AUTO]), "cloud_regional_disk_auto cannot be mixed with types that live in one zone"),
        (Disk(20, [AUTO], PerformanceLevel.PL1), "a performance level (PL1) is for cloud_essd only"),
        (Disk(19), "cloud_essd PL1 has 20 to 65536 GiB; the claim has 19 GiB"),
        (Disk(460, [ESSD], PerformanceLevel.PL2), "cloud_essd PL2 has 461 to 65536 GiB; the claim has 460 GiB"),
        (Disk(1260, [ESSD], PerformanceLevel.PL3), "cloud_essd PL3 has 1261 to 65536 GiB; the claim has 1260 GiB"),
        (Disk(65537, [AUTO]), "cloud_auto has 1 to 65536 GiB; the claim has 65537 GiB"),
        (Disk(9, [ENTRY]), "cloud_essd_entry has 10 to 65536 GiB; the claim has 9 GiB"),
        (Disk(9, [REGIONAL]), "cloud_regional_disk_auto has 10 to 65536 GiB; the claim has 9 GiB"),
        (Disk(20, [ESSD], iops=100), "provisioned IOPS: cloud_auto only"),
        (Disk(20, [REGIONAL], bursting=True), "bursting: cloud_auto only"),
        (Disk(3, [AUTO], bursting=True), "bursting: from 4 GiB on; the claim has 3 GiB"),
        (
            Disk(20, [AUTO], iops=17_001),
            "17001 provisioned IOPS; a disk of 20 GiB takes 1 to 17000: min{1,000 x size - baseline of 3000, 50,000}",
        ),
        (
            Disk(4, [AUTO], iops=0),
            "0 provisioned IOPS; a disk of 4 GiB takes 1 to 1000: min{1,000 x size - baseline of 3000, 50,000}",
        ),
    ],
)
def test_what_cannot(disk: Disk, reason: str) -> None:
    assert refused_disk(disk) == reason


@pytest.mark.parametrize(
    ("disk", "reason"),
    [
        (Disk(20, [AUTO]), ""),
        (Disk(20, DEFAULT_TYPES), "a disk of the stack's own has exactly one type"),
        (Disk(20, [REGIONAL]), "cloud_regional_disk_auto: the provider cannot make it; use a claim of kind essd"),
        (Disk(32769, [ENTRY]), "cloud_essd_entry has 10 to 32768 GiB; the claim has 32769 GiB"),
        (Disk(19, [ESSD]), "cloud_essd PL1 has 20 to 65536 GiB; the claim has 19 GiB"),
    ],
)
def test_static_disks(disk: Disk, reason: str) -> None:
    assert refused_static_disk(disk) == reason


def test_attributes_class_names_one_category() -> None:
    assert refused_attributes_class(Disk(20, [AUTO])) == ""
    assert refused_attributes_class(Disk(20)) == (
        "attributes_class: with exactly one type; a disk changes into one category"
    )


@pytest.mark.parametrize(("days", "refused"), [(1, False), (65536, False), (0, True), (-1, True), (65537, True)])
def test_snapshot_days(days: int, refused: bool) -> None:
    assert refused_snapshot_days(days) == (f"snapshots are kept {days} days; ECS takes 1 to 65536" if refused else "")


@pytest.mark.parametrize(
    ("size", "baseline", "most"),
    [(1, 3000, 0), (3, 3000, 0), (4, 3000, 1000), (24, 3000, 21_000), (40, 3800, 36_200), (2000, 50_000, 50_000)],
)
def test_iops_by_hand(size: int, baseline: int, most: int) -> None:
    assert (baseline_iops(size), most_provisioned_iops(size)) == (baseline, most)


@given(st.integers(1, 65536))
def test_baseline_and_provisioned_never_exceed_the_density(size: int) -> None:
    assert 3000 <= baseline_iops(size) <= 50_000
    assert 0 <= most_provisioned_iops(size) <= 50_000
    if most_provisioned_iops(size):
        assert baseline_iops(size) + most_provisioned_iops(size) <= 1000 * size


@given(st.integers(1, 65536), st.sampled_from(list(PerformanceLevel)))
def test_a_disk_that_can_be_made_can_grow(size: int, level: PerformanceLevel) -> None:
    if refused_disk(Disk(size, [ESSD], level)) == "" and size < 65536:
        assert refused_disk(Disk(size + 1, [ESSD], level)) == ""
