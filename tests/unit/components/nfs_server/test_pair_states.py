"""Every order of troubles of a pair: never two Primaries, never the address elsewhere, no acknowledged write lost."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.components.nfs_server import pair_model
from tests.unit.components.nfs_server.pair_model import SERVING, Broken, State, second, troubles
from tests.unit.components.nfs_server.runtime import rules as real_rules

RULES: Any = SimpleNamespace(decide=real_rules.decide, judged=real_rules.judged, fenced=real_rules.fenced)
"""The rules as they are, for those tests that put others in their place."""
Walk = dict[State, tuple[State, str] | None]


def walk(troubles_at_most: int) -> tuple[Walk, int]:
    """All states that so many troubles, at any moments, can lead to: each with the state before it."""
    before: Walk = {SERVING: None}
    wave = [SERVING]
    steps = 0
    for left in range(troubles_at_most, -1, -1):
        # all that time alone leads to, then one trouble more
        queue = list(wave)
        here = list(wave)
        while queue:
            state = queue.pop()
            try:
                for after in second(state):
                    steps += 1
                    if after not in before:
                        before[after] = (state, "second")
                        queue.append(after)
                        here.append(after)
            except Broken as problem:
                raise AssertionError(f"{problem} after {story(before, state)}") from problem
        wave = []
        if left:
            for state in here:
                for name, after in troubles(state):
                    if after not in before:
                        before[after] = (state, name)
                        wave.append(after)
    return before, steps


def story(before: Walk, state: State) -> str:
    """How a state came about."""
    told: list[str] = []
    at = before[state]
    while at is not None:
        state, name = at
        told.append(name)
        at = before[state]
    return ", ".join(reversed(told))


def mended(state: State) -> State:
    """Everything is on and linked again."""
    for at in (0, 1):
        if not state.nodes[at].on:
            state = pair_model.put(state, at, on=True, connected=False, gone=0)
    left = state.left if state.witness else pair_model.LEASE
    return state._replace(links=(True, True, True), witness=True, left=left)


def test_three_troubles_at_any_moments() -> None:
    states, _ = walk(3)
    assert len(states) > 10_000
    # it is not for want of failovers that nothing happened
    assert any(state.nodes[1].address for state in states)
    assert any(state.outdated == "b" and state.nodes[0].address and not state.nodes[1].current for state in states)
    assert any(not node.on and not other.primary for node, other in (state.nodes for state in states))


@pytest.mark.long
def test_five_troubles_at_any_moments() -> None:
    walk(5)


def test_when_all_is_mended_one_node_serves_within_half_a_minute() -> None:
    now = {mended(state) for state in walk(2)[0]}
    for _ in range(30):
        now = {next(second(state)) for state in now}
    for state in now:
        assert [node.address for node in state.nodes].count(True) == 1, state
        assert all(node.current and node.disk == "UpToDate" for node in state.nodes), state


def test_a_node_that_comes_back_does_not_take_over() -> None:
    now = pair_model.off(SERVING, 0)
    for _ in range(20):
        now = next(second(now))
    assert now.nodes[1].address
    now = mended(now)
    for _ in range(30):
        now = next(second(now))
        assert now.nodes[1].address
        assert not now.nodes[0].primary


def _forgets(held: Any, node: str, other: str, mark: str, now: float) -> Any:
    said, after = RULES.judged(held, node, other, mark, now)
    return said, after._replace(outdated="")


def _gives_at_once(held: Any, node: str, other: str, mark: str, now: float) -> Any:
    return RULES.judged(held._replace(until=0.0), node, other, mark, now)


def _never_fences(facts: Any, answer: str) -> str:
    return str(RULES.decide(facts, answer)).replace("fence", "stay")


def _always_goes_on(role: str, answer: str, sure: bool, alone: bool) -> str:
    return "outdated" if role == "Primary" else RULES.fenced(role, answer, sure, alone)


def _never_restarts(role: str, answer: str, sure: bool, alone: bool) -> str:
    return RULES.fenced(role, answer, sure, alone).replace("restart", "again")


def _asks_at_once(facts: Any, answer: str) -> str:
    return RULES.decide(facts._replace(waited=True), answer)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"judged": _forgets}, "two nodes are Primary"),
        ({"judged": _gives_at_once}, "two nodes are Primary"),
        ({"fenced": _always_goes_on}, "acknowledge"),
        ({"fenced": _never_restarts, "decide": _never_fences}, "two nodes are Primary"),
        ({"decide": _asks_at_once}, "two nodes are Primary"),
    ],
    ids=["a witness that forgets", "that gives at once", "no freeze", "no self-fencing", "no wait"],
)
def test_without_one_of_the_rules_the_walk_finds_the_loss(
    monkeypatch: pytest.MonkeyPatch, rules: dict[str, Any], said: str
) -> None:
    for name, rule in rules.items():
        monkeypatch.setattr(pair_model if name == "decide" else pair_model.rules, name, rule)
    with pytest.raises(AssertionError, match=said):
        walk(4)
