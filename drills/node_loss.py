"""The drill of node loss: the application loses its node, and every acknowledged turn of a chat must be shown again."""

import contextlib
import random
import time
from pathlib import Path
from typing import Any

from kubernetes.client import ApiException, AppsV1Api, CoreV1Api

from deploy import readings
from deploy.kube import Kube, Manifest
from devcluster import nodes
from devcluster.cluster import Cluster
from drills import power, samples
from drills.loss_case import RELEASE_SECONDS, Fencing, Loss, Scenario, result
from drills.results import Result
from drills.session import Session, follow
from drills.until import reached, within

BACK_SECONDS = 120.0
"""Limit for a returned node to be Ready, and for pods that were changed to run."""
_POLL = 0.2


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
    within(BACK_SECONDS, lambda: node in nodes.ready_nodes(api), f"{node} is Ready again")
    if scenario.fencing is Fencing.OUTSIDE:
        loss.taint_left = not reached(RELEASE_SECONDS, lambda: not _vouched_off(_node(kube, node)))
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
    """Bring the scenario's stack up."""
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

    within(BACK_SECONDS, rolled, "the pods have Kubernetes's own tolerations")


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


def _node(kube: Kube, name: str) -> Manifest | None:
    return kube.get({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})


def _vouched_off(node: Manifest | None) -> bool:
    return any(t["key"] == nodes.OUT_OF_SERVICE for t in (node or {}).get("spec", {}).get("taints") or ())
