"""A move, step by step. What is done is written down in the cluster before the next step, so a rerun goes on.

Nothing is stopped before there is room. Nothing is lost by a kill at any moment: the old claim is only read, the
application's number of pods is known before it is stopped, and a Job that is running is waited for and not repeated.
"""

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from components.contract import AccessMode, Medium
from deploy.kube import Manifest
from deploy.move.choice import Choice
from deploy.move.cluster import KEPT_UNTIL, MOVED_TO, Cluster, JobFailed
from plan.exits import UserError
from stacks.moving import in_place, pods
from stacks.moving.pods import Side, Work
from stacks.moving.state import State, Step, fresh

GIB = 1024**3
DIFFERENT = 1
"""Exit code of in_pod.py when both sides differ."""
RESERVE = 1.05
"""What the files need on the target, times their size; in_pod.py has the same."""


@dataclass(frozen=True)
class Mover:
    """One move and the cluster that it is done in."""

    choice: Choice
    cluster: Cluster
    say: Callable[[str], None]
    keep_days: int = 30
    """Days for which the old claim's annotation says that it is kept."""
    now: Callable[[], float] = time.time

    @property
    def work(self) -> Work:
        """What the Jobs have in common."""
        return self.choice.work

    def begin(self) -> State:
        """The state of this move: that of an earlier run, or a new one. Raises UserError: another move is under way."""
        found = self.cluster.state(self.choice.role)
        old, new = self.work.old.text, self.work.new.text
        if found is None or found.step == Step.DONE:
            return fresh(self.choice.role, old, new)
        if (found.old, found.new) == (old, new):
            return dataclasses.replace(found, step=Step.NEW) if found.step == Step.BACK else found
        if found.step in (Step.NEW, Step.BACK):
            return fresh(self.choice.role, old, new)
        raise UserError(
            f"a move of {found.role} from {found.old} to {found.new} is under way (step {found.step.value}): go on "
            "with its own TO, or take it back with BACK=1"
        )

    def measure(self, state: State) -> State:
        """Look at both sides. Raises UserError, before anything is stopped or written to the target."""
        deployment = self.cluster.deployment()
        if not self.cluster.uses(self.work.old, deployment):
            raise UserError(
                f"the application does not use {self.work.old.text}, as the stack file says; run `up` first, so that "
                "both say the same"
            )
        self._refuse_claims()
        state = self.cluster.keep(state)
        found = self._measured(state)
        self._refuse_odd(found)
        missing = found["bytes"] - (found.get("there", 0) if found.get("mark") == state.id else 0)
        if found.get("others") and found.get("mark") != state.id:
            raise UserError(
                f"{self.work.new.text} holds {found['others']} files and folders that are not of this move; nothing "
                "was written or stopped. Empty it, or take another folder with FOLDER=name"
            )
        self.say(
            f"{_gib(found['bytes'])} in {found['files']} files and folders to copy; {_gib(found['free'])} free on "
            f"{self.work.new.claim['name']}"
        )
        self._refuse_small(found, missing, state)
        if not self.cluster.nodes_for([self.work.old.claim["name"], self.work.new.claim["name"]]):
            raise UserError(
                f"no node can mount both {self.work.old.claim['name']} and {self.work.new.claim['name']}: their "
                "volumes are in different zones. Nothing was stopped; take a claim whose disk is in the old one's zone"
            )
        return self.cluster.keep(state.at(Step.MEASURED, bytes=found["bytes"], files=found["files"]))

    def sync(self, state: State) -> State:
        """A first copy, while the application runs; only where its disks can be mounted beside it."""
        if not (self._beside(self.work.old) and self._beside(self.work.new)):
            self.say("one pod at a time mounts the disk, so all is copied while the application is stopped")
        else:
            begun = self.now()
            self.cluster.run(pods.copying(self._near(), state, last=False))
            self.say(f"first copy: {self.now() - begun:.0f} s, while the application ran")
        return self.cluster.keep(state.at(Step.SYNCED))

    def stop(self, state: State) -> State:
        """Stop the application, unless it only reads this role. The number of its pods is written down first."""
        if self.choice.read_only:
            self.say(f"the application only reads {self.choice.role}: it goes on")
            return self.cluster.keep(state.at(Step.STOPPED, round=state.round + 1))
        if state.step != Step.STOPPING:
            self._refuse_writers()
            running = self.cluster.deployment()["spec"].get("replicas", 1)
            known = {"replicas": running, "stopped_at": self.now()} if running or state.replicas is None else {}
            state = self.cluster.keep(state.at(Step.STOPPING, round=state.round + 1, **known))
        generation = self.cluster.scale(0)
        self.cluster.wait_stopped()
        self.say("the application is stopped")
        return self.cluster.keep(state.at(Step.STOPPED, generation=generation))

    def copy(self, state: State) -> State:
        """What is missing, and the comparison of both sides."""
        if (again := self._disturbed(state)) is not None:
            return again
        try:
            found = self._copied(state)
        except JobFailed:
            self._start_again(state)
            raise
        if (again := self._disturbed(state)) is not None:
            return again
        until = (datetime.fromtimestamp(self.now(), timezone.utc) + timedelta(days=self.keep_days)).date().isoformat()
        moved = f"{self.choice.role} to {self.work.new.text}"
        self.cluster.annotate(self.work.old.claim["name"], {KEPT_UNTIL: until, MOVED_TO: moved})
        self.say(
            f"both sides are the same: {found['files']} files and folders, {_gib(found['bytes'])}, manifest "
            f"{found['sha256'][:16]}; {self.work.old.text} stays as it is, kept until {until}"
        )
        return self.cluster.keep(state.at(Step.COPIED, sha256=found["sha256"]))

    def switched(self, state: State) -> State | None:
        """The end, once the application has the new claim. None: the stack file and `up` have to say so first."""
        deployment = self.cluster.deployment()
        if not self.cluster.uses(self.work.new, deployment):
            return self._disturbed(state)
        wanted = deployment["spec"].get("replicas", 1)
        if state.replicas and not wanted:  # an autoscaler leaves a Deployment without pods alone
            self.cluster.scale(state.replicas)
        if not state.replicas:
            self.say("the application has the new claim")
            self.cluster.drop_jobs(self.choice.role)
            return self.cluster.keep(state.at(Step.DONE))
        seconds = max(self.cluster.wait_ready() - state.stopped_at, 0.0)
        self.say(f"the application runs on {self.work.new.text}: {seconds:.0f} seconds without service")
        self.cluster.drop_jobs(self.choice.role)
        return self.cluster.keep(state.at(Step.DONE, seconds=seconds))

    def back(self, state: State) -> State:
        """Take the move back: the application runs on the old claim, as before. Raises UserError after the switch."""
        if state.step == Step.DONE or self.cluster.uses(self.work.new, self.cluster.deployment()):
            raise UserError(
                f"the application is on {state.new} already, and what people did since is only there. The way back is "
                f"a move of its own, with TO= the old claim and FOLDER= a new folder on it: {state.old} is older"
            )
        self.cluster.drop_jobs(self.choice.role)
        if state.replicas is not None:
            self.cluster.scale(state.replicas)
            if state.replicas:
                seconds = max(self.cluster.wait_ready() - state.stopped_at, 0.0)
                self.say(f"the application runs on {state.old} again: {seconds:.0f} seconds without service")
        self.cluster.annotate(self.work.old.claim["name"], {KEPT_UNTIL: None, MOVED_TO: None})
        self.say(f"taken back; what was copied to {state.new} is still there, and a new try goes on from it")
        return self.cluster.keep(state.at(Step.BACK, replicas=None, stopped_at=0.0, written=""))

    def _copied(self, state: State) -> dict[str, Any]:
        try:
            return self.cluster.run(pods.copying(self.work, state, last=True))
        except JobFailed as failed:
            if failed.code != DIFFERENT:
                raise
            self.say(f"{failed}; copying once more by content")
            return self.cluster.run(pods.copying(self.work, state, last=True, by_content=True))

    def _start_again(self, state: State) -> None:
        """Nobody waits without the application for a copy that failed."""
        if state.replicas:
            self.cluster.scale(state.replicas)
            self.say(f"the copy failed: the application is started again on {state.old}")
        self.cluster.keep(state.at(Step.SYNCED, replicas=None, stopped_at=0.0))

    def _disturbed(self, state: State) -> State | None:
        """The step to go back to, where somebody has started or changed the application since it was stopped."""
        if self.choice.read_only:
            return None
        live = self.cluster.deployment()
        same = live["metadata"].get("generation", 0) == state.generation
        if same and not live["spec"].get("replicas", 1) and not self.cluster.pods():
            return None
        self.say("somebody has changed or started the application since it was stopped: it is stopped and copied again")
        return self.cluster.keep(state.at(Step.SYNCED))

    def _refuse_claims(self) -> None:
        for side in (self.work.old, self.work.new):
            live = self.cluster.claim(side.claim["name"])
            phase = ((live or {}).get("status") or {}).get("phase", "")
            if live is None or phase == "Lost":
                raise UserError(
                    f"there is no PersistentVolumeClaim {side.claim['name']} that can be used; add the new claim under "
                    "kotaemon:storage.claims, leave every role where it is, and run `up`"
                )

    def _refuse_small(self, found: dict[str, Any], missing: int, state: State) -> None:
        """Raises UserError for a target without room, in bytes or in files. A bucket has any number of files, whatever
        the program that mounts it says."""
        name = self.work.new.claim["name"]
        if missing * RESERVE > found["free"]:
            raise UserError(
                f"{name} has {_gib(found['free'])} free, and {_gib(missing)} more are to be copied; nothing was "
                "stopped. Make the claim larger, and run the same again"
            )
        if found.get("free_files") is None or self.work.new.claim["medium"] == Medium.OBJECT:
            return
        new_files = found["files"] - (found.get("there_files", 0) if found.get("mark") == state.id else 0)
        if new_files > found["free_files"]:
            raise UserError(
                f"{name} has {found['free_files']} files free, and {new_files} more files and folders are to be "
                "copied; nothing was stopped. Take a file system with more inodes, or a larger claim"
            )

    def _refuse_odd(self, found: dict[str, Any]) -> None:
        if found.get("odd"):
            raise UserError(
                f"{found['odd']}; nothing was stopped. Remove it, or let the application's user read it, and run again"
            )
        if found.get("link") and self.work.new.claim["medium"] == Medium.OBJECT:
            raise UserError(
                f"{found['link']} is a symbolic link, and a bucket has none; nothing was stopped. This role cannot "
                f"go to {self.work.new.claim['name']}"
            )

    def _refuse_writers(self) -> None:
        if others := self.cluster.other_writers(self.work.old.claim["name"]):
            raise UserError(
                f"{', '.join(others)} may write to {self.work.old.claim['name']} meanwhile; nothing was stopped. End "
                'or suspend them first (kubectl patch cronjob NAME -p \'{"spec":{"suspend":true}}\'), and run again'
            )

    def _measured(self, state: State) -> dict[str, Any]:
        """Sizes, by a Job beside the application, or in its own container where the disk is mounted once."""
        source, target = self._beside(self.work.old), self._beside(self.work.new)
        found: dict[str, Any] = {}
        if source or target:
            job = pods.measuring(self._near(), state, source=source, target=target)
            self.cluster.drop(job)  # what was measured before says nothing about now
            found = self.cluster.run(job)
        if not source or not target:
            asked = ["-" if source else self._path(self.work.old), "-" if target else self._path(self.work.new)]
            found |= self.cluster.ask(Path(in_place.__file__).read_text(), asked)
        return found

    def _path(self, side: Side) -> str:
        """Where the application's container has this folder, or else any folder of the same claim."""
        mounts = self.cluster.mounts(side.claim["name"], self.cluster.deployment())
        return mounts.get(side.folder) or next(iter(mounts.values()))

    def _near(self) -> Work:
        """The Jobs' work while the application runs: on its node, where a disk is on one side.

        A disk of its own is attached there, and a new one that waits for its first pod gets the zone of that node.
        """
        disks = (AccessMode.RWO, AccessMode.RWOP)
        modes = [side.claim["access_mode"] for side in (self.work.old, self.work.new)]
        if not any(mode in disks for mode in modes) or not self.cluster.pods():
            return self.work
        return self.work.near(self.cluster.deployment()["spec"]["selector"]["matchLabels"])

    def _beside(self, side: Side) -> bool:
        """Whether another pod than the application's can mount a claim now."""
        if side.claim["access_mode"] != AccessMode.RWOP:
            return True
        return not any(_mounts(pod, side) for pod in self.cluster.pods())


def _mounts(pod: Manifest, side: Side) -> bool:
    sources = [volume.get("persistentVolumeClaim") or {} for volume in pod["spec"].get("volumes") or ()]
    return any(source.get("claimName") == side.claim["name"] for source in sources)


def _gib(size: int) -> str:
    return f"{size / GIB:.2f} GiB"
