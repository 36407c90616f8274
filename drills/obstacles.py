"""Obstacles of a roll-out in the profile scaled: an exhausted quota, and an image that never starts.

The run must say what is in the way while the old pods serve, and the next run must end well.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kubernetes.client import CoreV1Api

from deploy import readings
from deploy.engine import Failed
from devcluster.cluster import Cluster
from drills import kubelet, samples
from drills.results import Result
from drills.session import follow

GIVE_UP_SECONDS = 8.0
"""How long `make up` waits for a Deployment here; by default ten minutes."""
GOOD = "ghcr.io/cinnamon/kotaemon:0.11.2-lite"
NEWER = "ghcr.io/cinnamon/kotaemon:0.11.3-lite"
BROKEN = "ghcr.io/cinnamon/kotaemon:0.11.99-lite"
REPLICAS = 2


def quota_exhausted(cluster: Cluster, name: str, folder: Path) -> Result:
    """Let a ResourceQuota leave no room for the additional pod of a roll-out."""
    core: Any = CoreV1Api(cluster.api())
    quota = {"metadata": {"name": "drill"}, "spec": {"hard": {"pods": str(REPLICAS)}}}
    samples.up_scaled(cluster, name, REPLICAS, GOOD)
    core.create_namespaced_resource_quota(name, quota)

    def lift() -> None:
        core.delete_namespaced_resource_quota("drill", name)

    return _in_the_way("quota exhausted", cluster, name, folder, NEWER, lift, ("exceeded quota", "drill"))


def image_never_starts(cluster: Cluster, name: str, folder: Path) -> Result:
    """Deploy a new image that cannot be pulled. The drill plays the kubelets, because kwok pulls every image."""
    names = [n["metadata"]["name"] for n in samples.kube(cluster).list("v1", "Node")]
    with kubelet.playing(cluster.api(), names, lambda image: image != BROKEN):
        samples.up_scaled(cluster, name, REPLICAS, GOOD)
        words = ("1 of 2 pods", "ImagePullBackOff")
        return _in_the_way("image that never starts", cluster, name, folder, BROKEN, lambda: None, words)


def _in_the_way(
    what: str,
    cluster: Cluster,
    name: str,
    folder: Path,
    image: str,
    lift: Callable[[], None],
    words: tuple[str, ...],
) -> Result:
    """A run with `image` must fail and say `words`. After `lift` a run with a good image must succeed."""
    kube = samples.kube(cluster)
    problems: list[str] = []
    with follow(cluster, name, folder / name) as session:
        session.wait_for(turns=3)
        said = _refusal(cluster, name, image)
        serving = [p for p in readings.live_pods(kube, name) if readings.is_ready(p)]
        if not said:
            problems.append("the run succeeds")
        elif missing := [word for word in words if word not in said]:
            problems.append(f"the run does not say {' or '.join(missing)}: {said}")
        if len(serving) < REPLICAS:
            problems.append(f"only {len(serving)} of {REPLICAS} old pods still serve")
        lift()
        samples.up_scaled(cluster, name, REPLICAS, NEWER)
        session.wait_for(turns=2)
        turns, lost = len(session.acknowledged), set(session.acknowledged) - session.shown()
    if lost:
        problems.append(f"{len(lost)} of {turns} acknowledged turns are lost")
    facts = {
        "the run says": said.partition(" is not ready: ")[2] or said,
        "pods that serve on": str(len(serving)),
        "turns": str(turns),
        "lost": str(len(lost)),
    }
    return Result(what, facts, problems)


def _refusal(cluster: Cluster, name: str, image: str) -> str:
    """The message with which the run gives up. Empty when it succeeds."""
    try:
        samples.up_scaled(cluster, name, REPLICAS, image, GIVE_UP_SECONDS)
    except Failed as error:
        return str(error)
    return ""
