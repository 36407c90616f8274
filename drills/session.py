"""A session that chats all the time with the application's pods: containers on real nodes, else processes.

A turn counts once the application has acknowledged it. Whatever happens to the pods afterwards, every acknowledged turn
must be shown again.
"""

import itertools
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.stand_in.pod_process import PodProcess
from deploy.stand_in.processes import Processes
from devcluster.cluster import Cluster
from drills import samples
from drills.containers import Container, Containers

_PAUSE = 0.1
_PACE = 0.05
"""Pause between two turns, in seconds."""


class Session:
    """Follows the pods of one namespace and chats with them. Use it through `follow`."""

    def __init__(self, served: Processes | Containers) -> None:
        self._served = served
        self._ended = threading.Event()
        self._failure: BaseException | None = None
        self.acknowledged: list[int] = []
        self._times: list[float] = []

    def lose_node(self, node: str) -> None:
        """Kill everything that runs on the node, without warning. Nothing is started there until `node_is_back`."""
        self._served.lose_node(node)

    def node_is_back(self, node: str) -> None:
        """Allow pods on the node again."""
        self._served.node_is_back(node)

    def shown(self, seconds: float = 60) -> set[int]:
        """Turns that all serving pods show. Waits at most `seconds` until one serves; then raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while True:
            self._check()
            answers = [t for p in self._served.serving() if (t := p.turns()) is not None]
            if answers:
                return set[int].intersection(*(set(a) for a in answers))
            if time.monotonic() > deadline:
                raise TimeoutError(f"no pod serves within {seconds:.0f} s: {self._served.outputs()}")
            time.sleep(_PAUSE)

    def serves_elsewhere(self, node: str) -> bool:
        """Whether a pod on another node answers."""
        self._check()
        return any(p.turns() is not None for p in self._served.serving() if p.node != node)

    def wait_for(self, turns: int, seconds: float = 60) -> None:
        """Wait until `turns` more turns are acknowledged. Raises TimeoutError after `seconds`."""
        wanted, deadline = len(self.acknowledged) + turns, time.monotonic() + seconds
        while len(self.acknowledged) < wanted:
            self._check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"no turn is acknowledged within {seconds:.0f} s: {self._served.outputs()}")
            time.sleep(_PAUSE)

    def acknowledge(self, number: int) -> None:
        """Count a turn that the application has acknowledged, to whoever asked for it."""
        self.acknowledged.append(number)
        self._times.append(time.monotonic())

    def longest_gap(self, since: float) -> float:
        """The longest time in seconds without an acknowledged turn, after `since` (monotonic) and until now."""
        times = [since, *(t for t in self._times if t > since), time.monotonic()]
        return max(after - before for before, after in itertools.pairwise(times))

    def serving(self) -> Sequence[Container | PodProcess]:
        """The pods that serve now."""
        self._check()
        return self._served.serving()

    def writers(self) -> int:
        """Number of processes that run now."""
        return len(self._served.serving())

    def run(self) -> None:
        """The thread that looks which pods come and go; where they are processes, it starts and ends them."""
        try:
            while not self._ended.is_set():
                self._served.follow()
                time.sleep(_PAUSE)
        except BaseException as error:
            self._failure = error

    def chat(self) -> None:
        """The thread that saves one turn after the other, through any pod that serves."""
        # Numbers differ from those of earlier sessions on the same volumes, whose turns could hide a lost one.
        number = time.time_ns() // 1_000_000
        while not self._ended.is_set():
            serving = self._served.serving()
            if not serving:
                time.sleep(_PAUSE)
                continue
            number += 1
            if serving[0].save(number):
                self.acknowledge(number)
            time.sleep(_PACE)

    def end(self) -> None:
        """End both threads."""
        self._ended.set()

    def close(self) -> None:
        """Let go of the pods, once both threads have ended."""
        self._served.close()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure


@contextmanager
def follow(cluster: Cluster, namespace: str, root: Path) -> Generator[Session]:
    """A session that chats until the end of the `with` block: with containers on real nodes, else with processes.

    `root`: folder of the processes; every session of a namespace has the same.
    """
    kube = samples.kube(cluster)
    real = bool(cluster.real_nodes)
    session = Session(Containers(kube, namespace, cluster.directory) if real else Processes(kube, namespace, root))
    threads = [threading.Thread(target=t, daemon=True) for t in (session.run, session.chat)]
    for thread in threads:
        thread.start()
    try:
        yield session
    finally:
        session.end()
        for thread in threads:
            thread.join()
        session.close()
