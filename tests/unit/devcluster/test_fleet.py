"""The supervisor's children, their logs and their end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devcluster import fleet
from devcluster.errors import DevclusterError
from devcluster.fleet import Fleet
from devcluster.programs import Program
from tests.unit.devcluster.helpers import eventually, processes_in

FLEET = """
import sys, time
from pathlib import Path
from devcluster.fleet import Fleet
from devcluster.programs import Program
fleet = Fleet(Path(sys.argv[1]))
fleet.start(Program("sleeper", ["/bin/sh", "-c", "trap '' TERM HUP; echo began; while :; do sleep 1; done"]))
print("started", flush=True)
time.sleep(60)
"""


def shell(name: str, command: str) -> Program:
    return Program(name, ["/bin/sh", "-c", command])


def wait_ended(running: Fleet, directory: Path) -> None:
    eventually("the program has ended", 60, lambda: not processes_in(directory))


def test_a_program_that_ends_is_named_with_its_last_words(tmp_path: Path) -> None:
    running = Fleet(tmp_path)
    running.start(shell("etcd", "echo first; echo 'data folder is broken' >&2; echo; exit 3"))
    wait_ended(running, tmp_path)
    with pytest.raises(DevclusterError) as error:
        running.check()
    assert str(error.value) == f"etcd ended with status 3: data folder is broken; see {tmp_path}/logs/etcd.log"


def test_running_programs_are_fine(tmp_path: Path) -> None:
    running = Fleet(tmp_path)
    running.start(shell("one", "exec sleep 60"))
    running.check()
    running.stop()
    assert processes_in(tmp_path) == []


def test_programs_end_in_reverse_order(tmp_path: Path) -> None:
    running = Fleet(tmp_path)
    for name in ("first", "second"):
        running.start(
            shell(name, f"trap 'echo {name} >> ended; exit' TERM; touch {name}; while :; do sleep 0.05; done")
        )
        eventually("it has set its trap", 60, (tmp_path / name).exists)
    running.stop()
    assert (tmp_path / "ended").read_text().split() == ["second", "first"]


def test_what_has_nothing_to_save_is_killed_at_once(tmp_path: Path) -> None:
    running = Fleet(tmp_path)
    command = ["/bin/sh", "-c", "trap 'echo asked >> asked; exit' TERM; touch began; while :; do sleep 0.05; done"]
    running.start(Program("server", command, killed=True))
    eventually("it has set its trap", 60, (tmp_path / "began").exists)
    running.stop()
    # Its child `sleep` outlives it by a moment.
    eventually("it is gone", 60, lambda: not processes_in(tmp_path))
    assert not (tmp_path / "asked").exists()


def test_a_program_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "STOP_SECONDS", 0.2)
    running = Fleet(tmp_path)
    running.start(shell("stubborn", "trap '' TERM; touch ready; while :; do sleep 0.05; done"))
    eventually("it has set its trap", 60, (tmp_path / "ready").exists)
    running.stop()
    eventually("it is gone", 60, lambda: not processes_in(tmp_path))


@pytest.mark.parametrize(
    ("words", "taken"), [("listen tcp 127.0.0.1:6443: bind: address already in use", True), ("bad flag", False)]
)
def test_a_taken_port_is_told_from_other_ends(tmp_path: Path, words: str, taken: bool) -> None:
    running = Fleet(tmp_path)
    running.start(shell("kube-apiserver", f"echo '{words}'; exit 1"))
    wait_ended(running, tmp_path)
    assert running.drop_if_port_was_taken("kube-apiserver") is taken
    if taken:
        running.check()


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_programs_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    environment = fleet.child_environment(tmp_path)
    command = [sys.executable, "-c", FLEET, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd="/") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        assert processes_in(tmp_path)
        process.kill()
    eventually("its program is gone", 60, lambda: not processes_in(tmp_path))


def test_logs_of_earlier_starts_are_kept_and_the_oldest_go(tmp_path: Path) -> None:
    for number in range(6):
        fleet.rotate_log(tmp_path, "etcd").write_text(f"start {number}")
    found = {path.name: path.read_text() for path in (tmp_path / "logs").iterdir()}
    assert found == {
        "etcd.log": "start 5",
        "etcd.log.1": "start 4",
        "etcd.log.2": "start 3",
        "etcd.log.3": "start 2",
    }


def test_programs_see_nothing_of_the_users_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUBECONFIG", "HTTPS_PROXY", "AWS_SECRET_ACCESS_KEY", "PYTHONSTARTUP"):
        monkeypatch.setenv(name, "mine")
    environment = fleet.child_environment(tmp_path)
    known = {"PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "HOME", "PYTHONPATH", "PYTHONUNBUFFERED"}
    assert set(environment) <= known
    assert environment["HOME"] == str(tmp_path)
    assert environment["PATH"] == os.environ["PATH"]


def test_programs_trust_whom_the_user_trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/ssl/ours.pem")
    assert fleet.child_environment(tmp_path)["SSL_CERT_FILE"] == "/etc/ssl/ours.pem"


def test_the_last_line_of_an_empty_log(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("\n \n")
    assert fleet.last_line(tmp_path / "log") == "no output"
