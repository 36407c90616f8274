"""Programs that somebody else has run beside a cluster with simulated nodes: they end with it and start with it again.

The cluster does not need them: one that ends is started again, and what it said is in its log.
"""

import contextlib
import json
import logging
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from devcluster import fleet
from devcluster.credentials import write_private
from devcluster.process import die_with_parent

_FILE = "companions.json"
_RESTART_SECONDS = 1.0
_STOP_SECONDS = 5.0
_log = logging.getLogger("supervisor")


def read(cluster: Path) -> dict[str, list[str]]:
    """Name of each companion -> its command line."""
    file = cluster / _FILE
    return json.loads(file.read_text()) if file.exists() else {}


def write(cluster: Path, name: str, command: Sequence[str]) -> None:
    """Have a program run beside the cluster; a changed command line holds from the cluster's next start on."""
    known = read(cluster)
    if known.get(name) != list(command):
        write_private(cluster / _FILE, json.dumps({**known, name: list(command)}))


class Companions:
    """The companions of one cluster. Used by the supervisor alone."""

    def __init__(self, cluster: Path) -> None:
        self._cluster = cluster
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._ended: dict[str, float] = {}

    def check(self) -> None:
        """Start what is wanted and does not run. Called about once a second."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                _log.info("companion %s ended with status %d", name, process.returncode)
                del self._running[name]
                self._ended[name] = time.monotonic()
        for name, command in read(self._cluster).items():
            if name not in self._running and time.monotonic() - self._ended.get(name, 0.0) >= _RESTART_SECONDS:
                self._start(name, command)

    def stop(self) -> None:
        """End all; what does not end by itself is killed."""
        for process in self._running.values():
            process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for process in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            process.kill()
            process.wait()
        self._running.clear()

    def _start(self, name: str, command: list[str]) -> None:
        with fleet.rotate_log(self._cluster, name).open("wb") as log:
            self._running[name] = subprocess.Popen(
                command,
                cwd=self._cluster,
                env=fleet.child_environment(self._cluster),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent(),
            )
        _log.info("started companion %s, process %d", name, self._running[name].pid)
