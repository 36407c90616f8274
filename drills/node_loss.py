"""The drill of node loss: the application loses its node, and every acknowledged turn of a chat must be shown again."""

import contextlib
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from kubernetes.client import ApiException, AppsV1Api, CoreV1Api

from deploy import readings
from deploy.kube import Kube, Manifest
from devcluster import nodes
from devcluster.cluster import Cluster
from drills import power, samples
from drills.results import Result, seconds
from drills.session import Session, follow

GOAL_SECONDS = 10.0
"""Goal of this project, in seconds, from the control plane's detection to Ready: for a file claim and for a fenced
disk."""
PATIENCE = 3.0
"""A busy machine may take this multiple of the goal before the drill is red. The record shows the measured time."""
GARBAGE_SECONDS = 20.0
"""Period in seconds of the pod garbage collector, which removes the pods of a node that is out of service: a constant
of kube-controller-manager (pkg/controller/podgc). It is added to the goal for a fenced disk."""
OUTSIDE_SECONDS = 15 * 60.0
"""How long an automation outside the drill may take, in seconds. Medik8s with its defaults fences after 5 minutes of
silence and 3 minutes for the reboot; a disk that it does not detach itself takes 6 more (docs/drills.md)."""
RELEASE_SECONDS = 120.0
"""How long an automation may take, in seconds, to remove its taint once the node is back."""
_POLL = 0.2


class Fencing(str, Enum):
    """How the lost node is fenced, so that its disk can be attached elsewhere."""

    NONE = "none"
    TAINT = "out-of-service taint"
    """The drill sets the taint as soon as the node is seen lost, as an automation does that has switched the node
    off."""
    REMOVE = "taint, pods deleted by force"
    """The automation also deletes the pods, and so does not wait for the garbage collector."""
    FORCE = "pods deleted by force"
    """Pods are deleted although the node is not fenced: a usual mistake of people who do not think of the disk."""
    OUTSIDE = "automation outside the drill"
    """The drill does not fence and removes no taint. It notes when something else does."""


@dataclass(frozen=True)
class Scenario:
    """One case of the drill: the claims, the fencing, and what is promised."""

    name: str
    medium: str = "file"
    """Medium of the claims: `file` or `block`."""
    scaled: bool = False
    fencing: Fencing = Fencing.NONE
    our_tolerations: bool = True
    """Whether the pods have the product's tolerations. False: they have Kubernetes's own of five minutes."""
    access_mode: str = "ReadWriteOncePod"
    recovers: bool = True
    """Whether the application must come back without a human. False: it must not, and must still lose nothing."""
    patience: float = 90.0
    """How long the drill watches, in seconds."""


@dataclass
class Loss:
    """What the drill saw after the loss."""

    phases: dict[str, float] = field(default_factory=dict[str, float])
    """Phase -> seconds from the loss until it was reached."""
    waiting: str = ""
    """Last message of the scheduler or of the attach-detach controller, when the application did not recover."""
    taint_left: bool = False
    """Whether an automation outside the drill left its taint on the node after its return."""

    @property
    def recovered(self) -> bool:
        """Whether the application runs on another node again, with its disks."""
        return "ready" in self.phases and "shown" in self.phases


def prepare(cluster: Cluster, scenario: Scenario, folder: Path, node: str | None = None) -> None:
    """Bring the scenario's stack up. `node`: the node where its pods must be; default any."""
    with placed_on(cluster, node):
        bring_up(cluster, scenario, folder)


def run(cluster: Cluster, scenario: Scenario, folder: Path, seed: int) -> Result:
    """Lose a node of the scenario's stack and judge the outcome. The stack is up, in the namespace of its name."""
    name, kube = scenario.name, samples.kube(cluster)
    try:
        with follow(cluster, name, folder / name) as session:
            loss, lost = lose_a_node(cluster, kube, session, name, scenario, seed)
            turns = len(session.acknowledged)
    finally:
        remove(cluster, name)
    return result(scenario, loss, turns, lost)


def lose_a_node(
    cluster: Cluster, kube: Kube, session: Session, namespace: str, scenario: Scenario, seed: int
) -> tuple[Loss, set[int]]:
    """Lose the node of a pod at a random moment, watch, and bring the node back.

    Returns what was seen and the lost turns.
    """
    api = cluster.api()
    session.wait_for(turns=5)
    time.sleep(random.Random(seed).uniform(0.2, 2.0))  # noqa: S311 a moment, not a secret
    victims = [p for p in readings.live_pods(kube, namespace) if readings.is_ready(p)]
    node = str(victims[0]["spec"]["nodeName"])
    victims = [p for p in victims if p["spec"]["nodeName"] == node]
    disks = readings.attached_volumes(kube, victims[0])
    power.cut(cluster, node, disks)
    session.lose_node(node)
    try:
        watcher = _Watcher(cluster, kube, session, namespace, scenario, node, victims, disks)
        loss = watcher.watch()
        if loss.recovered:
            session.wait_for(turns=3)
    finally:
        if scenario.fencing is not Fencing.OUTSIDE:
            nodes.clear_out_of_service(api, node)
        session.node_is_back(node)
        power.give_back(cluster, node)
    _wait_until(lambda: node in nodes.ready_nodes(api), f"{node} is Ready again")
    if scenario.fencing is Fencing.OUTSIDE:
        loss.taint_left = not _within(RELEASE_SECONDS, lambda: not _vouched_off(_node(kube, node)))
    power.report_ready(cluster, kube, namespace, node)
    # In every scenario the application runs again once the node is back, and shows what it acknowledged.
    return loss, set(session.acknowledged) - session.shown(seconds=120)


