"""Interrupts `make up`: kills it at any moment, and restarts the API server under it. The next run must end well.

The next run must say what it found, come to the same end, and leave nothing for the one after it.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from urllib3.exceptions import HTTPError

from components.contract import Platform
from deploy import engine
from deploy.kube import Kube, Manifest, ref
from deploy.workspace import latest
from devcluster import node_kinds
from devcluster.cluster import Cluster
from devcluster.node_kinds import Nodes
from drills import samples
from drills.results import Result, seconds
from plan import stack_file as stack_files
from plan.manifests import manifest
from plan.recorder import run_program

SAYS = {"a lock": "An earlier run was killed", "pending operations": "An earlier run was interrupted"}
"""What a killed run leaves -> what the next one says of it."""
UP_SECONDS = 300
"""Limit for one `make up`, in seconds."""
LIVE_SHARE = 0.75
"""At least so many of the kills must hit a run that has not ended by itself: runs do not all take equally long."""
_GONE_SECONDS = 120


@dataclass(frozen=True)
class Moment:
    """When `make up` is killed."""

    share: float
    """As a part of the time that a whole run takes: 0 is its start and 1 its end."""
    stopped: bool = False
    """Whether the devcluster does not run yet, so that the kill may hit its start."""
    engine_too: bool = True
    """Whether the engine is killed as well. Else it soon ends by itself, because its program is gone."""


def moments(count: int, stopped: int = 0) -> list[Moment]:
    """`count` different moments, evenly over a whole run; `stopped` of them from a stopped devcluster."""
    running = count - stopped
    found = [Moment((n + 0.5) / running, engine_too=n % 2 == 0) for n in range(running)]
    return found + [Moment((n + 0.5) / stopped, stopped=True, engine_too=n % 2 == 0) for n in range(stopped)]


class Interrupted:
    """A stack of the project, on a devcluster of its own in the cache folder of this process."""

    def __init__(self, name: str = "dev", nodes: Nodes = Nodes.SIMULATED) -> None:
        self.file = stack_files.read(name)
        self.cluster = Cluster(name, Platform(self.file.settings.platform), nodes=nodes)
        self.cluster.start(keep=False)
        options: Any = {"project": self.file.project, "stack": name, "preview": True}
        config = self.file.with_cluster(self.cluster.kubeconfig, self.cluster.context)
        run = run_program(self.file.program, config=config, secret_keys=self.file.secret_keys, **options)
        self.wanted = [manifest(r) for r in run.registrations if r.is_object]
        """What the program says, in its order."""
        self._process: subprocess.Popen[str] | None = None

    def close(self) -> None:
        """End the last run, should it still be going on, with its engine; stop the devcluster."""
        if self._process is not None and self._process.poll() is None:
            kill(self._process, engine_too=True)
        self.cluster.stop()

    @property
    def kube(self) -> Kube:
        """The API server. After a restart this may be another connection."""
        return samples.kube(self.cluster)

    def start_up(self) -> subprocess.Popen[str]:
        """Start `make up` and return without waiting for it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "deploy", "up", "--stack", self.file.name],
            cwd=stack_files.ROOT,
            env={**os.environ, node_kinds.VARIABLE: self.cluster.kind.value},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self._process

    def until_made(self, which: int, process: subprocess.Popen[str]) -> None:
        """Wait until the object of this number is made, or until the run ends."""
        kube = self.kube
        while process.poll() is None and kube.get(self.wanted[which]) is None:
            time.sleep(0.01)

    def wait_up(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Wait for the end of the run; its exit code and its output."""
        output, _ = process.communicate(timeout=UP_SECONDS)
        return process.returncode, output

    def finish(self) -> list[str]:
        """Run `make up` to its end; what is not as it should be afterwards, in the cluster or in the state."""
        found = self.left()
        code, output = self.wait_up(self.start_up())
        if code:
            return [f"the next run fails: {_last_line(output)}"]
        silent = [f"the next run does not say that it found {what}" for what in found if SAYS[what] not in output]
        return silent + self.differences() + [f"{what} is still there after the next run" for what in self.left()]

    def left(self) -> list[str]:
        """What a killed run has left for the engine: see SAYS."""
        checkpoint = engine.checkpoint(self.file.project, self.file.name)
        locked = any(engine.locks_of(self.file.project, self.file.name).glob("*.json"))
        found = ["a lock"] if locked else []
        pending = latest(checkpoint).get("pending_operations")
        return found + (["pending operations"] if pending else [])

    def differences(self) -> list[str]:
        """Objects that are missing, that differ from the program, or that the program does not register."""
        found: list[str] = []
        for body in self.wanted:
            live = self.kube.get(body)
            if live is None:
                found.append(f"{ref(body)} is missing")
            elif body["kind"] != "Secret" and (where := _differs(body, live)):
                # A generated password is known only to the run that generated it.
                found.append(f"{ref(body)}: {where} is not as the program says")
        known = {ref(body) for body in self.wanted}
        return found + [f"{ref(m)} is left over" for m in self.kube.made_by_engine() if ref(m) not in known]

    def count(self) -> int:
        """Objects of the stack that are there; 0 where the devcluster ends with the killed run that was starting it."""
        if not self.cluster.running:
            return 0
        try:
            return len(list(self.kube.made_by_engine()))
        except HTTPError:
            return 0

    def wipe(self, *, stop: bool = False) -> None:
        """Delete everything of the stack, its data included, so that the next run is a first one.

        `stop`: stop the devcluster afterwards.
        """
        kube = self.kube
        engine.forget(self.file.project, self.file.name)
        mine = list(kube.made_by_engine())
        for body in mine:
            kube.delete(body)
        deadline = time.monotonic() + _GONE_SECONDS
        while any(kube.get(body) for body in mine):
            if time.monotonic() > deadline:
                raise TimeoutError(f"objects of {self.file.name} are still there after {_GONE_SECONDS} s")
            time.sleep(0.2)
        for volume in kube.list("v1", "PersistentVolume"):
            kube.delete(volume)
        if stop:
            self.cluster.stop()


def killed(when: Sequence[Moment], name: str = "dev", nodes: Nodes = Nodes.SIMULATED) -> Result:
    """Kill a first `make up` at each of these moments, each time on a cluster without anything of the stack."""
    stage = Interrupted(name, nodes)
    problems: list[str] = []
    hits: list[str] = []
    lasts: dict[bool, float] = {}
    alive = 0
    try:
        # Those from a stopped devcluster come last: a devcluster that `make up` has started would outlive this process.
        for moment in sorted(when, key=lambda moment: moment.stopped):
            if moment.stopped not in lasts:
                lasts[moment.stopped] = _whole_run(stage, moment.stopped)
            stage.wipe(stop=moment.stopped)
            process = stage.start_up()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(lasts[moment.stopped] * moment.share)
            alive += process.poll() is None
            kill(process, moment.engine_too)
            hits.append(f"{'stopped, ' if moment.stopped else ''}{moment.share:.0%}: {stage.count()}")
            problems += [f"killed at {hits[-1]} of {len(stage.wanted)} objects: {p}" for p in stage.finish()]
    finally:
        stage.close()
    if alive < LIVE_SHARE * len(when):
        problems.append(f"only {alive} of {len(when)} runs had not ended by themselves when they were killed")
    facts = {
        "nodes": nodes.value,
        "objects": str(len(stage.wanted)),
        "a whole run": ", ".join(f"{seconds(last)}{' from stopped' if key else ''}" for key, last in lasts.items()),
        "killed at this part of it: objects made until then": "; ".join(hits),
    }
    return Result(f"`make up` killed at {len(when)} moments", facts, problems)


def _whole_run(stage: Interrupted, stopped: bool) -> float:
    """Seconds that a first `make up` takes, uninterrupted."""
    stage.wipe(stop=stopped)
    began = time.monotonic()
    stage.wait_up(stage.start_up())
    return time.monotonic() - began


def kill(process: subprocess.Popen[str], engine_too: bool) -> None:
    """SIGKILL to `make up`, and with `engine_too` to all that it has started."""
    started = _family(process.pid) if engine_too else []
    process.kill()
    for pid in started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.communicate()


def _family(pid: int) -> list[int]:
    """Children of a process, and theirs. The devcluster's supervisor is none: it has left the family."""
    parents: dict[int, list[int]] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # After the name in brackets: state, parent.
            parents.setdefault(int(file.read_text().rpartition(")")[2].split()[1]), []).append(int(file.parent.name))
    found, todo = list[int](), [pid]
    while todo:
        new = parents.get(todo.pop(), [])
        found += new
        todo += new
    return found


def api_server_restarted(seed: int, name: str = "dev") -> Result:
    """Stop the control plane under `make up` and start it again.

    That run may fail with one line, the next one may not.
    """
    stage = Interrupted(name)
    problems: list[str] = []
    try:
        stage.wipe()
        process = stage.start_up()
        stage.until_made(random.Random(seed).randrange(len(stage.wanted)), process)  # noqa: S311 no secret
        stage.cluster.stop()
        stage.cluster.start(keep=False)
        code, output = stage.wait_up(process)
        if "Traceback" in output:
            problems.append(f"it ends with a traceback: {_last_line(output)}")
        problems += stage.finish()
    finally:
        stage.close()
    facts = {"the interrupted run": "ends well" if code == 0 else f"says: {_last_line(output)}"}
    return Result("API server restarted under `make up`", facts, problems)


def _differs(wanted: Any, live: Any, path: str = "") -> str:
    """Path of the first value that the program gives and the live object lacks. Empty when there is none."""
    if isinstance(wanted, dict):
        here: Manifest = live if isinstance(live, dict) else {}
        for key, value in wanted.items():
            if where := _differs(value, here.get(key), f"{path}.{key}".strip(".")):
                return where
        return ""
    if isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        found = (_differs(w, v, f"{path}[{i}]") for i, (w, v) in enumerate(zip(wanted, live, strict=True)))
        return next((where for where in found if where), "")
    # The API server leaves out empty values.
    return "" if wanted == live or (not wanted and not live) else path


def _last_line(output: str) -> str:
    return next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "nothing")
