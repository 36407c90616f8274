"""The advisor over its whole decision space."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product

import pytest

from components.contract import Platform, Profile, Role
from estimate.advisor import READS_PER_QUERY, Advice, Answer, Load
from estimate.choices import choices, outage_minutes, survives_zone, zones_needed
from guard.safety import Pods, check
from stacks.advice import ask, offered

BUDGETS = (10, 50, 150, 400, 1000, 5000)


def loads() -> Iterator[Load]:
    """Every combination of what changes an advice; budgets apart."""
    for platform, pods, zones, model, queries, logs, zone, outage in product(
        Platform, (1, 3), (1, 3), (5, 200), (1, 200), (0.01, 100), (False, True), (0, 5, 60)
    ):
        yield Load(
            platform,
            model_gib=model,
            pods=pods,
            zones=zones,
            queries_per_second=queries,
            log_mb_per_second=logs,
            survives_zone=zone,
            outage_minutes=outage,
        )


LOADS = list(loads())


class Space:
    """The whole space, asked once: the full answer without a budget, and what is best with each."""

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.seen = 0
        self.without_budget = {load: self._asked(load) for load in LOADS}
        self.with_budget = {load: [self._asked(replace(load, budget=b)) for b in BUDGETS] for load in LOADS}

    def _asked(self, load: Load) -> tuple[Advice, ...]:
        accepted = ask(load).accepted
        self.seen += len(accepted)
        self.broken += [f"{load}: {a.choice.name}: {what}" for a in accepted for what in promises_broken(a, load)]
        return accepted


@pytest.fixture(scope="module")
def space() -> Space:
    return Space()


def test_every_accepted_way_keeps_every_promise(space: Space) -> None:
    assert space.broken == []
    assert space.seen > 5_000


def promises_broken(advice: Advice, load: Load) -> list[str]:
    """What an advice does not keep, judged apart from the advisor."""
    choice = advice.choice
    asked = Pods(choice.profile, load.pods, "RollingUpdate" if choice.profile == Profile.SCALED else "Recreate")
    broken = [verdict.rule for verdict in check(choice.storage(), asked).refusals]
    if set(choice.storage()) != {role.value for role in Role}:
        broken.append("a role has no place")
    if load.budget is not None and (advice.cost.known > load.budget or advice.cost.unknown):
        broken.append("budget")
    if load.survives_zone and not survives_zone(choice)[0]:
        broken.append("zone")
    if outage_minutes(choice) > load.outage_minutes:
        broken.append("outage")
    if zones_needed(choice) > load.zones:
        broken.append("zones")
    if advice.index_iops is not None and advice.index_iops < load.queries_per_second * READS_PER_QUERY:
        broken.append("IOPS")
    return broken


def test_every_way_is_accepted_or_left_out_with_a_reason() -> None:
    for load in LOADS:
        answer = ask(load)
        every = list(choices(load.platform, offered(load)))
        judged = [advice.choice for advice in (*answer.accepted, *answer.rejected)]
        assert sorted(c.name for c in judged) == sorted(c.name for c in every)
        assert all(advice.reasons for advice in (*answer.accepted, *answer.rejected))


def test_more_budget_never_gives_a_slower_plan(space: Space) -> None:
    for answers in space.with_budget.values():
        speeds = [accepted[0].speed for accepted in answers if accepted]
        assert speeds == sorted(speeds, reverse=True)


def test_more_budget_never_loses_a_way(space: Space) -> None:
    for answers in space.with_budget.values():
        for less, more in pairwise(answers):
            assert {a.choice.name for a in less} <= {a.choice.name for a in more}


def test_a_higher_recovery_target_never_gives_a_weaker_plan(space: Space) -> None:
    for load, accepted in space.without_budget.items():
        for higher in (
            replace(load, survives_zone=True),
            replace(load, outage_minutes=5),
            replace(load, outage_minutes=0),
        ):
            if higher.outage_minutes > load.outage_minutes:
                continue
            then = space.without_budget[higher]
            assert {a.choice.name for a in then} <= {a.choice.name for a in accepted}
            if then:
                assert outage_minutes(then[0].choice) <= higher.outage_minutes
                assert survives_zone(then[0].choice)[0] >= higher.survives_zone


def test_without_a_budget_the_cheapest_comes_first(space: Space) -> None:
    for accepted in space.without_budget.values():
        costs = [(a.cost.unknown, a.cost.known) for a in accepted]
        assert costs == sorted(costs)


def best(answer: Answer) -> str:
    return answer.accepted[0].choice.name


@pytest.mark.parametrize(
    ("load", "name"),
    [
        (Load(Platform.AWS), "single-writer: EBS gp3"),
        (Load(Platform.AWS, budget=50), "single-writer: EBS gp3 + EFS"),
        (Load(Platform.AWS, queries_per_second=100), "single-writer: EBS gp3 6000 IOPS 500 MiB/s"),
        (Load(Platform.AWS, pods=3, zones=3, survives_zone=True), "scaled: EFS + RDS in two zones"),
        (Load(Platform.ALICLOUD, zones=3, survives_zone=True), "single-writer: cloud_regional_disk_auto"),
        (Load(Platform.PRIVATE), "single-writer: StorageClass fast"),
        (Load(Platform.PRIVATE, pods=3), "scaled: NFS + StorageClass fast"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_best_way(load: Load, name: str) -> None:
    assert best(ask(load)) == name


def why(load: Load, name: str) -> tuple[str, ...]:
    return next(advice.reasons for advice in ask(load).rejected if advice.choice.name == name)


@pytest.mark.parametrize(
    ("load", "name", "reason"),
    [
        (Load(Platform.AWS, pods=3), "single-writer: EBS gp3", "the guard refuses it: sqlite-many-writers"),
        (Load(Platform.AWS, zones=3, survives_zone=True), "single-writer: EBS gp3", "data is lost or out of reach with a zone: EBS gp3 is in one zone"),
        (Load(Platform.AWS, survives_zone=True), "single-writer: EBS gp3", "the loss of a zone is survived only with nodes in another one"),
        (Load(Platform.AWS, outage_minutes=5), "single-writer: EBS gp3", "after the loss of a node the application is down for about 8 minutes"),
        (Load(Platform.AWS, queries_per_second=100), "single-writer: EBS gp3", "its indexes get 3000 IOPS, and 5000 are needed"),
        (Load(Platform.AWS, log_mb_per_second=200), "single-writer: EBS gp3", "its logs get 125 MiB/s, and 200 are needed"),
        (Load(Platform.AWS, budget=5), "single-writer: EBS gp3", "it costs 7.24 a month, 2.24 above the budget"),
        (Load(Platform.AWS, pods=3), "scaled: EFS + RDS in two zones", "it needs nodes in 2 zones, and there is one"),
        (Load(Platform.ALICLOUD, budget=500), "single-writer: cloud_auto", "a price is not known, so it may cost more than the budget"),
        (Load(Platform.AWS, region="eu-central-1", budget=500), "single-writer: EBS gp3 + EFS", "3 prices are not known, so it may cost more than the budget"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_why_a_way_is_left_out(load: Load, name: str, reason: str) -> None:
    assert reason in why(load, name)
