"""`make up` killed, and its API server restarted, in the short form; and what makes these drills red."""

import itertools
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devcluster.node_kinds import Nodes
from drills import interruptions, real
from drills.interruptions import Interrupted, Moment
from drills.program import FULL_KILLS, SHORT_KILLS
from drills.results import Result
from plan.exits import INTERRUPTED


def told(result: Result) -> list[str]:
    print(result.line)
    return result.problems


def test_killed_at_any_moment_the_next_run_comes_to_the_same_end(cache: Path) -> None:
    assert told(interruptions.killed(SHORT_KILLS)) == []


@pytest.mark.long
def test_killed_at_twenty_moments_with_the_nodes_that_make_up_takes(cache: Path) -> None:
    nodes = Nodes.SIMULATED if real.why_not() else Nodes.REAL
    assert told(interruptions.killed(FULL_KILLS, nodes=nodes)) == []


def test_moments_differ_and_are_spread_over_the_whole_run() -> None:
    for stopped in (False, True):
        shares = [m.share for m in FULL_KILLS if m.stopped is stopped]
        assert shares == sorted(set(shares))
        assert shares[0] <= 0.1
        assert shares[-1] >= 0.9
        assert max(after - before for before, after in itertools.pairwise(shares)) <= 0.21
    assert len(FULL_KILLS) == 20


def test_ctrl_c_cancels_in_order_and_leaves_nothing_to_repair(cache: Path) -> None:
    stage = Interrupted()
    try:
        stage.wipe()
        process = stage.start_up()
        stage.until_made(1, process)
        process.send_signal(signal.SIGINT)
        code, output = stage.wait_up(process)
        assert code == INTERRUPTED
        assert "Cancelling: what has begun is finished or given up. Ctrl-C again ends it at once." in output
        assert output.splitlines()[-1] == "interrupted; run the same command again to continue from here"
        assert "Traceback" not in output
        assert "a lock" not in stage.left()
        assert stage.finish() == []
    finally:
        stage.cluster.stop()


def test_the_api_server_may_restart_under_a_run(cache: Path) -> None:
    assert interruptions.api_server_restarted(seed=5).problems == []


def printing(text: str, code: int) -> Callable[[Interrupted], subprocess.Popen[str]]:
    """In place of `make up`: does nothing but this."""
    program = f"import sys, time; print({text!r}); time.sleep(1); sys.exit({code})"

    def start(_: Interrupted) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)

    return start


def test_red_when_objects_are_missing_at_the_end(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Interrupted, "start_up", printing("fine", 0))
    problems = interruptions.killed([Moment(0.5)]).problems
    assert len(problems) == 11
    assert "killed at 50%: 0 of 11 objects: Deployment kotaemon/kotaemon is missing" in problems


def test_red_when_runs_end_before_they_are_killed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Interrupted, "start_up", printing("fine", 0))
    monkeypatch.setattr(Interrupted, "finish", lambda _: [])
    problems = interruptions.killed([Moment(3.0)]).problems
    assert problems == ["only 0 of 1 runs had not ended by themselves when they were killed"]


def test_red_when_a_run_ends_with_a_traceback(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Traceback (most recent call last):\n  ...\nOSError: gone"
    monkeypatch.setattr(Interrupted, "start_up", printing(text, 1))
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
