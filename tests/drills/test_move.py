"""A mover that is killed at each of its calls to the cluster, in turn: it goes on or is taken back, and nothing is lost."""

from collections.abc import Callable

import pytest

from tests.unit.deploy.move.moves import Move, made, run_again, taken_back

__all__ = ["made"]
pytestmark = pytest.mark.long


def test_killed_at_every_call_and_run_again(made: Callable[..., Move]) -> None:
    run_again(made, 1)


def test_killed_at_every_call_and_taken_back(made: Callable[..., Move]) -> None:
    taken_back(made, 1)
