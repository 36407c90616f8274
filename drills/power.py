"""Cuts a node's power and gives it back: a real one's for real, a simulated one's by what its kubelet reports."""

from typing import Any

from kubernetes.client import CoreV1Api

from deploy import readings
from deploy.kube import Kube, Manifest
from devcluster import nodes
from devcluster.cluster import Cluster


def cut(cluster: Cluster, node: str, disks: list[Manifest]) -> None:
    """Lose a node without warning. `disks`: volumes that are mounted there. It stays off until `give_back`.

    What runs on a simulated node as a process of the drill is the session's to kill.
    """
    if cluster.real_nodes:
        cluster.kill_node(node)
        return
    api = cluster.api()
    _report_in_use(CoreV1Api(api), node, disks)
    nodes.stop_heartbeat(api, node)


def give_back(cluster: Cluster, node: str) -> None:
    """Switch the node on again."""
    if cluster.real_nodes:
        cluster.revive_node(node)
        return
    api = cluster.api()
    _report_in_use(CoreV1Api(api), node, [])
    nodes.start_heartbeat(api, node)


def report_ready(cluster: Cluster, kube: Kube, namespace: str, node: str) -> None:
    """Report, as the kubelet of a returned node, that the pods left on it are Ready. kwok reports that only once."""
    if cluster.real_nodes:
        return
    core: Any = CoreV1Api(cluster.api())
    ready = {"status": {"conditions": [{"type": t, "status": "True"} for t in ("Ready", "ContainersReady")]}}
    for pod in readings.live_pods(kube, namespace):
        if pod["spec"].get("nodeName") == node and not readings.is_ready(pod):
            core.patch_namespaced_pod_status(pod["metadata"]["name"], namespace, ready)


def _report_in_use(core: CoreV1Api, node: str, disks: list[Manifest]) -> None:
    """Report, as the node's kubelet, which disks are mounted. The attach-detach controller waits until they are not."""
    names = [f"kubernetes.io/csi/{d['spec']['csi']['driver']}^{d['spec']['csi']['volumeHandle']}" for d in disks]
    core.patch_node_status(node, {"status": {"volumesInUse": names or None}})
