"""The program `pulumi` as we start it: in a session of its own, and what Ctrl-C does to it."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from pulumi import automation as auto

from deploy.command import Command, Interrupts
from plan.stack_file import ROOT
from tests.unit.deploy.fakes import program


def command(folder: Path, script: str) -> Command:
    program(folder / "bin", "pulumi", f'[ "$1" = version ] && echo v3.999.0 && exit\n{script}')
    return Command(root=str(folder))


def test_it_says_what_the_program_says_line_by_line(tmp_path: Path) -> None:
    heard: list[str] = []
    made = command(tmp_path, 'echo "out $*"; echo err >&2; echo "$EXTRA"')
    result = made.run(["stack", "ls"], str(tmp_path), {"EXTRA": "more"}, on_output=heard.append)
    assert (result.stdout, result.stderr, result.code) == ("out --non-interactive stack ls\nmore", "err", 0)
    assert heard == ["out --non-interactive stack ls", "more"]


def test_a_failure_is_the_sdks_own_error(tmp_path: Path) -> None:
    with pytest.raises(auto.CommandError, match="no such stack"):
        command(tmp_path, "echo no such stack >&2; exit 255").run(["up"], str(tmp_path), {})


def test_the_terminals_ctrl_c_does_not_reach_it(tmp_path: Path) -> None:
    made = command(tmp_path, 'cut -d" " -f6 /proc/self/stat')
    assert made.run(["up"], str(tmp_path), {}).stdout != str(os.getsid(0))


TRAPPED = "trap 'echo cancelled; exit 1' INT; echo started; while :; do sleep 0.05; done"
STUBBORN = "trap 'echo no' INT; echo started; while :; do sleep 0.05; done"


def interrupted(folder: Path, script: str, times: int) -> tuple[Interrupts, str, list[str]]:
    """Run it and press Ctrl-C so often; what was told and what it said."""
    made, told, lines = command(folder, script), list[str](), list[str]()

    def press() -> None:
        while "started" not in lines:
            time.sleep(0.01)
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)

    thread = threading.Thread(target=press)
    thread.start()
    with Interrupts(made, told.append) as interrupts, pytest.raises(auto.CommandError):
        made.run(["up"], str(folder), {}, on_output=lines.append)
    thread.join()
    return interrupts, "\n".join(lines), told


def test_the_first_ctrl_c_lets_the_engine_end_in_order(tmp_path: Path) -> None:
    interrupts, said, told = interrupted(tmp_path, TRAPPED, 1)
    assert interrupts.heard == 1
    assert said.splitlines() == ["started", "cancelled"]
    assert told == ["Cancelling: what has begun is finished or given up. Ctrl-C again ends it at once."]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_engine_that_does_not_end_is_killed_after_the_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.command.GRACE_SECONDS", 0.3)
    interrupts, said, _ = interrupted(tmp_path, STUBBORN, 2)
    assert interrupts.heard == 2
    assert "no" in said


def test_between_two_calls_ctrl_c_is_what_it_always_is(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        press_within(Interrupts(command(tmp_path, "true"), print))


def press_within(block: Interrupts) -> None:
    with block:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)


def test_outside_of_the_main_thread_nothing_is_changed() -> None:
    text = (
        "import threading, signal; from deploy.command import Interrupts\n"
        "def run():\n with Interrupts(None, print): print(signal.getsignal(2) is signal.default_int_handler)\n"
        "t = threading.Thread(target=run); t.start(); t.join()"
    )
    done = subprocess.run([sys.executable, "-c", text], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
