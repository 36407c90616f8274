"""The supervisor's children: started in order, ended in reverse order, each with a log file of its own."""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from devcluster.errors import DevclusterError
from devcluster.process import die_with_parent
from devcluster.programs import Program
from devcluster.real import namespace

LOGS = "logs"
KEPT_LOGS = 3
"""Logs of so many earlier starts are kept, as `<name>.log.1` (the last one) and so on."""
STOP_SECONDS = 5
"""Time to end by itself, for each program. No data depends on it: etcd's log survives a kill."""
TRUST = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables that name the authorities whose certificates count (pkg.go.dev/crypto/x509, SystemCertPool)."""

_log = logging.getLogger("supervisor")


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    log: Path


class Fleet:
    """The running programs of one cluster."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._children: list[_Child] = []

    def start(self, program: Program, network: int | None = None, descriptors: Sequence[int] = ()) -> None:
        """Start a program; it is killed by the kernel when this process ends, however it ends.

        `network`: the network namespace that it runs in; None: the machine's. `descriptors`: what it inherits.
        """
        log = rotate_log(self._directory, program.name)
        with log.open("wb") as output:
            process = subprocess.Popen(
                program.command,
                cwd=self._directory,
                env=child_environment(self._directory),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=descriptors,
                preexec_fn=_prepared(network),
            )
        _log.info("started %s, process %d", program.name, process.pid)
        self._children.append(_Child(program, process, log))

    def check(self) -> None:
        """Raises DevclusterError when a program has ended: a cluster that lacks one is no cluster."""
        for child in self._children:
            status = child.process.poll()
            if status is not None:
                raise DevclusterError(
                    f"{child.program.name} ended with status {status}: {last_line(child.log)}; see {child.log}"
                )

    def drop_if_port_was_taken(self, name: str) -> bool:
        """Forget a program that ended because its port was taken; False when that is not what happened."""
        for child in self._children:
            if child.program.name != name or child.process.poll() is None:
                continue
            if b"address already in use" in child.log.read_bytes():
                self._children.remove(child)
                return True
        return False

    def stop(self) -> None:
        """End all programs, the last started first, so that none sees another one missing."""
        for child in reversed(self._children):
            _end(child)
        self._children.clear()

    def end(self, name: str) -> None:
        """End one program and forget it. Does nothing when there is none of that name."""
        for child in [child for child in self._children if child.program.name == name]:
            _end(child)
            self._children.remove(child)


def _end(child: _Child) -> None:
    began = time.monotonic()
    if child.process.poll() is None:
        child.process.send_signal(signal.SIGKILL if child.program.killed else signal.SIGTERM)
    try:
        child.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        _log.warning("%s does not end: killed", child.program.name)
        child.process.kill()
        child.process.wait()
    _log.info("%s ended after %.1f s", child.program.name, time.monotonic() - began)


def _prepared(network: int | None) -> Callable[[], None] | None:
    bind = die_with_parent()
    if network is None or bind is None:
        return bind

    def prepare() -> None:
        bind()
        namespace.enter(network)

    return prepare


def rotate_log(directory: Path, name: str) -> Path:
    """The file for a program's new log; earlier ones move on by one."""
    logs = directory / LOGS
    logs.mkdir(mode=0o700, exist_ok=True)
    for number in range(KEPT_LOGS, 0, -1):
        earlier = logs / (f"{name}.log.{number - 1}" if number > 1 else f"{name}.log")
        if earlier.exists():
            earlier.replace(logs / f"{name}.log.{number}")
    return logs / f"{name}.log"


def last_line(log: Path) -> str:
    """The last line of a log that says something, shortened; that is where a program says why it ends."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8192))
        lines = file.read().decode(errors="replace").splitlines()
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "no output")


def child_environment(directory: Path) -> dict[str, str]:
    """Environment of the cluster's programs: nothing of the user's (no KUBECONFIG, no proxy, no home folder).

    Whom the user trusts is kept: a registry of images may have a certificate of the user's own authority.
    """
    root = str(Path(__file__).resolve().parent.parent)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", *TRUST) if name in os.environ}
    return {**kept, "HOME": str(directory), "PYTHONPATH": root, "PYTHONUNBUFFERED": "1"}
