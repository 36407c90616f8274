"""The nodes as objects.

Simulated ones: three zones with two nodes each; a pod on them is scheduled, admitted, bound and reported Running, and
no container runs. Real ones (devcluster.real) have some of these names, and a kubelet each.
"""

import contextlib
import json
from collections.abc import Sequence
from typing import Any

from kubernetes.client import ApiClient, ApiException, CoordinationV1Api, CoreV1Api, StorageV1Api

from components.contract import Platform
from devcluster.platforms import HEARTBEAT, REGION, SHAPES, node_names, zone_of

REAL = "devcluster.kotaemon.dev/real"
"""Label of the nodes that a kubelet runs."""

_LEASES = "kube-node-lease"
"""Namespace of the nodes' leases."""

OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
"""Taint by which an operator vouches that a lost node is really off (Kubernetes: node shutdowns)."""

_RESOURCES = {"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"}


def node_object(platform: Platform, name: str, real: bool = False) -> dict[str, Any]:
    """The Node `name` as a kubelet of that platform registers it. A real one reports its resources itself."""
    shape = SHAPES[platform]
    zone = zone_of(platform, name)
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        **({REAL: "true"} if real else {HEARTBEAT: "on"}),
        **({REGION: shape.region} if shape.region else {}),
        **dict.fromkeys(shape.zone_keys, zone),
        **shape.labels,
    }
    number = node_names(platform).index(name) + 1
    status = {
        "capacity": _RESOURCES,
        "allocatable": _RESOURCES,
        "addresses": [{"type": "Hostname", "address": name}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": labels,
            # Without it the attach-detach controller leaves the node's volumes to a kubelet.
            "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
        },
        "spec": {"providerID": shape.provider_id.format(zone=zone, number=number)} if shape.provider_id else {},
        "status": {} if real else status,
    }


def csi_node_object(platform: Platform, name: str) -> dict[str, Any]:
    """The CSINode of a node: which drivers are on it, and the labels by which they place volumes."""
    shape = SHAPES[platform]
    block = {
        "name": shape.block.name,
        "nodeID": name,
        "topologyKeys": list(shape.block.topology_keys),
        "allocatable": {"count": shape.block.disks_per_node},
    }
    files = [{"name": driver, "nodeID": name, "topologyKeys": []} for driver in shape.file_drivers]
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSINode",
        "metadata": {"name": name},
        "spec": {"drivers": [block, *files]},
    }


def ensure_nodes(api: ApiClient, platform: Platform, real: Sequence[str] = ()) -> None:
    """Make the nodes; at a later start of the cluster switch every node on again.

    `real`: names of the real nodes; then there are no others, and none: all are simulated. What the other kind of node
    has left from an earlier start goes away with its pods: a simulated pod would be reported Running for ever.
    """
    core, storage = CoreV1Api(api), StorageV1Api(api)
    drop_other_nodes(api, platform, real)
    for name in real or node_names(platform):
        # Any: the client's methods take dictionaries, but only name their models.
        wanted: Any = node_object(platform, name, bool(real))
        csi_node: Any = csi_node_object(platform, name)
        try:
            core.create_node(wanted)
        except ApiException as error:
            if error.status != 409:
                raise
            core.patch_node(name, {"metadata": {"labels": wanted["metadata"]["labels"]}})
            clear_out_of_service(api, name)
        if real:
            # The kubelet makes its CSINode when the drivers register.
            continue
        try:
            storage.create_csi_node(csi_node)
        except ApiException as error:
            if error.status != 409:
                raise


