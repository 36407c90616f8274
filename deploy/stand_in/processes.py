"""Processes that follow the pods of one namespace: the stand-in application as a process for each pod."""

import threading
from pathlib import Path

from deploy import readings
from deploy.kube import Kube, Manifest
from deploy.stand_in.pod_process import PodProcess


class Processes:
    """One process for each pod of the application that is Ready and has its disks. Used from several threads."""

    def __init__(self, kube: Kube, namespace: str, root: Path) -> None:
        """`root`: folder for the pods' volumes and output."""
        self._kube, self._namespace, self._root = kube, namespace, root
        self._lock = threading.Lock()
        self._lost_nodes: set[str] = set()
        self._processes: dict[str, PodProcess] = {}

    def follow(self) -> None:
        """Start and end processes as the pods have come and gone. Call it from one thread, again and again."""
        pods = {p["metadata"]["uid"]: p for p in readings.app_pods(self._kube, self._namespace)}
        attached = readings.attached_nodes(self._kube)
        with self._lock:
            for uid, process in list(self._processes.items()):
                if process.node in self._lost_nodes:
                    continue
                pod = pods.get(uid)
                ends = pod is None or pod["metadata"].get("deletionTimestamp")
                if ends or not process.running:
                    # As a kubelet does: a container that ended in a pod that still exists is started again.
                    process.stop()
                    del self._processes[uid]
            for uid, pod in pods.items():
                if uid not in self._processes and self._may_start(pod, attached):
                    self._processes[uid] = PodProcess(self._kube, pod, self._root)

    def serving(self) -> list[PodProcess]:
        """Those that run now."""
        with self._lock:
            return [p for p in self._processes.values() if p.running]

    def outputs(self) -> str:
        """The end of what each has printed, for people."""
        with self._lock:
            return "; ".join(f"{p.name}: {p.output[-500:]!r}" for p in self._processes.values()) or "no process"

    def close(self) -> None:
        """Kill all, without a signal that they could handle."""
        with self._lock:
            for process in self._processes.values():
                process.kill()

    def stop_all(self) -> None:
        """End all as a kubelet does."""
        with self._lock:
            for process in self._processes.values():
                process.stop()

    def lose_node(self, node: str) -> None:
        """Kill everything that runs on the node, without warning. Nothing is started there until `node_is_back`."""
        with self._lock:
            self._lost_nodes.add(node)
            for process in self._processes.values():
                if process.node == node:
                    process.kill()

    def node_is_back(self, node: str) -> None:
        """Allow pods on the node again."""
        with self._lock:
            self._lost_nodes.discard(node)

    def _may_start(self, pod: Manifest, attached: dict[str, set[str]]) -> bool:
        node = pod["spec"].get("nodeName")
        gone = pod["metadata"].get("deletionTimestamp") or node in self._lost_nodes
        return not gone and readings.is_ready(pod) and readings.volumes_arrived(self._kube, pod, attached)
