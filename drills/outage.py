"""Drills of the parts that serve nobody themselves: a kubelet that ends, an API server that is away. Pods serve on."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Generator
from pathlib import Path

from deploy import readings
from deploy.kube import Manifest
from devcluster import nodes, platforms
from devcluster.cluster import Cluster
from devcluster.real import machines
from drills import samples
from drills.results import Result, judged, seconds
from drills.session import follow
from drills.until import within

GAP_SECONDS = 15.0
"""Limit for a pause between two acknowledged turns: nothing that serves is touched. A very busy machine took 9 s."""
READY_SECONDS = 60.0


def kubelet_restarted(cluster: Cluster, name: str, folder: Path) -> Result:
    """Kill the kubelet of the application's node. The stack is up on real nodes."""

    def kill(node: str) -> None:
        cluster.signal_node(node, "kubelet", signal.SIGKILL)
        time.sleep(2.0)

    return _serves_on("kubelet restart", cluster, name, folder, kill)


def api_server_away(cluster: Cluster, name: str, folder: Path, hold: float) -> Result:
    """Stop the API server for `hold` seconds: it answers nobody, and nobody is told that it is gone."""

    def stop(_: str) -> None:
        with _stopped(machines.api_server(cluster.directory)):
            time.sleep(hold)

    return _serves_on(f"API server away for {hold:.0f} s", cluster, name, folder, stop)


def _serves_on(what: str, cluster: Cluster, name: str, folder: Path, work: Callable[[str], None]) -> Result:
    """Do the work while a session chats: no turn may wait, no pod may be replaced, no container be restarted."""
    kube, api = samples.kube(cluster), cluster.api()
    problems: list[str] = []
    with follow(cluster, name, folder / name) as session:
        session.wait_for(turns=5)
        before = readings.live_pods(kube, name)
        began = time.monotonic()
        work(before[0]["spec"]["nodeName"])
        ended = time.monotonic()
        try:
            within(READY_SECONDS, lambda: {*cluster.real_nodes} <= {*nodes.ready_nodes(api)}, "all nodes are Ready")
            ready: float | None = time.monotonic() - ended
            # Long enough for the node controller to evict somebody by mistake.
            time.sleep(platforms.NODE_GRACE_SECONDS)
            session.wait_for(turns=3)
            lost = set(session.acknowledged) - session.shown()
        except TimeoutError as error:
            problems.append(str(error))
            ready, lost = None, set[int]()
        gap, turns = session.longest_gap(began), len(session.acknowledged)
    if _state(readings.app_pods(kube, name)) != _state(before):
        problems.append("a pod was replaced or restarted")
    if gap > GAP_SECONDS:
        problems.append(f"for {gap:.1f} s no turn was acknowledged; the limit is {GAP_SECONDS:.0f} s")
    facts = {"longest gap": seconds(gap), "all nodes Ready again after": seconds(ready)}
    return judged(f"{what}, {name}", facts, problems, turns, lost)


def _state(pods: list[Manifest]) -> list[tuple[str, int]]:
    return [
        (p["metadata"]["uid"], sum(s["restartCount"] for s in p["status"].get("containerStatuses") or ())) for p in pods
    ]


@contextlib.contextmanager
def _stopped(pid: int) -> Generator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
