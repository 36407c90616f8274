"""The drill of a drain: the node of the application's pod is emptied through the eviction API, as for maintenance.

A drain is announced, so nothing has to be detected. The old pod ends by itself, its disk is detached, a new pod starts.
"""

import time
from pathlib import Path

from deploy import readings
from deploy.kube import Kube
from devcluster.cluster import Cluster
from drills import eviction, samples
from drills.results import Result, judged, seconds
from drills.session import Session, follow
from drills.upheaval import observed

RECOVERY_SECONDS = 120.0
"""Limit from the eviction to an answer of the new pod. A pod that ends by itself at once is replaced within 30 s."""
_POLL = 0.1


def drain(cluster: Cluster, name: str, folder: Path, limit: float = eviction.STEP_SECONDS) -> Result:
    """Drain the node of the application's pod. The stack is up, and the drill's own pod is its only one.

    `limit`: seconds for the disruption budget to allow the eviction.
    """
    kube = samples.kube(cluster)
    with follow(cluster, name, folder / name) as session, observed(kube, name) as observer:
        session.wait_for(turns=5)
        drill = _Drain(cluster, kube, session, name)
        problems: list[str] = []
        lost = set[int]()
        try:
            with eviction.cordoned(cluster.api(), drill.node):
                drill.run(limit)
                session.wait_for(turns=3)
                lost = set(session.acknowledged) - session.shown()
        except TimeoutError as error:
            problems.append(str(error))
        turns, away = len(session.acknowledged), session.longest_gap(drill.began)
    problems += sorted(observer.problems)
    if observer.most_live > 1:
        problems.append(f"{observer.most_live} pods at once, and one may write")
    return judged(f"drain, {name}", drill.facts(away), problems, turns, lost)


class _Drain:
    """What happens to the pod, and when."""

    def __init__(self, cluster: Cluster, kube: Kube, session: Session, namespace: str) -> None:
        self._cluster, self._kube, self._session, self._namespace = cluster, kube, session, namespace
        (pod,) = readings.live_pods(kube, namespace)
        self.node: str = pod["spec"]["nodeName"]
        self._uid = pod["metadata"]["uid"]
        self._disks = [d["metadata"]["name"] for d in readings.attached_volumes(kube, pod)]
        self.began = time.monotonic()
        self._reached: dict[str, float] = {}

    def run(self, limit: float) -> None:
        """Raises TimeoutError."""
        self.began = time.monotonic()
        eviction.evict_all(self._cluster.api(), self._kube, self._namespace, self.node, limit)
        self._note("evicted", True)
        while "answered" not in self._reached:
            if time.monotonic() - self.began > RECOVERY_SECONDS:
                raise TimeoutError(f"no pod answers elsewhere {RECOVERY_SECONDS:.0f} s after the drain began")
            self._look()
            time.sleep(_POLL)

    def facts(self, away: float) -> dict[str, str]:
        """The times, part by part. `away`: the longest time without an acknowledged turn."""
        return {
            "medium": "block" if self._disks else "file",
            "eviction allowed after": seconds(self._reached.get("evicted")),
            "the old pod ends": self._between("evicted", "ended"),
            "detach": self._between("ended", "detached") if self._disks else "-",
            "start": self._between("detached" if self._disks else "ended", "answered"),
            "nobody answers for": seconds(away),
        }

    def _look(self) -> None:
        pods = readings.app_pods(self._kube, self._namespace)
        self._note("ended", all(p["metadata"]["uid"] != self._uid for p in pods))
        if self._disks:
            attached = readings.attached_nodes(self._kube)
            self._note("detached", not any(self.node in attached.get(disk, ()) for disk in self._disks))
        self._note("answered", self._session.serves_elsewhere(self.node))

    def _note(self, phase: str, yes: bool) -> None:
        if yes and phase not in self._reached:
            self._reached[phase] = time.monotonic() - self.began

    def _between(self, first: str, second: str) -> str:
        known = {first, second} <= set(self._reached)
        return seconds(self._reached[second] - self._reached[first] if known else None)
