"""A session that chats all the time, and processes that follow the application's pods.

A turn counts once the application has acknowledged it. Whatever happens to the pods afterwards, every acknowledged turn
must be shown again.
"""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from deploy.kube import Kube
from deploy.stand_in.processes import Processes

_PAUSE = 0.1
_PACE = 0.05
"""Pause between two turns, in seconds."""


class Session:
    """Follows the pods of one namespace with processes, and chats with them. Use it through `follow`."""

    def __init__(self, kube: Kube, namespace: str, root: Path) -> None:
        self._processes = Processes(kube, namespace, root)
        self._ended = threading.Event()
        self._failure: BaseException | None = None
        self.acknowledged: list[int] = []

    def lose_node(self, node: str) -> None:
        """Kill everything that runs on the node, without warning. Nothing is started there until `node_is_back`."""
        self._processes.lose_node(node)

    def node_is_back(self, node: str) -> None:
        """Allow pods on the node again."""
        self._processes.node_is_back(node)

    def shown(self, seconds: float = 60) -> set[int]:
        """Turns that all serving pods show. Waits at most `seconds` until one serves; then raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while True:
            self._check()
            answers = [t for p in self._processes.serving() if (t := p.turns()) is not None]
            if answers:
                return set[int].intersection(*(set(a) for a in answers))
            if time.monotonic() > deadline:
                raise TimeoutError(f"no pod serves within {seconds:.0f} s: {self._processes.outputs()}")
            time.sleep(_PAUSE)

    def serves_elsewhere(self, node: str) -> bool:
        """Whether a pod on another node answers."""
        self._check()
        return any(p.turns() is not None for p in self._processes.serving() if p.node != node)

    def wait_for(self, turns: int, seconds: float = 60) -> None:
        """Wait until `turns` more turns are acknowledged. Raises TimeoutError after `seconds`."""
        wanted, deadline = len(self.acknowledged) + turns, time.monotonic() + seconds
        while len(self.acknowledged) < wanted:
            self._check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"no turn is acknowledged within {seconds:.0f} s: {self._processes.outputs()}")
            time.sleep(_PAUSE)

    def writers(self) -> int:
        """Number of processes that run now."""
        return len(self._processes.serving())

    def run(self) -> None:
        """The thread that starts and ends processes as the pods come and go. It ends them all when it ends."""
        try:
            while not self._ended.is_set():
                self._processes.follow()
                time.sleep(_PAUSE)
        except BaseException as error:
            self._failure = error
        finally:
            self._processes.kill_all()

    def chat(self) -> None:
        """The thread that saves one turn after the other, through any pod that serves."""
        # Numbers differ from those of earlier sessions on the same volumes, whose turns could hide a lost one.
        number = time.time_ns() // 1_000_000
        while not self._ended.is_set():
            serving = self._processes.serving()
            if not serving:
                time.sleep(_PAUSE)
                continue
            number += 1
            if serving[0].save(number):
                self.acknowledged.append(number)
            time.sleep(_PACE)

    def end(self) -> None:
        """End both threads."""
        self._ended.set()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure


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
