"""EBS disks: recognised, billed, how fast, what is cheaper, what is lost."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import aws
from estimate.product import Use
from estimate.products import ebs
from estimate.products.ebs import GP3_IOPS, EbsDisk

DRIVER = EbsDisk.recognised().provisioners["ebs.csi.aws.com"]


def test_a_disk_of_the_driver_is_what_its_class_says() -> None:
    assert DRIVER({}, 10) == EbsDisk(10, "gp3")
    assert DRIVER({"type": "io2", "iops": "500"}, 10) == EbsDisk(10, "io2", 500)
    assert EbsDisk.recognised().provisioners["ebs.csi.eks.amazonaws.com"]({}, 10) == EbsDisk(10, "gp3")


def test_a_disk_in_a_zone_is_what_its_inputs_say() -> None:
    rule = EbsDisk.recognised().types["aws:ebs/volume:Volume"]
    assert rule({"size": 30, "type": "gp3", "throughput": 250}, 99) == EbsDisk(30, "gp3", None, 250)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"type": "st1"}, "type st1: only gp3 and io2 have a rule"),
        ({"iopsPerGB": "5"}, "iopsPerGB has no rule; use iops"),
    ],
)
def test_what_has_no_rule_is_refused(parameters: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DRIVER(parameters, 10)


@given(st.integers(1, 65_536), st.integers(100, 256_000))
def test_io2_iops_are_counted_once_whatever_the_tiers(size: int, iops: int) -> None:
    sold = [charge.quantity for charge in EbsDisk(size, "io2", iops).charges(Use()) if charge.what == "IOPS"]
    assert sum(q for q in sold if q is not None) == iops


@pytest.mark.parametrize(
    ("product", "iops", "mib_s"),
    [
        (EbsDisk(50, "gp3"), 3000, 125),
        (EbsDisk(50, "gp3", 5000, 1000), 5000, 1000),
        (EbsDisk(50, "io2", 1000), 1000, 250),
        (EbsDisk(500, "io2", 100_000), 100_000, 4000),
    ],
    ids=str,
)
def test_the_formula(product: EbsDisk, iops: int, mib_s: float) -> None:
    found = product.speed()
    assert found is not None
    assert (found.iops, found.mib_s) == (iops, mib_s)
    assert found.source.startswith("https://")


def test_the_limits_are_those_of_the_components() -> None:
    most = ebs.GP3_MOST_IOPS
    assert aws.ebs_refused(aws.EbsType.GP3, 1000, most, None) == ""
    assert aws.ebs_refused(aws.EbsType.GP3, 1000, most + 1, None) != ""
    assert aws.ebs_refused(aws.EbsType.GP3, 10, 10 * ebs.GP3_IOPS_PER_GIB, None) == ""
    assert aws.ebs_refused(aws.EbsType.GP3, 10, 10 * ebs.GP3_IOPS_PER_GIB + 1, None) != ""


@pytest.mark.parametrize("iops", [100, 3000, 5000, 60_000])
@pytest.mark.parametrize("size", [4, 50, 1000])
def test_every_cheaper_disk_can_be_bought(size: int, iops: int) -> None:
    for kind in ("io2", "gp3"):
        disk = EbsDisk(size, kind, max(iops, GP3_IOPS) if kind == "gp3" else iops, None)
        for start in (disk, replace(disk, throughput=750) if kind == "gp3" else disk):
            for _, _, product in start.cheaper():
                assert isinstance(product, EbsDisk)
                if kind == "gp3" and aws.ebs_refused(aws.EbsType.GP3, size, start.iops, start.throughput):
                    continue
                assert aws.ebs_refused(aws.EbsType(product.kind), size, product.iops, product.throughput) == ""


def test_fewer_iops_carry_less_throughput() -> None:
    changes = {change: product for change, _, product in EbsDisk(100, "gp3", 16_000, 1000).cheaper()}
    assert changes == {
        "iops: leave it out": EbsDisk(100, "gp3", None, 750),
        "throughput: leave it out": EbsDisk(100, "gp3", 16_000),
    }


def test_it_is_lost_with_its_zone_and_away_until_it_is_detached_by_force() -> None:
    disk = EbsDisk(50, "gp3", 6000, 500)
    assert disk.lost_with_zone() == "EBS gp3 6000 IOPS 500 MiB/s is in one zone"
    assert disk.outage_minutes == 8
    assert EbsDisk(50, "io2", 100).words.startswith("EBS io2")