class _Watcher:
    """Notes when each phase is reached, and fences the node as the scenario says."""

    def __init__(
        self,
        cluster: Cluster,
        kube: Kube,
        session: Session,
        namespace: str,
        scenario: Scenario,
        node: str,
        victims: list[Manifest],
        disks: list[Manifest],
    ) -> None:
        self._api, self._kube, self._session = cluster.api(), kube, session
        self._namespace, self._scenario, self._node = namespace, scenario, node
        self._victims = {p["metadata"]["uid"]: p for p in victims}
        self._disks = [d["metadata"]["name"] for d in disks]
        self._wanted = len(readings.live_pods(kube, namespace))
        self._began = time.monotonic()
        self._loss = Loss()

    def watch(self) -> Loss:
        """Watch until the application has recovered, or until the patience of the scenario ends."""
        while not self._loss.recovered and time.monotonic() - self._began < self._scenario.patience:
            self._look()
            time.sleep(_POLL)
        if not self._loss.recovered:
            self._loss.waiting = self._what_it_waits_for()
        return self._loss

    def _reached(self, phase: str, yes: bool) -> bool:
        """Note that a phase is reached. True only the first time."""
        if not yes or phase in self._loss.phases:
            return False
        self._loss.phases[phase] = time.monotonic() - self._began
        return True

    def _look(self) -> None:
        node = _node(self._kube, self._node)
        pods = readings.app_pods(self._kube, self._namespace)
        old = [p for p in pods if p["metadata"]["uid"] in self._victims]
        new = [p for p in pods if p not in old and not p["metadata"].get("deletionTimestamp")]
        attached = readings.attached_nodes(self._kube)
        if self._reached("detected", node is None or readings.condition(node, "Ready") != "True"):
            self._fence_node()
        if self._reached("evicted", all(p["metadata"].get("deletionTimestamp") for p in old)):
            self._fence_pods(old)
        if self._scenario.fencing is Fencing.OUTSIDE:
            # The node is fenced by the taint or by the removal of its pods: no kubelet is left that would end them.
            self._reached("fenced", _vouched_off(node) or not old)
        if self._disks:
            self._reached("detached", not any(self._node in attached.get(disk, ()) for disk in self._disks))
        placed = [p for p in new if p["spec"].get("nodeName") not in (None, self._node)]
        self._reached("scheduled", len(placed) >= self._wanted)
        there = [p for p in placed if readings.is_ready(p) and readings.volumes_arrived(self._kube, p, attached)]
        self._reached("ready", len(there) >= self._wanted)
        self._reached("shown", self._session.serves_elsewhere(self._node))

    def _fence_node(self) -> None:
        if self._scenario.fencing in (Fencing.TAINT, Fencing.REMOVE):
            nodes.set_out_of_service(self._api, self._node)

    def _fence_pods(self, old: list[Manifest]) -> None:
        if self._scenario.fencing not in (Fencing.FORCE, Fencing.REMOVE):
            return
        for pod in old:
            # The garbage collector may have been faster.
            with contextlib.suppress(ApiException):
                CoreV1Api(self._api).delete_namespaced_pod(
                    pod["metadata"]["name"], self._namespace, grace_period_seconds=0
                )

    def _what_it_waits_for(self) -> str:
        new = [p for p in readings.live_pods(self._kube, self._namespace) if p["metadata"]["uid"] not in self._victims]
        if not new:
            return "the pod is not evicted yet" if "evicted" not in self._loss.phases else "no new pod"
        multi = readings.event_messages(self._kube, self._namespace, "FailedAttachVolume")
        said = readings.why_pending(new[0]) or (multi[-1] if multi else "not Ready")
        return said.partition(". preemption")[0]


def bring_up(cluster: Cluster, scenario: Scenario, folder: Path) -> None:
    """Bring the scenario's stack up with `make up`, on the monitor road."""
    name = scenario.name
    if scenario.scaled:
        samples.up_scaled(cluster, name, replicas=3)
    else:
        claims = {k: dict(v) for k, v in samples.MEDIA[scenario.medium].items()}
        for claim in claims.values():
            if "storageClass" in claim:
                claim["accessMode"] = scenario.access_mode
        samples.up(cluster, samples.stack_file(folder, name, claims))
    if not scenario.our_tolerations:
        without_tolerations(cluster, name)


