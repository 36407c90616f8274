"""Offers: their sizes, their parts, and how their fragments of a stack file come together."""

import pytest

from components.contract import Platform
from estimate.offers import Offer, Part, Sizes, Wanted, merged


def wanted(models: int, data: int, logs: int) -> Wanted:
    return Wanted(Platform.AWS, "us-east-1", ("us-east-1a",), Sizes(models, data, logs))


@pytest.mark.parametrize(
    ("part", "gib"), [(Part.EVERYTHING, 1410), (Part.FILES, 1410), (Part.DISK, 45), (Part.MODELS, 1350)]
)
def test_a_claim_is_sized_with_room_for_what_is_on_it(part: Part, gib: int) -> None:
    assert wanted(models=900, data=30, logs=10).gib(part) == gib


def test_half_as_much_again_is_rounded_up() -> None:
    assert wanted(models=1, data=0, logs=0).gib(Part.MODELS) == 2


@pytest.mark.parametrize("part", [Part.EVERYTHING, Part.DISK])
def test_a_disk_is_never_too_small_for_the_iops_that_are_offered(part: Part) -> None:
    assert wanted(models=1, data=1, logs=0).gib(part) == 40


@pytest.mark.parametrize("part", [Part.PLACE, Part.DATABASE, Part.VECTORS])
def test_what_is_no_claim_has_no_size(part: Part) -> None:
    with pytest.raises(ValueError, match=f"{part.value} is not a claim"):
        wanted(1, 1, 1).gib(part)


def test_a_part_that_is_a_claim_is_offered_with_one() -> None:
    with pytest.raises(ValueError, match="an offer of the part files has a claim"):
        Offer(Part.FILES)


def test_fragments_are_merged_into_each_other_and_keep_their_order() -> None:
    parts = [{"region": "r", "drivers": {"ebs": {"role": "a"}}}, {"drivers": {"efs": {"role": "b"}}}, {"database": {}}]
    found = merged(parts)
    assert found == {"region": "r", "drivers": {"ebs": {"role": "a"}, "efs": {"role": "b"}}, "database": {}}
    assert list(found) == ["region", "drivers", "database"]
    assert parts[0] == {"region": "r", "drivers": {"ebs": {"role": "a"}}}
