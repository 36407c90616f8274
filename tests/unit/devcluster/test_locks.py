"""A lock lives exactly as long as its holder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from devcluster import locks, recipe

HOLDER = """
import sys, time
from pathlib import Path
from devcluster import locks
assert locks.take(Path(sys.argv[1]), 0) is not None
print("held", flush=True)
time.sleep(60)
"""


def test_a_lock_nobody_took_is_free(tmp_path: Path) -> None:
    assert not locks.is_held(tmp_path / "none")
    assert locks.holder(tmp_path / "none") is None
    assert not (tmp_path / "none").exists()


def test_take_says_who_holds_it(tmp_path: Path) -> None:
    descriptor = locks.take(tmp_path / "lock", 0)
    assert descriptor is not None
    assert locks.holder(tmp_path / "lock") == os.getpid()
    os.close(descriptor)
    assert locks.holder(tmp_path / "lock") is None


def test_a_taken_lock_is_not_given_twice(tmp_path: Path) -> None:
    with locks.hold(tmp_path / "lock"):
        assert locks.is_held(tmp_path / "lock")
        assert locks.take(tmp_path / "lock", 0.1) is None
        assert not locks.wait_until_free(tmp_path / "lock", 0.1)
    assert locks.wait_until_free(tmp_path / "lock", 0.1)


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    environment = {**os.environ, "PYTHONPATH": str(recipe.MODULES.parent.parent)}
    command = [sys.executable, "-c", HOLDER, str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert locks.holder(lock) == process.pid
        process.send_signal(signal.SIGKILL)
    assert locks.wait_until_free(lock, 5)
