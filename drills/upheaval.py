"""Drills of drains, roll-outs and scaling while a session chats: nothing may deadlock, and nothing may be lost."""

import contextlib
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

from kubernetes.client import AppsV1Api

from deploy import readings, waiting
from deploy.engine import Failed
from deploy.kube import Kube, Manifest
from devcluster.cluster import Cluster
from drills import eviction, samples
from drills.results import Result, seconds
from drills.session import Session, follow

STEP_SECONDS = 60.0
"""Limit in seconds for one eviction, roll-out or change of scale. Each takes a few seconds on the devcluster."""
RESTARTED = "kubectl.kubernetes.io/restartedAt"
"""Annotation that `kubectl rollout restart` sets to start a roll-out."""
_POLL = 0.1


class Observer:
    """Looks at pods and disks all the time, and notes everything that must never happen."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self._kube, self._namespace = kube, namespace
        self.fewest_ready: int | None = None
        self.most_live = 0
        self.problems: set[str] = set()
        self.detach_waits: set[str] = set()
        """Events about a disk that was still attached to the node before: that is short, and no other pod uses the
        disk."""

    def look(self) -> None:
        """Look at pods and disks once."""
        pods = [p for p in readings.live_pods(self._kube, self._namespace) if p["spec"].get("nodeName")]
        ready = sum(readings.is_ready(p) for p in pods)
        self.fewest_ready = ready if self.fewest_ready is None else min(ready, self.fewest_ready)
        self.most_live = max(self.most_live, len(pods))
        for volume, nodes in readings.attached_nodes(self._kube).items():
            if len(nodes) > 1:
                self.problems.add(f"{volume} is attached to {', '.join(sorted(nodes))} at once")
        for message in readings.event_messages(self._kube, self._namespace, "FailedAttachVolume"):
            # The message of the attach-detach controller differs for a disk in use and for one that is not detached
            # yet.
            (self.problems if "used by pod" in message else self.detach_waits).add(message)


@contextlib.contextmanager
def observed(kube: Kube, namespace: str) -> Generator[Observer]:
    """An observer within a `with` block."""
    observer, ended = Observer(kube, namespace), threading.Event()

    def watch() -> None:
        while not ended.is_set():
            observer.look()
            time.sleep(_POLL)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield observer
    finally:
        ended.set()
        thread.join()


def drain_every_node(cluster: Cluster, namespace: str, folder: Path) -> Result:
    """Cordon and empty each node in turn through the eviction API, as `kubectl drain` and node upgrades do."""
    kube, api = samples.kube(cluster), cluster.api()
    names: list[str] = sorted(n["metadata"]["name"] for n in kube.list("v1", "Node"))

    def drain(session: Session) -> str:
        evicted, waited = 0, 0.0
        for node in names:
            with eviction.cordoned(api, node):
                began = time.monotonic()
                evicted += eviction.evict_all(api, kube, namespace, node, STEP_SECONDS)
                _wait_ready(kube, namespace)
                waited = max(waited, time.monotonic() - began)
            session.wait_for(turns=2)
        return f"{len(names)} nodes, {evicted} evictions, at most {waited:.1f} s each"

    return _under_a_session("drain of every node", cluster, namespace, folder, drain)


def roll_out(cluster: Cluster, namespace: str, folder: Path, times: int) -> Result:
    """Restart the Deployment `times` times in a row."""
    kube, apps = samples.kube(cluster), AppsV1Api(cluster.api())

    def roll(session: Session) -> str:
        longest = 0.0
        for number in range(times):
            began = time.monotonic()
            note = {"spec": {"template": {"metadata": {"annotations": {RESTARTED: f"{time.time()}-{number}"}}}}}
            apps.patch_namespaced_deployment("kotaemon", namespace, note)
            _wait_ready(kube, namespace)
            longest = max(longest, time.monotonic() - began)
            session.wait_for(turns=2)
        return f"{times} roll-outs, at most {longest:.1f} s each"

    return _under_a_session(f"{times} roll-outs in a row", cluster, namespace, folder, roll)


def scale(cluster: Cluster, namespace: str, folder: Path) -> Result:
    """Scale the profile scaled from 1 to 5 pods and back to 1, through the program."""
    kube = samples.kube(cluster)

    def change(session: Session) -> str:
        times: list[float] = []
        zones: set[str] = set()
        for replicas in (5, 1):
            began = time.monotonic()
            samples.up_scaled(cluster, namespace, replicas)
            times.append(time.monotonic() - began)
            pods = readings.live_pods(kube, namespace)
            if len(pods) != replicas:
                raise TimeoutError(f"{len(pods)} pods are there, not {replicas}")
            zones |= {_zone(kube, p) for p in pods}
            session.wait_for(turns=2)
        return f"to 5 in {seconds(times[0])} over {len(zones)} zones, back to 1 in {seconds(times[1])}"

    return _under_a_session("scale 1-5-1", cluster, namespace, folder, change)


def _under_a_session(
    name: str, cluster: Cluster, namespace: str, folder: Path, work: Callable[[Session], str]
) -> Result:
    """Do the work while a session chats and an observer watches, and judge the outcome."""
    kube = samples.kube(cluster)
    deployment = deployment_of(kube, namespace)
    one_writer = deployment["spec"]["strategy"]["type"] == "Recreate"
    problems: list[str] = []
    did = "not finished"
    with follow(cluster, namespace, folder / namespace) as session, observed(kube, namespace) as observer:
        try:
            session.wait_for(turns=3)
            did = work(session)
            lost = set(session.acknowledged) - session.shown()
        except (Failed, TimeoutError) as error:
            problems.append(str(error))
            lost = set[int]()
        turns = len(session.acknowledged)
    problems += sorted(observer.problems)
    if lost:
        problems.append(f"{len(lost)} of {turns} acknowledged turns are lost")
    if one_writer and observer.most_live > 1:
        problems.append(f"{observer.most_live} pods at once in the profile single-writer")
    if not one_writer and not observer.fewest_ready:
        problems.append("for a moment no pod was ready in the profile scaled")
    facts = {
        "profile": "single-writer" if one_writer else "scaled",
        "did": did,
        "fewest ready pods": str(observer.fewest_ready),
        "most pods": str(observer.most_live),
        "waits for a detach": str(len(observer.detach_waits)),
        "turns": str(turns),
        "lost": str(len(lost)),
    }
    return Result(f"{name}, {namespace}", facts, problems)


def deployment_of(kube: Kube, namespace: str) -> Manifest:
    """The application's Deployment. Raises LookupError."""
    meta = {"name": "kotaemon", "namespace": namespace}
    found = kube.get({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta})
    if found is None:
        raise LookupError(f"no Deployment kotaemon in namespace {namespace}")
    return found


def _wait_ready(kube: Kube, namespace: str) -> None:
    """Raises TimeoutError with what is in the way."""
    deadline = time.monotonic() + STEP_SECONDS
    while lacks := waiting.missing(kube, deployment_of(kube, namespace)):
        if time.monotonic() > deadline:
            reason = waiting.why(kube, "Deployment", f"{namespace}/kotaemon") or lacks
            raise TimeoutError(f"Deployment {namespace}/kotaemon is not ready after {STEP_SECONDS:.0f} s: {reason}")
        time.sleep(_POLL)
    while not all(readings.is_ready(p) for p in readings.app_pods(kube, namespace)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"a pod in {namespace} is not Ready after {STEP_SECONDS:.0f} s")
        time.sleep(_POLL)


def _zone(kube: Kube, pod: Manifest) -> str:
    node = kube.get({"apiVersion": "v1", "kind": "Node", "metadata": {"name": pod["spec"]["nodeName"]}})
    return (node or {"metadata": {"labels": {}}})["metadata"]["labels"].get("topology.kubernetes.io/zone", "")
