"""Offers that nobody has heard of are combined, judged and told like any other."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest

from components.contract import AccessMode, Claim, Locks, Medium, Platform, Profile, Role, StorageMap
from estimate.advisor import Judgement, Load, advise
from estimate.choices import Choice, choices, outage_minutes, survives_zone, zones_needed
from estimate.offers import Offer, Part
from estimate.product import Charge, Product, Recognised, Use


@dataclass(frozen=True)
class Tape(Product):
    """A product of this test."""

    name: str
    outage: int = 0
    zones: int = 1
    lost: str = ""

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised()

    @property
    def words(self) -> str:
        return self.name

    def charges(self, use: Use) -> Iterator[Charge]:
        yield Charge("storage", "tape", Decimal(1))

    def lost_with_zone(self) -> str:
        return self.lost

    @property
    def outage_minutes(self) -> int:
        return self.outage

    @property
    def zones_needed(self) -> int:
        return self.zones


def offer(part: Part, product: Tape) -> Offer:
    return Offer(part, (product,), claim(part) if part.claim else None)


def claim(part: Part) -> Claim:
    return Claim(
        name=part.claim,
        access_mode=AccessMode.RWX,
        medium=Medium.FILE,
        backend="tape",
        size_gib=1,
        zones=[],
        encrypted_by="you",
        locks=Locks.SHARED,
        fs_group=False,
    )


OFFERS = (
    Offer(Part.PLACE),
    offer(Part.EVERYTHING, Tape("big", outage=5)),
    offer(Part.DISK, Tape("disk", outage=5, lost="disk is in one zone")),
    offer(Part.FILES, Tape("files", zones=2)),
    offer(Part.MODELS, Tape("models", zones=3)),
    offer(Part.DATABASE, Tape("rows", outage=7, lost="x")),
    offer(Part.VECTORS, Tape("vectors", lost="x")),
)


def named(name: str) -> Choice:
    return next(choice for choice in choices(Platform.AWS, OFFERS) if choice.name == name)


def test_every_combination_of_a_profile_is_a_choice() -> None:
    assert [choice.name for choice in choices(Platform.AWS, OFFERS)] == [
        "single-writer: big",
        "single-writer: big + models",
        "single-writer: disk + files",
        "scaled: files + rows",
        "single-writer: disk + files + models",
        "scaled: files + models + rows",
    ]


@pytest.mark.parametrize("choice", list(choices(Platform.AWS, OFFERS)), ids=lambda choice: choice.name)
def test_every_role_has_one_place(choice: Choice) -> None:
    assert sorted(role for roles in choice.roles.values() for role in roles) == sorted(Role)
    assert set(choice.storage()) == {role.value for role in Role}


def test_models_apart_are_on_no_other_claim() -> None:
    assert named("single-writer: disk + files + models").roles == {
        "disk": (Role.INDEXES, Role.SESSIONS),
        "files": (Role.UPLOADS, Role.LOGS, Role.EVAL),
        "models": (Role.MODELS,),
    }


def test_a_choice_is_as_slow_to_come_back_as_its_slowest_part_and_needs_the_most_zones() -> None:
    assert outage_minutes(named("single-writer: disk + files")) == 5
    assert outage_minutes(named("scaled: files + rows")) == 7
    assert zones_needed(named("scaled: files + rows")) == 2
    assert zones_needed(named("single-writer: big + models")) == 3


def test_what_is_lost_with_a_zone_is_told_of_claims_and_stores() -> None:
    assert survives_zone(named("single-writer: big")) == (True, "")
    assert survives_zone(named("single-writer: disk + files")) == (False, "disk is in one zone")
    assert survives_zone(named("scaled: files + rows")) == (False, "database and vector server are in one zone")


def test_one_store_that_is_lost_is_told_alone() -> None:
    server = [part if part.part != Part.VECTORS else Offer(Part.VECTORS) for part in OFFERS]
    scaled = next(choice for choice in choices(Platform.AWS, server) if choice.profile == Profile.SCALED)
    assert survives_zone(scaled) == (False, "the database is in one zone")


def test_the_guard_is_asked_of_every_choice_and_heard() -> None:
    asked: list[tuple[Profile, int]] = []

    def check(storage: StorageMap, profile: Profile, pods: int) -> Judgement:
        asked.append((profile, pods))
        assert all(mount["claim"]["backend"] == "tape" for mount in storage.values())
        return Judgement(refusals=("tape-is-slow",)) if profile == Profile.SCALED else Judgement(warnings=("tape",))

    answer = advise(Load(Platform.AWS, pods=4, zones=3), OFFERS, check)
    assert set(asked) == {(Profile.SINGLE_WRITER, 4), (Profile.SCALED, 4)}
    assert {advice.choice.profile for advice in answer.accepted} == {Profile.SINGLE_WRITER}
    assert all("the guard refuses it: tape-is-slow" in advice.reasons for advice in answer.rejected)
    assert {advice.guard.warnings for advice in answer.accepted} == {("tape",)}
