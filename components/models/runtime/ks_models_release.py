"""Releases a version: publishes its package, rolls the application to it, and back when its pods do not become ready.

It runs in a Job, made from the suspended CronJob of the release (docs/runbooks/release-models.md). What it is told:
KS_VERSION         the version to release: a package in .incoming/<version>, or a version that is published already
KS_MODELS_SHARED   the folder of the role `models` on the shared claim
KS_NAMESPACE, KS_DEPLOYMENT, KS_RECORD
KS_OWNER           cluster, or stack: then the stack file says the version, and this only publishes
KS_ONLY_PUBLISH    1: publish, and leave the pods alone
KS_KEEP, KS_KEEP_DAYS, KS_ALLOW_PICKLE, KS_READY_SECONDS, KS_PROFILE
KS_PREFETCH        the DaemonSet that copies a version to the nodes; empty: none does
KS_PREFETCH_SECONDS   how long it is waited for
KS_NODE            the node of this pod, where one node mounts the claim at a time; empty: many mount it
KS_EMBEDDINGS      ids of the models that indexes were made with, as the stack file says (docs/models.md)

A Job that was killed runs again and goes on: the record says which version was there before. Exit codes: 3 the version
was rolled back, 75 it lets go of the claim and has to run again, 78 somebody has to do something first.
"""

import calendar
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from ks_models_cluster import Cluster, elsewhere, gave_up, roll_out
from ks_models_embeddings import changed
from ks_models_layout import VERSIONS
from ks_models_manifest import read
from ks_models_publish import flip, flip_back, prune, publish
from ks_models_tree import EX_TEMPFAIL, Refused, checked_version, locked, refuse, say, shown

ROLLED_BACK = 3
POLL_SECONDS = float(os.environ.get("KS_POLL_SECONDS", "5"))
TIME = "%Y-%m-%dT%H:%M:%SZ"
HISTORY = 20
"""Releases that the record keeps."""
BACK = "rolling back"
BEGUN = ("publishing", "warming", "rolling", BACK)
"""Phases of a release that was killed: what was there before is in the record, and no longer in the cluster."""
ENDED = ("released", "rolled back", "refused", "published")


class Release:
    """One release: what it is about, and where it is recorded."""

    def __init__(self, cluster: Cluster, shared: Path, version: str) -> None:
        self.cluster, self.shared, self.version = cluster, shared, version
        self.seconds = int(os.environ.get("KS_READY_SECONDS", "3600"))
        self.single = os.environ.get("KS_PROFILE") == "single-writer"
        self.node = os.environ.get("KS_NODE", "")
        self.record = cluster.record()
        begun, running = self.record.get("phase") in BEGUN, cluster.version()
        resumed = begun and self.record.get("version") == version
        # What runs may be of a release that never ended: the version before that one is the last whose pods were ready.
        unproven = begun and self.record.get("version") == running
        self.before = self.record["from"] if resumed or unproven else running
        self.phase = self.record["phase"] if resumed else ""

    def note(self, phase: str, **more: str) -> None:
        """Record where the release is. One that has ended is kept in the history."""
        self.record |= {"version": self.version, "from": self.before, "phase": phase, "at": now(), **more}
        if phase in ENDED:
            short = {key: self.record.get(key, "") for key in ("version", "from", "phase", "at", "reason")}
            earlier = json.loads(self.record.get("history") or "[]")
            self.record["history"] = json.dumps([*earlier, short][-HISTORY:])
        self.cluster.write(**self.record)

    def publish(self) -> None:
        allow = os.environ.get("KS_ALLOW_PICKLE") == "1"
        self.note("publishing", reason="")
        publish(self.shared, self.version, allow_pickle=allow)

    def check_embeddings(self) -> None:
        """Refuse a version that changes a model which indexes were made with. Raises Refused.

        The pods look at each index's own record in every start (components/kotaemon/runtime/ks_embeddings.py). Here it
        is known before a pod is touched.
        """
        folder = self.shared / VERSIONS / self.before
        if not self.before or self.before == self.version or not folder.is_dir():
            return
        used = os.environ.get("KS_EMBEDDINGS", "").split()
        found = changed(read(folder), read(self.shared / VERSIONS / self.version), used)
        if found:
            raise Refused(
                f"version {self.version} changes what indexes were made with: {'; '.join(found)}. Vectors of one "
                "embedding mean nothing to another. Bring the new embedding under a name of its own beside the old "
                "one, index again with it, and switch (docs/models.md, chapter Models and indexes)"
            )

    def warm(self) -> None:
        """Have the nodes copy the version before a pod needs it. A node that cannot holds nothing up."""
        if not self.cluster.prefetch(self.version):
            return
        self.note("warming")
        begun, seconds = time.monotonic(), int(os.environ.get("KS_PREFETCH_SECONDS", "1800"))
        warm, nodes = self.cluster.prefetched()
        while warm < nodes and time.monotonic() - begun < seconds:
            time.sleep(POLL_SECONDS)
            warm, nodes = self.cluster.prefetched()
        took = f"{time.monotonic() - begun:.0f} s"
        if warm < nodes:
            say(
                f"warning: after {took} {warm} of {nodes} nodes have version {self.version}; pods on the others copy it"
            )
        else:
            say(f"version {self.version} is in the cache of {nodes} nodes after {took}")

    def roll(self) -> int:
        flip(self.shared, self.version)
        since = self.record.get("since", now()) if self.phase == "rolling" else now()
        self.note("rolling", since=since)
        if self.single:
            say("the profile single-writer has one pod: the application is away until the new one is ready")
        self.cluster.roll(self.version)
        why = self.wait(self.version)
        seconds = str(max(0, seconds_of(now()) - seconds_of(since)))
        if not why:
            away = {"away_seconds": seconds} if self.single else {}
            self.note("released", reason="", seconds=seconds, **away)
            say(f"version {self.version} is released: its pods were ready after {seconds} s")
            return 0
        return self.back(why)

    def back(self, why: str) -> int:
        """Roll back to the version before, and say how that went."""
        say(f"version {self.version} is rolled back to {self.before or 'none'}: {why}")
        self.note(BACK, reason=why)
        flip_back(self.shared, self.before)
        self.cluster.prefetch(self.before)
        self.cluster.roll(self.before)
        failed = self.wait(self.before)
        after = f"; and the pods of {self.before or 'no version'} are not ready either: {failed}" if failed else ""
        self.note("rolled back", reason=f"{why}{after}")
        return ROLLED_BACK

    def wait(self, version: str) -> str:
        """Wait for the pods of a version. Why they are not ready; empty: they are."""
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            ready, never = roll_out(self.cluster.deployment())
            if ready:
                return ""
            pods = self.cluster.pods()
            if reason := never or gave_up(pods, version):
                return reason
            if self.node and (node := elsewhere(pods, version, self.node)):
                self.let_go(node)
            time.sleep(POLL_SECONDS)
        return f"its pods were not ready within {self.seconds} s"

    def let_go(self, node: str) -> NoReturn:
        """End, so that the disk can follow the application: a disk is on one node as long as a pod there has it. The
        next try of the Job is placed beside the application, and goes on from the record."""
        refuse(
            f"the application's new pod is on {node}, and its disk is here on {self.node} as long as this pod runs: "
            "this try ends, and the next one goes on beside the application",
            EX_TEMPFAIL,
        )


