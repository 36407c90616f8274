"""Tables of what is in a cluster."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from deploy.kube import Kube
from plan.terminal import table


def pods(kube: Kube, namespaces: Sequence[str]) -> Table:
    """Pods of these namespaces: node, zone, state."""
    nodes = {n["metadata"]["name"]: n["metadata"].get("labels") or {} for n in kube.list("v1", "Node")}
    listed: list[tuple[str, ...]] = []
    for namespace in namespaces:
        for pod in sorted(kube.list("v1", "Pod", namespace), key=lambda p: p["metadata"]["name"]):
            node = pod["spec"].get("nodeName", "-")
            zone = nodes.get(node, {}).get("topology.kubernetes.io/zone", "-")
            listed.append((f"{namespace}/{pod['metadata']['name']}", node, zone, pod_state(pod)))
    return table("Pods", ("pod", "node", "zone", "state"), listed)


def pod_state(pod: Mapping[str, Any]) -> str:
    """Phase, and whether it is ready or why it is not."""
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    status = pod.get("status") or {}
    conditions = {c["type"]: c for c in status.get("conditions") or ()}
    ready = conditions.get("Ready", {}).get("status") == "True"
    placed = conditions.get("PodScheduled", {})
    if placed.get("status") == "False":
        return f"Pending: {placed.get('message', placed.get('reason', ''))}"
    return f"{status.get('phase', 'Unknown')}{', ready' if ready else ''}"


def volume_zones(kube: Kube, namespace: str) -> dict[str, list[str]]:
    """Claim -> zones that its bound volume is pinned to."""
    zones: dict[str, list[str]] = {}
    for volume in kube.list("v1", "PersistentVolume"):
        claim = volume["spec"].get("claimRef") or {}
        if claim.get("namespace") == namespace:
            zones[claim["name"]] = _pinned(volume)
    return zones


def _pinned(volume: Mapping[str, Any]) -> list[str]:
    terms = ((volume["spec"].get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms") or []
    expressions = [e for t in terms for e in t.get("matchExpressions") or ()]
    return sorted({v for e in expressions if e["key"].endswith("/zone") for v in e.get("values") or ()})
