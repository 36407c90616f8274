"""The verdict on a node loss: what turns it red."""

import pytest

from drills import loss_case
from drills.loss_case import Fencing, Loss, Scenario

OUTSIDE = Scenario("outside", medium="block", fencing=Fencing.OUTSIDE)


def test_a_disk_in_two_hands_would_be_red() -> None:
    scenario = Scenario("held", medium="block", recovers=False)
    loss = Loss(dict.fromkeys(("detected", "evicted", "ready", "shown"), 9.0))
    result = loss_case.result(scenario, loss, turns=9, lost=set())
    assert result.problems == ["a new pod has the disk although the old node was not fenced"]


def test_red_when_nothing_outside_fences() -> None:
    loss = Loss({"detected": 8.0, "evicted": 13.0}, "already in-use by another pod")
    result = loss_case.result(OUTSIDE, loss, turns=9, lost=set())
    assert result.problems == [
        "not back after 90 s: already in-use by another pod",
        "nothing has fenced the node: it has no out-of-service taint, and its pods still exist",
    ]


def test_red_when_the_automation_leaves_its_taint() -> None:
    phases = {"detected": 8.0, "fenced": 200.0, "ready": 215.0, "shown": 216.0}
    result = loss_case.result(OUTSIDE, Loss(phases, taint_left=True), turns=9, lost=set())
    assert result.problems == ["the out-of-service taint is still there 120 s after the node's return"]
    assert result.facts["fenced to ready"] == "15.0 s"


def test_a_slow_recovery_after_the_automations_fencing_is_red() -> None:
    phases = {"detected": 8.0, "fenced": 200.0, "ready": 291.0, "shown": 292.0}
    result = loss_case.result(OUTSIDE, Loss(phases), turns=9, lost=set())
    assert result.problems == ["Ready 91.0 s after the fencing; the limit is 90 s"]


LIMITS = [(Scenario("f"), 30.0), (Scenario("b", medium="block", fencing=Fencing.TAINT), 90.0)]


@pytest.mark.parametrize(("scenario", "limit"), LIMITS, ids=["file", "block"])
def test_a_slow_recovery_is_red(scenario: Scenario, limit: float) -> None:
    phases = {"detected": 8.0, "ready": 8.0 + limit + 1, "shown": 8.0 + limit + 1}
    result = loss_case.result(scenario, Loss(phases), turns=9, lost=set())
    assert result.problems == [f"Ready {limit + 1:.1f} s after the detection; the limit is {limit:.0f} s"]