def drop_other_nodes(api: ApiClient, platform: Platform, real: Sequence[str]) -> None:
    """Remove the nodes that an earlier start of the cluster made and this one does not have, with their pods."""
    core, storage = CoreV1Api(api), StorageV1Api(api)
    wanted = set(real or node_names(platform))
    there: Any = core.list_node().items
    gone = {n.metadata.name for n in there if n.metadata.name not in wanted or _is_real(n) != bool(real)}
    for name in gone:
        pods: Any = core.list_pod_for_all_namespaces(field_selector=f"spec.nodeName={name}").items
        for pod in pods:
            core.delete_namespaced_pod(pod.metadata.name, pod.metadata.namespace, grace_period_seconds=0)
        core.delete_node(name)
        with contextlib.suppress(ApiException):
            storage.delete_csi_node(name)
    attachments: Any = storage.list_volume_attachment().items
    for attachment in attachments:
        if attachment.spec.node_name in gone:
            storage.delete_volume_attachment(attachment.metadata.name)


def drop_leases(api: ApiClient) -> None:
    """Remove the leases of the run before: kwok would wait for their end, and `beating_nodes` could not tell them."""
    CoordinationV1Api(api).delete_collection_namespaced_lease(_LEASES)


def beating_nodes(api: ApiClient) -> list[str]:
    """Names of the nodes that renew a lease.

    Ready alone is not enough after a restart: it is what the run before has left. And kwok 0.8 goes on for ever with
    the lease of a node that is taken from it while it makes that lease, so that the node could not be lost any more.
    """
    leases: Any = CoordinationV1Api(api).list_namespaced_lease(_LEASES).items
    return [lease.metadata.name for lease in leases]


def ready_nodes(api: ApiClient) -> list[str]:
    """Names of the nodes whose Ready condition is True."""
    nodes: Any = CoreV1Api(api).list_node().items
    return [node.metadata.name for node in nodes if _is_ready(node)]


def nodes_with_driver(api: ApiClient, driver: str) -> list[str]:
    """Names of the nodes on which the driver has registered."""
    # As JSON: the client's model refuses a CSINode without drivers, which is how a kubelet makes it.
    answer: Any = StorageV1Api(api).list_csi_node(_preload_content=False)
    listed = json.loads(answer.data)["items"]
    return [n["metadata"]["name"] for n in listed if driver in [d["name"] for d in n["spec"].get("drivers") or []]]


def stop_heartbeat(api: ApiClient, node: str) -> None:
    """Lose a node: it renews its lease no more and nothing happens to its pods, as when its power is cut.

    The node controller marks it unreachable after NODE_GRACE_SECONDS; its pods are evicted when their tolerations end
    and then stay Terminating, because no kubelet confirms that they have ended.
    """
    CoreV1Api(api).patch_node(node, {"metadata": {"labels": {HEARTBEAT: None}}})


def start_heartbeat(api: ApiClient, node: str) -> None:
    """Bring a lost node back; pods that wait there for their end are removed now."""
    CoreV1Api(api).patch_node(node, {"metadata": {"labels": {HEARTBEAT: "on"}}})


def set_out_of_service(api: ApiClient, node: str) -> None:
    """Say, as the operator, that the node is surely off: its pods are removed and its volumes detached at once."""
    taint = {"key": OUT_OF_SERVICE, "value": "nodeshutdown", "effect": "NoExecute"}
    _set_taints(api, node, [taint])


def clear_out_of_service(api: ApiClient, node: str) -> None:
    """Take that word back, once the node may be used again."""
    _set_taints(api, node, [])


def _set_taints(api: ApiClient, node: str, added: list[dict[str, str]]) -> None:
    core = CoreV1Api(api)
    while True:
        current: Any = core.read_node(node)
        kept = [taint for taint in current.spec.taints or [] if taint.key != OUT_OF_SERVICE]
        # The version makes the patch fail instead of dropping a taint that the node controller adds meanwhile.
        version = current.metadata.resource_version
        change = {"metadata": {"resourceVersion": version}, "spec": {"taints": [*kept, *added] or None}}
        try:
            core.patch_node(node, change)
        except ApiException as error:
            if error.status != 409:
                raise
            continue
        return


def _is_real(node: Any) -> bool:
    return REAL in (node.metadata.labels or {})


def _is_ready(node: Any) -> bool:
    conditions = (node.status and node.status.conditions) or []
    return any(condition.type == "Ready" and condition.status == "True" for condition in conditions)
