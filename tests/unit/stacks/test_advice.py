"""What the program offers the advisor."""

from collections import Counter

import pytest

from components.contract import Platform, Profile
from estimate.advisor import Load
from estimate.choices import choices
from estimate.offers import Part, Sizes, Wanted
from stacks.advice import LETTERS, judged, offered
from stacks.kinds.ebs import KIND as EBS
from stacks.kinds.lustre import KIND as LUSTRE
from stacks.kinds.openzfs import KIND as OPENZFS

WANTED = Wanted(Platform.AWS, "us-east-1", ("us-east-1a",), Sizes(15, 30, 10))


@pytest.mark.parametrize("platform", Platform)
def test_every_platform_has_one_place_and_all_that_both_profiles_need(platform: Platform) -> None:
    count = Counter(offer.part for offer in offered(Load(platform)))
    assert count[Part.PLACE] == 1
    assert all(count[part] for part in Part if part not in (Part.PLACE, Part.MODELS))
    assert bool(count[Part.MODELS]) == (platform == Platform.AWS)


@pytest.mark.parametrize("platform", Platform)
def test_no_two_ways_have_the_same_name(platform: Platform) -> None:
    names = [choice.name for choice in choices(platform, offered(Load(platform)))]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("load", "zones"),
    [
        (Load(Platform.AWS, zones=2), {"us-east-1a", "us-east-1b"}),
        (Load(Platform.AWS, region="eu-central-1"), {"eu-central-1a"}),
        (Load(Platform.ALICLOUD, zones=2), {"cn-hangzhou-a", "cn-hangzhou-b"}),
        (Load(Platform.ALICLOUD, region="eu-central-1"), {"eu-central-1a"}),
    ],
)
def test_zones_are_named_as_the_cloud_names_them(load: Load, zones: set[str]) -> None:
    place = next(offer for offer in offered(load) if offer.part == Part.PLACE)
    assert set(place.section["subnets" if load.platform == Platform.AWS else "vswitches"]) == zones


def test_there_are_names_for_as_many_zones_as_can_be_asked_for() -> None:
    place = offered(Load(Platform.AWS, zones=len(LETTERS)))[0]
    assert len(place.section["subnets"]) == len(LETTERS)


def test_other_targets_get_the_same_offers() -> None:
    """So that whoever asks again does not judge everything again."""
    assert offered(Load(Platform.AWS)) is offered(Load(Platform.AWS, budget=5, outage_minutes=0))


@pytest.mark.parametrize(("models", "size"), [(15, 1200), (800, 1200), (801, 2400), (900, 2400), (1601, 4800)])
def test_lustre_is_offered_in_sizes_that_are_sold(models: int, size: int) -> None:
    wanted = Wanted(Platform.AWS, "us-east-1", ("us-east-1a",), Sizes(models, data=30, logs=10))
    assert {offer.claim["size_gib"] for offer in LUSTRE.offers(wanted) if offer.claim} == {size}


def test_an_offer_says_what_it_needs_in_the_platforms_section() -> None:
    two_zones, one = (
        next(offer for offer in OPENZFS.offers(WANTED) if offer.settings["deployment"] == deployment)
        for deployment in ("MULTI_AZ_1", "SINGLE_AZ_HA_2")
    )
    assert list(two_zones.section) == ["routeTables"]
    assert one.section == {}
    assert all(list(offer.section["drivers"]) == ["ebs"] for offer in EBS.offers(WANTED))


def test_the_guard_judges_by_its_rules() -> None:
    single = next(choices(Platform.AWS, offered(Load(Platform.AWS))))
    assert judged(single.storage(), Profile.SINGLE_WRITER, 1).refusals == ()
    assert "sqlite-many-writers" in judged(single.storage(), Profile.SINGLE_WRITER, 3).refusals
    scaled = [c for c in choices(Platform.AWS, offered(Load(Platform.AWS))) if c.profile == Profile.SCALED]
    assert all(judged(choice.storage(), Profile.SCALED, 3).refusals == () for choice in scaled)
    assert all(judged(choice.storage(), Profile.SCALED, 3).warnings for choice in scaled)
