"""EFS: recognised, how fast, what is cheaper, what is lost."""

import pytest

from estimate.product import Free
from estimate.products.efs import Efs

RULE = Efs.recognised().types["aws:efs/fileSystem:FileSystem"]


def test_a_file_system_holds_what_its_claim_asks_for() -> None:
    assert RULE({"throughputMode": "elastic"}, 100) == Efs(100)
    assert RULE({"throughputMode": "elastic", "availabilityZoneName": "us-east-1a"}, None) == Efs(None, one_zone=True)


def test_another_throughput_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="throughput mode bursting: only elastic has a rule"):
        RULE({"throughputMode": "bursting"}, 100)


def test_a_folder_that_the_driver_makes_is_billed_with_the_file_system() -> None:
    assert Efs.recognised().provisioners["efs.csi.aws.com"]({}, 10) == Free("a way to storage; that storage is billed")


@pytest.mark.parametrize(("one_zone", "numbers"), [(False, (900_000, 1500)), (True, (35_000, 500))])
def test_the_numbers_of_the_user_guide(one_zone: bool, numbers: tuple[int, int]) -> None:
    found = Efs(100, one_zone=one_zone).speed()
    assert found is not None
    assert (found.iops, found.mib_s) == numbers
    assert found.source.startswith("https://")


def test_only_one_zone_is_cheaper_and_it_is_lost_with_it() -> None:
    assert [(change, product) for change, _, product in Efs(100).cheaper()] == [
        ("oneZone: <zone>", Efs(100, one_zone=True))
    ]
    assert list(Efs(100, one_zone=True).cheaper()) == []
    assert Efs(100).lost_with_zone() == ""
    assert Efs(100, one_zone=True).lost_with_zone() == "EFS One Zone is in one zone"
    assert (Efs(100).outage_minutes, Efs(100).zones_needed) == (0, 1)