def now() -> str:
    return time.strftime(TIME, time.gmtime())


def seconds_of(at: str) -> int:
    """Seconds of a time that `now` gave, maybe on another node."""
    return calendar.timegm(time.strptime(at, TIME))


def run(release: Release) -> int:
    if release.phase == BACK:
        return end(release, release.back(release.record["reason"]))
    try:
        release.publish()
        release.check_embeddings()
    except (Refused, PermissionError) as error:
        release.note("refused", reason=shown(str(error)))
        raise
    release.warm()
    if os.environ.get("KS_ONLY_PUBLISH") == "1":
        release.note("published", reason="")
        say(f"version {release.version} is published, and no pod was touched")
        return 0
    return end(release, release.roll())


def end(release: Release, code: int) -> int:
    """Remove old versions, and return the exit code."""
    keep, days = int(os.environ.get("KS_KEEP", "3")), float(os.environ.get("KS_KEEP_DAYS", "0"))
    prune(release.shared, {*release.cluster.used(), release.cluster.version(), release.before}, keep, days)
    return code


def main() -> int:
    values: Any = os.environ
    version, shared = values.get("KS_VERSION", ""), Path(values["KS_MODELS_SHARED"])
    try:
        checked_version(version)
        if values.get("KS_OWNER") == "stack" and values.get("KS_ONLY_PUBLISH") != "1":
            raise Refused(
                "the version is the stack file's (kotaemon:models.version): set it there and run `pulumi up`, or leave "
                "it out there and release here. KS_ONLY_PUBLISH=1 publishes the package for the stack file to name"
            )
        cluster = Cluster(
            values["KS_NAMESPACE"], values["KS_DEPLOYMENT"], values["KS_RECORD"], values.get("KS_PREFETCH", "")
        )
        with locked(shared / ".release.lock", "another release runs; waiting for it"):
            return run(Release(cluster, shared, version))
    except Refused as error:
        refuse(str(error))
    except PermissionError as error:
        refuse(f"{error}; the package and its folders have to belong to the user of the pods, {os.getuid()}")
    except OSError as error:
        refuse(str(error), EX_TEMPFAIL)


if __name__ == "__main__":
    sys.exit(main())
