"""Programs beside a cluster: started, started again, ended with it."""

import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest

from devcluster import companions
from devcluster.companions import Companions
from tests.unit.devcluster.helpers import eventually, processes_in


@pytest.fixture
def beside(tmp_path: Path) -> Generator[Companions]:
    made = Companions(tmp_path)
    yield made
    made.stop()
    assert processes_in(tmp_path) == []


def test_what_is_written_is_started_once_and_logged(beside: Companions, tmp_path: Path) -> None:
    companions.write(tmp_path, "talker", ["sh", "-c", "echo here; exec sleep 60"])
    for _ in range(3):
        beside.check()
    assert len(processes_in(tmp_path)) == 1
    eventually("it has said it", 60, lambda: (tmp_path / "logs" / "talker.log").read_text() == "here\n")


def test_one_that_ends_is_started_again_after_a_pause(
    beside: Companions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    companions.write(tmp_path, "sleeper", ["sleep", "60"])
    beside.check()
    (first,) = processes_in(tmp_path)
    os.kill(first, signal.SIGKILL)
    eventually("it is gone", 60, lambda: processes_in(tmp_path) == [])
    beside.check()
    assert processes_in(tmp_path) == [], "not at once: one that cannot run would take a whole processor"
    monkeypatch.setattr(companions, "_RESTART_SECONDS", 0.0)
    beside.check()
    assert processes_in(tmp_path) not in ([], [first])


def test_one_that_does_not_end_by_itself_is_killed(
    beside: Companions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companions, "_STOP_SECONDS", 0.2)
    companions.write(tmp_path, "deaf", ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"])
    beside.check()
    eventually("it is deaf", 60, lambda: (tmp_path / "logs" / "deaf.log").read_text() == "deaf\n")
    beside.stop()
    eventually("nothing is left", 60, lambda: processes_in(tmp_path) == [])
