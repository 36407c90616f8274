"""Disks of Alibaba Cloud: recognised, billed, how fast, what is cheaper, what is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimate.product import MB_IN_MIB, Use
from estimate.products.essd import EssdDisk


def test_the_driver_takes_the_first_type_of_its_class() -> None:
    rule = EssdDisk.recognised().provisioners["diskplugin.csi.alibabacloud.com"]
    assert rule({"type": "cloud_auto,cloud_essd", "performanceLevel": "PL1,PL0"}, 40) == EssdDisk(40, "cloud_auto")
    more = {"type": "cloud_auto", "provisionedIops": "500", "burstingEnabled": "true"}
    assert rule(more, 40) == EssdDisk(40, "cloud_auto", provisioned_iops=500, bursting=True)


def test_a_disk_in_a_zone_is_what_its_inputs_say() -> None:
    rule = EssdDisk.recognised().types["alicloud:ecs/ecsDisk:EcsDisk"]
    inputs = {"size": 40, "category": "cloud_essd", "performanceLevel": "PL2"}
    assert rule(inputs, None) == EssdDisk(40, "cloud_essd", "PL2")


def test_what_is_billed() -> None:
    def items(disk: EssdDisk) -> list[str]:
        return [charge.item for charge in disk.charges(Use())]

    assert items(EssdDisk(40, "cloud_essd", "PL2")) == ["ecs.cloud_essd.PL2.storage"]
    assert items(EssdDisk(40, "cloud_auto", provisioned_iops=500, bursting=True)) == [
        "ecs.cloud_auto.storage",
        "ecs.cloud_auto.iops",
        "ecs.cloud_auto.burst",
    ]


@pytest.mark.parametrize(
    ("product", "iops", "mib_s"),
    [
        # help page, ESSD AutoPL: 40 GiB are min{1,800 + 50 x 40, 50,000} and min{120 + 0.5 x 40, 350}
        (EssdDisk(40, "cloud_auto"), 3800, 140 * MB_IN_MIB),
        (EssdDisk(1, "cloud_auto"), 3000, 125 * MB_IN_MIB),
        (EssdDisk(65_536, "cloud_auto"), 50_000, 350 * MB_IN_MIB),
        (EssdDisk(40, "cloud_auto", provisioned_iops=1000), 4800, 156 * MB_IN_MIB),
        (EssdDisk(20, "cloud_essd", "PL1"), 2800, 130 * MB_IN_MIB),
        (EssdDisk(500, "cloud_essd", "PL2"), None, None),
        (EssdDisk(500, "cloud_essd_entry"), None, None),
    ],
    ids=str,
)
def test_the_formula(product: EssdDisk, iops: int | None, mib_s: float | None) -> None:
    found = product.speed()
    assert found is not None
    assert (found.iops, found.mib_s) == (iops, pytest.approx(mib_s) if mib_s is not None else None)
    assert found.formula
    assert found.source.startswith("https://") or found.mib_s is None


@given(st.integers(20, 65_536), st.integers(20, 65_536))
def test_a_bigger_disk_is_never_slower(one: int, other: int) -> None:
    small, big = sorted((one, other))
    for category in ("cloud_auto", "cloud_essd"):
        slow, fast = EssdDisk(small, category).speed(), EssdDisk(big, category).speed()
        assert slow is not None
        assert fast is not None
        assert (slow.iops or 0) <= (fast.iops or 0)
        assert (slow.mib_s or 0) <= (fast.mib_s or 0)


def test_the_baseline_is_cheaper_than_provisioned_iops() -> None:
    faster = EssdDisk(40, "cloud_auto", provisioned_iops=500)
    assert [product for _, _, product in faster.cheaper()] == [EssdDisk(40, "cloud_auto")]
    assert list(EssdDisk(40, "cloud_auto").cheaper()) == []


def test_only_the_disk_of_a_region_survives_a_zone_and_all_are_detached_soon() -> None:
    assert EssdDisk(40, "cloud_regional_disk_auto").lost_with_zone() == ""
    disk = EssdDisk(40, "cloud_auto", provisioned_iops=500)
    assert (disk.lost_with_zone(), disk.outage_minutes) == ("cloud_auto +500 IOPS is in one zone", 2)