def remove(cluster: Cluster, namespace: str) -> None:
    """Remove the application of a namespace: its pods must not take the room of the next drill's."""
    samples.kube(cluster).delete(_deployment(namespace))


def _deployment(namespace: str) -> Manifest:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "kotaemon", "namespace": namespace}}


def without_tolerations(cluster: Cluster, namespace: str) -> None:
    """Remove the product's tolerations from its pods; the API server then adds Kubernetes's default of 300 s."""
    apps: Any = AppsV1Api(cluster.api())
    apps.patch_namespaced_deployment("kotaemon", namespace, {"spec": {"template": {"spec": {"tolerations": None}}}})
    kube = samples.kube(cluster)

    def rolled() -> bool:
        pods = readings.app_pods(kube, namespace)
        return bool(pods) and all(readings.is_ready(p) and _patient(p) for p in pods)

    _wait_until(rolled, "the pods have Kubernetes's own tolerations")


def _patient(pod: Manifest) -> bool:
    times = {t.get("tolerationSeconds") for t in pod["spec"].get("tolerations") or () if t.get("key", "").endswith("e")}
    return times == {300}


@contextlib.contextmanager
def placed_on(cluster: Cluster, node: str | None) -> Any:
    """Let only this node take new pods within a `with` block. None: all nodes take pods."""
    core: Any = CoreV1Api(cluster.api())
    others = [n.metadata.name for n in core.list_node().items if node is not None and n.metadata.name != node]
    try:
        for other in others:
            core.patch_node(other, {"spec": {"unschedulable": True}})
        yield
    finally:
        for other in others:
            core.patch_node(other, {"spec": {"unschedulable": False}})


def result(scenario: Scenario, loss: Loss, turns: int, lost: set[int]) -> Result:
    """The result of a scenario: green or red, with the reasons and the measured times."""
    phases = loss.phases
    outside = scenario.fencing is Fencing.OUTSIDE
    problems = [f"{len(lost)} of {turns} acknowledged turns are lost"] if lost else []
    if scenario.recovers and not loss.recovered:
        problems.append(f"not back after {scenario.patience:.0f} s: {loss.waiting}")
        if outside and "fenced" not in phases:
            problems.append("nothing has fenced the node: it has no out-of-service taint, and its pods still exist")
    if not scenario.recovers and loss.recovered:
        problems.append("a new pod has the disk although the old node was not fenced")
    if loss.taint_left:
        problems.append(f"the out-of-service taint is still there {RELEASE_SECONDS:.0f} s after the node's return")
    # The time that an automation needs to be sure of the loss is its own; the product answers for the time after that.
    since = "fenced" if outside and scenario.medium == "block" else "detected"
    after = phases["ready"] - phases[since] if {"ready", since} <= set(phases) else None
    prompt = scenario.our_tolerations and scenario.fencing is not Fencing.FORCE
    if scenario.recovers and prompt and after is not None and after > limit(scenario):
        what = "fencing" if since == "fenced" else "detection"
        problems.append(f"Ready {after:.1f} s after the {what}; the limit is {limit(scenario):.0f} s")
    names = ["detected", "evicted", *(["fenced"] if outside else []), "detached", "scheduled", "ready", "shown"]
    facts = {
        "medium": scenario.medium,
        "profile": "scaled" if scenario.scaled else "single-writer",
        "fencing": scenario.fencing.value,
        "our tolerations": "yes" if scenario.our_tolerations else "no",
        **{name: seconds(phases.get(name)) for name in names},
        **split(phases),
        f"{since} to ready": seconds(after),
        "turns": str(turns),
        "lost": str(len(lost)),
        "waits for": loss.waiting,
    }
    return Result(scenario.name, facts, problems)


def split(phases: Mapping[str, float]) -> dict[str, str]:
    """What comes after the detection, in its two parts; `-` for a part that was not reached, or not needed."""

    def between(first: str, second: str) -> str:
        return seconds(phases[second] - phases[first] if {first, second} <= set(phases) else None)

    return {
        "detach": between("detected", "detached"),
        "start": between("detached" if "detached" in phases else "detected", "ready"),
    }


def limit(scenario: Scenario) -> float:
    """The most seconds from detection to Ready; from the fencing, when an automation outside the drill fences."""
    left_to_collector = scenario.medium == "block" and scenario.fencing in (Fencing.TAINT, Fencing.OUTSIDE)
    collected = GARBAGE_SECONDS if left_to_collector else 0.0
    return (GOAL_SECONDS + collected) * PATIENCE


def _node(kube: Kube, name: str) -> Manifest | None:
    return kube.get({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})


def _vouched_off(node: Manifest | None) -> bool:
    return any(t["key"] == nodes.OUT_OF_SERVICE for t in (node or {}).get("spec", {}).get("taints") or ())


def _wait_until(done: Callable[[], bool], what: str, limit_seconds: float = 120) -> None:
    if not _within(limit_seconds, done):
        raise TimeoutError(f"not within {limit_seconds:.0f} s: {what}")


def _within(limit_seconds: float, done: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + limit_seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True
