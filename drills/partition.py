"""The drill of a partition: a kubelet stops, its containers live, and somebody vouches too early that the node is off.

The control plane then gives the pod's place away. There must never be two writers, and no acknowledged turn may be
lost.
"""

import signal
import time
from pathlib import Path

from deploy import readings
from deploy.kube import Kube, Manifest
from devcluster import nodes
from devcluster.cluster import Cluster
from devcluster.real import disk, layout, machines
from drills import samples
from drills.results import Result, judged, seconds
from drills.session import Session, follow
from drills.until import within

DETECTION_SECONDS = 60.0
"""Limit for the control plane to notice; it takes 8 s."""
RECOVERY_SECONDS = 180.0
"""Limit from the end of the partition to an answer of the new pod. The kubelet retries a refused mount after up to two
minutes (kubernetes: pkg/util/goroutinemap/exponentialbackoff)."""
_POLL = 0.2


def partition(cluster: Cluster, name: str, folder: Path, hold: float) -> Result:
    """Stop the kubelet of the application's node until `hold` seconds after the taint. Needs real nodes."""
    kube = samples.kube(cluster)
    with follow(cluster, name, folder / name) as session:
        session.wait_for(turns=5)
        drill = _Partition(cluster, kube, session, name)
        try:
            drill.run(hold)
            lost = set(session.acknowledged) - session.shown()
        except TimeoutError as error:
            drill.problems.append(str(error))
            lost = set[int]()
        finally:
            drill.heal()
        turns = len(session.acknowledged)
    facts = {
        "medium": "block" if drill.disks else "file",
        "detection": seconds(drill.detected),
        "written by the old pod after the taint": str(drill.late),
        "the new pod meanwhile": drill.waits or "-",
        "most writers": str(drill.most_writers),
        "detach": seconds(drill.detached),
        "start": seconds(drill.answered),
    }
    return judged(f"partition, {name}", facts, drill.problems, turns, lost)


class _Partition:
    """What happens, and what was seen."""

    def __init__(self, cluster: Cluster, kube: Kube, session: Session, namespace: str) -> None:
        self._cluster, self._kube, self._session, self._namespace = cluster, kube, session, namespace
        (self._old,) = session.serving()
        (pod,) = [p for p in readings.live_pods(kube, namespace) if p["metadata"]["name"] == self._old.name]
        self._uid = pod["metadata"]["uid"]
        self.disks = [_file(cluster, volume) for volume in readings.attached_volumes(kube, pod)]
        self.problems: list[str] = []
        self.detected: float | None = None
        self.detached: float | None = None
        self.answered: float | None = None
        self.late, self.most_writers, self.waits = 0, 1, ""
        self._parted = False

    def run(self, hold: float) -> None:
        """Raises TimeoutError."""
        began = time.monotonic()
        self._cluster.signal_node(self._old.node, "kubelet", signal.SIGSTOP)
        self._parted = True
        within(DETECTION_SECONDS, lambda: self._old.node not in nodes.ready_nodes(self._cluster.api()), "it is noticed")
        self.detected = time.monotonic() - began
        nodes.set_out_of_service(self._cluster.api(), self._old.node)
        within(DETECTION_SECONDS, self._replaced, "the old pod is removed and a new one is placed")
        until = time.monotonic() + hold
        while time.monotonic() < until:
            self._look()
            time.sleep(_POLL)
        if not self.late:
            self.problems.append("the old container did not live on, so nothing was tried")
        self._wait_for_the_new()

    def heal(self) -> None:
        """End the partition. Does nothing where there is none."""
        if self._parted:
            self._parted = False
            nodes.clear_out_of_service(self._cluster.api(), self._old.node)
            self._cluster.signal_node(self._old.node, "kubelet", signal.SIGCONT)

    def _replaced(self) -> bool:
        pods = readings.app_pods(self._kube, self._namespace)
        return bool(pods) and all(p["metadata"]["uid"] != self._uid and p["spec"].get("nodeName") for p in pods)

    def _look(self) -> None:
        """The old container is given turns at its own address, as by people whose connection is still open."""
        number = time.time_ns() // 1_000_000
        old_writes = self._old.save(number)
        if old_writes:
            self._session.acknowledge(number)
            self.late += 1
        new = [c for c in self._session.serving() if c.node != self._old.node and c.turns() is not None]
        self.most_writers = max(self.most_writers, old_writes + len(new))
        if old_writes and new:
            self._problem(f"{new[0].name} serves while {self._old.name} still writes")
        for file in self.disks:
            if len(holders := self._holders(file)) > 1:
                self._problem(f"disk {file.stem} is mounted on {' and '.join(holders)} at once")
        self.waits = self._why_waiting() or self.waits

    def _holders(self, file: Path) -> list[str]:
        """Nodes on which the disk is mounted. The kernel is one, so a second mount would use the same loop device."""
        devices = disk.devices_of(file)
        found = {node: machines.first_process(self._cluster.directory, node) for node in self._cluster.real_nodes}
        tables = {node: Path(f"/proc/{pid}/mountinfo").read_text() for node, pid in found.items() if pid}
        return [node for node, table in tables.items() if any(f" {device} " in table for device in devices)]

    def _problem(self, text: str) -> None:
        if text not in self.problems:
            self.problems.append(text)

    def _why_waiting(self) -> str:
        refused = readings.event_messages(self._kube, self._namespace, "FailedMount")
        if refused:
            return refused[-1].rpartition("desc = ")[2]
        pods = [p for p in readings.live_pods(self._kube, self._namespace) if not readings.is_ready(p)]
        return "started, not Ready: it waits for the writer's lock" if pods and _runs(pods[0]) else ""

    def _wait_for_the_new(self) -> None:
        began, old = time.monotonic(), set(map(str, self.disks))
        self.heal()

        def free() -> bool:
            return self._old.turns() is None

        within(RECOVERY_SECONDS, free, "the old container has ended")
        self.detached = time.monotonic() - began
        within(RECOVERY_SECONDS, lambda: self._session.serves_elsewhere(self._old.node), "the new pod answers")
        self.answered = time.monotonic() - began - self.detached
        if old != set(map(str, self.disks)):
            self._problem("the pod has another disk")


def _runs(pod: Manifest) -> bool:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return any("running" in (status.get("state") or {}) for status in statuses)


def _file(cluster: Cluster, volume: Manifest) -> Path:
    return disk.path_of(layout.disks(cluster.directory), volume["spec"]["csi"]["volumeHandle"])
