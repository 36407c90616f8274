"""Every order of troubles of a pair: never two Primaries, never the address elsewhere, never an acknowledged write lost."""

import pytest

from tests.unit.components.nfs_server import pair_model
from tests.unit.components.nfs_server.pair_model import SERVING, Broken, State, second, troubles

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
