"""The session oracle: somebody who chats all the time, and processes that follow the application's pods.

A turn counts when the application has acknowledged it. Whatever happens to the pods afterwards, every acknowledged turn
must be shown again.
"""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from deploy.kube import Kube, Manifest
from drills import readings
from drills.pod_process import PodProcess

_PAUSE = 0.1
_PACE = 0.05
"""Between two turns, in seconds."""


class Session:
    """Follows the pods of one namespace. Use `follow`."""

    def __init__(self, kube: Kube, namespace: str, root: Path) -> None:
        self._kube, self._namespace, self._root = kube, namespace, root
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._lost_nodes: set[str] = set()
        self._processes: dict[str, PodProcess] = {}
        self._failure: BaseException | None = None
        self.acknowledged: list[int] = []

    def lose_node(self, node: str) -> None:
        """Kill what runs on the node, without a word. Nothing is started there until `node_is_back`."""
        with self._lock:
            self._lost_nodes.add(node)
            for process in self._processes.values():
                if process.node == node:
                    process.kill()

    def node_is_back(self, node: str) -> None:
        """The node may be used again."""
        with self._lock:
            self._lost_nodes.discard(node)

    def shown(self, seconds: float = 60) -> set[int]:
        """What every serving pod shows; waits until one serves."""
        deadline = time.monotonic() + seconds
        while True:
            self._check()
            answers = [t for p in self._serving() if (t := p.turns()) is not None]
            if answers:
                return set[int].intersection(*(set(a) for a in answers))
            if time.monotonic() > deadline:
                raise TimeoutError(f"no pod serves within {seconds:.0f} s: {self._outputs()}")
            time.sleep(_PAUSE)

    def serves_elsewhere(self, node: str) -> bool:
        """Whether a pod on another node answers."""
        self._check()
        return any(p.turns() is not None for p in self._serving() if p.node != node)

    def wait_for(self, turns: int, seconds: float = 60) -> None:
        """Wait until so many more turns are acknowledged."""
        wanted, deadline = len(self.acknowledged) + turns, time.monotonic() + seconds
        while len(self.acknowledged) < wanted:
            self._check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"no turn is acknowledged within {seconds:.0f} s: {self._outputs()}")
            time.sleep(_PAUSE)

    def writers(self) -> int:
        """Processes that run now."""
        return len(self._serving())

    def run(self) -> None:
        """The thread that follows the pods; the processes end with it."""
        try:
            while not self._ended.is_set():
                self._follow()
                time.sleep(_PAUSE)
        except BaseException as error:
            self._failure = error
        finally:
            for process in self._processes.values():
                process.kill()

    def chat(self) -> None:
        """The thread that saves one turn after the other, at whatever pod serves."""
        # No number of an earlier session on the same volumes: that one's turn would stand for a lost one.
        number = time.time_ns() // 1_000_000
        while not self._ended.is_set():
            serving = self._serving()
            if not serving:
                time.sleep(_PAUSE)
                continue
            number += 1
            if serving[0].save(number):
                self.acknowledged.append(number)
            time.sleep(_PACE)

    def end(self) -> None:
        """Both threads end."""
        self._ended.set()

    def _follow(self) -> None:
        pods = {p["metadata"]["uid"]: p for p in readings.app_pods(self._kube, self._namespace)}
        attached = readings.attached_nodes(self._kube)
        with self._lock:
            for uid, process in list(self._processes.items()):
                if process.node in self._lost_nodes:
                    continue
                pod = pods.get(uid)
                ends = pod is None or pod["metadata"].get("deletionTimestamp")
                if ends or not process.running:
                    # As a kubelet: a container that has ended in a pod that has not is started again.
                    process.stop()
                    del self._processes[uid]
            for uid, pod in pods.items():
                if uid not in self._processes and self._may_start(pod, attached):
                    self._processes[uid] = PodProcess(self._kube, pod, self._root)

    def _may_start(self, pod: Manifest, attached: dict[str, set[str]]) -> bool:
        node = pod["spec"].get("nodeName")
        gone = pod["metadata"].get("deletionTimestamp") or node in self._lost_nodes
        return not gone and readings.is_ready(pod) and readings.volumes_arrived(self._kube, pod, attached)

    def _serving(self) -> list[PodProcess]:
        with self._lock:
            return [p for p in self._processes.values() if p.running]

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _outputs(self) -> str:
        with self._lock:
            return "; ".join(f"{p.name}: {p.output[-500:]!r}" for p in self._processes.values()) or "no process"


@contextmanager
def follow(kube: Kube, namespace: str, root: Path) -> Generator[Session]:
    """A session that chats until the end of the `with` block."""
    session = Session(kube, namespace, root)
    threads = [threading.Thread(target=t, daemon=True) for t in (session.run, session.chat)]
    for thread in threads:
        thread.start()
    try:
        yield session
    finally:
        session.end()
        for thread in threads:
            thread.join()
