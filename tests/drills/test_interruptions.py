"""`make up` killed, and its API server restarted, in the short form; and what makes these drills red."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from drills import interruptions
from drills.interruptions import Interrupted
from drills.program import SHORT_KILLS


def test_killed_at_random_points_the_next_run_comes_to_the_same_end(cache: Path) -> None:
    assert interruptions.killed(SHORT_KILLS, seed=5).problems == []


def test_the_api_server_may_restart_under_a_run(cache: Path) -> None:
    assert interruptions.api_server_restarted(seed=5).problems == []


class Fixed(Interrupted):
    """A stage whose second run is not what it should be."""

    def finish(self) -> list[str]:
        problems = super().finish()
        deployment = next(body for body in self.wanted if body["kind"] == "Deployment")
        self.kube.delete(deployment)
        return problems or self.differences()


def test_red_when_an_object_is_missing_at_the_end(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruptions, "Interrupted", Fixed)
    (problem,) = interruptions.killed(1, seed=5).problems
    assert problem.endswith("objects: Deployment kotaemon/kotaemon is missing")


def test_red_when_a_run_ends_with_a_traceback(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Interrupted, process: subprocess.Popen[str]) -> tuple[int, str]:
        process.communicate()
        return 1, "Traceback (most recent call last):\n  ...\nOSError: gone\n"

    monkeypatch.setattr(Interrupted, "wait_up", broken)
    problems = interruptions.api_server_restarted(seed=5).problems
    assert problems == ["it ends with a traceback: OSError: gone", "the next run fails: OSError: gone"]


DIFFERENT: list[tuple[Any, Any, str]] = [
    ({"a": 1}, {"a": 1, "b": 2}, ""),
    ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "a.b[1]"),
    ({"a": {"b": [1, 2]}}, {"a": {"b": [1]}}, "a.b"),
    ({"a": "", "b": {}}, {}, ""),
    ({"a": "x"}, None, "a"),
]


@pytest.mark.parametrize(("wanted", "live", "where"), DIFFERENT)
def test_what_counts_as_another_end(wanted: Any, live: Any, where: str) -> None:
    assert interruptions._differs(wanted, live) == where
