"""`make convert`: what one profile keeps in files goes into the stores of the other, and back, while nobody writes.

The converters are those of components/kotaemon/runtime/convert; here they get their Job, their order in time, and a
state in the cluster. The Job is made of the living Deployment of the profile scaled, which knows the stores.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import components
from deploy.kube import Manifest
from deploy.move.cluster import NAME, Cluster, JobFailed
from plan.exits import UserError
from stacks.moving.state import LABELS, State, Step, fresh

ROLE = "profile"
"""What the state is about, in place of a role."""
SCALED = "scaled"
CONVERTERS = Path(components.__file__).parent / "kotaemon" / "runtime" / "convert"
MAP = "kotaemon-convert"


@dataclass(frozen=True)
class Change:
    """One conversion: out of a disk into the stores, or back into a disk."""

    cluster: Cluster
    claim: str
    """The PersistentVolumeClaim with the files."""
    to: str
    """The profile that has the data afterwards."""
    say: Callable[[str], None]
    now: Callable[[], float]
    aside: bool = False
    """Whether what a first start has made may be moved aside."""
    new_disk: bool = False
    """Whether the claim is a disk that is written to: its root belongs to root until a pod with fsGroup mounts it."""

    def run(self) -> State:
        """Convert, from wherever an earlier run has come to. Raises UserError and JobFailed."""
        state = self._begin()
        if state.step in (Step.NEW, Step.STOPPING):
            state = self._stop(state)
        if state.step == Step.STOPPED:
            state = self._convert(state)
        if self.to == SCALED:
            return self._start(state)
        self.say(
            "the files are on the disk, and the application is stopped. Now say `profile: single-writer` and the disk "
            "of sessions and indexes in the stack file, with the lines of kotaemon:moved that a preview prints, and "
            "run `up`"
        )
        return state

    def back(self) -> State:
        """Start the application again as it is, on the stores of now."""
        known = self.cluster.state(ROLE)
        if known is None or known.step in (Step.DONE, Step.BACK):
            raise UserError("no conversion is under way")
        self.cluster.drop_jobs(ROLE)
        if known.replicas:
            self.cluster.scale(known.replicas)
            self.cluster.wait_ready()
        self.say("the application runs as before; the files and the stores are as they are")
        return self.cluster.keep(known.at(Step.BACK, replicas=None, stopped_at=0.0))

    def _begin(self) -> State:
        deployment = self.cluster.deployment()
        if (profile := _variable(deployment, "KS_PROFILE")) != SCALED:
            raise UserError(
                f"the application runs in the profile {profile}: bring the profile scaled up first, which knows the "
                "stores; to scaled with the lines of kotaemon:moved (docs/moving.md), back while it still runs"
            )
        if self.cluster.claim(self.claim) is None:
            raise UserError(f"there is no PersistentVolumeClaim {self.claim}; CLAIM= names the disk with the files")
        known = self.cluster.state(ROLE)
        ends = (self.claim, "stores") if self.to == SCALED else ("stores", self.claim)
        if known is None or known.step in (Step.DONE, Step.BACK):
            return fresh(ROLE, *ends)
        if (known.old, known.new) != ends:
            raise UserError(f"a conversion from {known.old} to {known.new} is under way: end it first, or BACK=1")
        return known

    def _stop(self, state: State) -> State:
        if state.step == Step.NEW:
            running = self.cluster.deployment()["spec"].get("replicas", 1)
            state = self.cluster.keep(state.at(Step.STOPPING, replicas=running, stopped_at=self.now()))
        generation = self.cluster.scale(0)
        self.cluster.wait_stopped()
        self.say("the application is stopped")
        return self.cluster.keep(state.at(Step.STOPPED, generation=generation, round=state.round + 1))

    def _convert(self, state: State) -> State:
        self.cluster.kube.apply(self._map())
        try:
            self.cluster.run(self._job(state))
        except JobFailed:
            if state.replicas:
                self.cluster.scale(state.replicas)
                self.say("the conversion failed: the application is started again as it was")
            self.cluster.keep(state.at(Step.BACK, replicas=None, stopped_at=0.0))
            raise
        self.say("everything is converted and compared")
        return self.cluster.keep(state.at(Step.COPIED))

    def _start(self, state: State) -> State:
        if not state.replicas:
            return self.cluster.keep(state.at(Step.DONE))
        self.cluster.scale(state.replicas)
        seconds = max(self.cluster.wait_ready() - state.stopped_at, 0.0)
        self.say(f"the application runs on the stores: {seconds:.0f} seconds without service")
        self.cluster.drop_jobs(ROLE)
        return self.cluster.keep(state.at(Step.DONE, seconds=seconds))

    def _map(self) -> Manifest:
        files = {path.name: path.read_text() for path in sorted(CONVERTERS.glob("*.py"))}
        meta = {"name": MAP, "namespace": self.cluster.namespace, "labels": LABELS}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": files}

    def _job(self, state: State) -> Manifest:
        """The Job as components/kotaemon/runtime/convert/job.py makes it, under a name that a rerun knows."""
        side = "--source-claim" if self.to == SCALED else "--target-claim"
        words = ["change_profile.py", "--to", self.to, *(["--aside"] if self.aside else [])]
        command = [sys.executable, str(CONVERTERS / "job.py"), "--map", MAP, side, self.claim]
        command += [*(["--fs-group"] if self.new_disk else []), "--", *words]
        done = subprocess.run(
            command, input=json.dumps(self.cluster.deployment(), default=str), capture_output=True, text=True
        )
        if done.returncode:
            raise UserError(done.stderr.strip())
        job: dict[str, Any] = json.loads(done.stdout)
        name = f"kotaemon-move-{ROLE}-{state.id[:6]}-{state.round}-convert"
        job["metadata"] = {"name": name, "namespace": self.cluster.namespace, "labels": LABELS}
        return job


def _variable(deployment: Manifest, name: str) -> str:
    (container,) = (one for one in deployment["spec"]["template"]["spec"]["containers"] if one["name"] == NAME)
    return next((str(one.get("value", "")) for one in container.get("env") or () if one["name"] == name), "")
