"""Ways to break the product on purpose, on the live objects, so that a drill must turn red."""

import contextlib
import time
from collections.abc import Callable, Generator
from typing import Any

from kubernetes.client import AppsV1Api, PolicyV1Api

from deploy import readings
from devcluster.cluster import Cluster
from drills import eviction, samples


def claims_to_scratch(cluster: Cluster, namespace: str) -> None:
    """The roles are on the pod's own disk, as without any storage map."""

    def change(spec: dict[str, Any]) -> None:
        for volume in spec["volumes"]:
            if volume.pop("persistentVolumeClaim", None):
                volume["emptyDir"] = {}

    _change_pods(cluster, namespace, change)


def no_tolerations(cluster: Cluster, namespace: str) -> None:
    """Kubernetes's own five minutes on a lost node."""
    _change_pods(cluster, namespace, lambda spec: spec.pop("tolerations"))


def rolling_update(cluster: Cluster, namespace: str) -> None:
    """The new pod of one writer starts before the old one has ended."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    AppsV1Api(cluster.api()).patch_namespaced_deployment("kotaemon", namespace, {"spec": {"strategy": strategy}})


def blocking_budget(cluster: Cluster, namespace: str) -> None:
    """A disruption budget that lets the only pod never go."""
    policy = PolicyV1Api(cluster.api())
    change = {"spec": {"maxUnavailable": None, "minAvailable": 1}}
    policy.patch_namespaced_pod_disruption_budget("kotaemon", namespace, change)
    deadline = time.monotonic() + 30
    while policy.read_namespaced_pod_disruption_budget("kotaemon", namespace).status.disruptions_allowed:
        assert time.monotonic() < deadline, "the budget's controller does not answer"
        time.sleep(0.1)


@contextlib.contextmanager
def all_cordoned(cluster: Cluster) -> Generator[None]:
    """No node takes a pod within a `with` block."""
    api = cluster.api()
    names: list[str] = [n["metadata"]["name"] for n in samples.kube(cluster).list("v1", "Node")]
    with contextlib.ExitStack() as stack:
        for name in names:
            stack.enter_context(eviction.cordoned(api, name))
        yield


def _change_pods(cluster: Cluster, namespace: str, change: Callable[[dict[str, Any]], object]) -> None:
    apps: Any = AppsV1Api(cluster.api())
    kube = samples.kube(cluster)
    meta = {"name": "kotaemon", "namespace": namespace}
    live = kube.get({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta})
    assert live
    change(live["spec"]["template"]["spec"])
    apps.replace_namespaced_deployment("kotaemon", namespace, live)
    deadline = time.monotonic() + 60

    def rolled() -> bool:
        status = (kube.get(live) or {}).get("status") or {}
        pods = readings.app_pods(kube, namespace)
        new = status.get("observedGeneration", 0) > live["metadata"]["generation"]
        return new and status.get("updatedReplicas") == len(pods) == 1 and readings.is_ready(pods[0])

    while not rolled():
        assert time.monotonic() < deadline, "the broken pod does not run"
        time.sleep(0.1)
