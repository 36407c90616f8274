"""Reads what the drills need from the API server."""

from datetime import datetime
from typing import Any

from deploy.kube import Kube, Manifest

SELECTOR = "app.kubernetes.io/name=kotaemon"


def app_pods(kube: Kube, namespace: str) -> list[Manifest]:
    """The application's pods, also those that are ending, oldest first."""
    pods = kube.list("v1", "Pod", namespace, SELECTOR)
    return sorted(pods, key=lambda p: (p["metadata"]["creationTimestamp"], p["metadata"]["name"]))


def live_pods(kube: Kube, namespace: str) -> list[Manifest]:
    """The application's pods that are not ending."""
    return [p for p in app_pods(kube, namespace) if not p["metadata"].get("deletionTimestamp")]


def is_ready(pod: Manifest) -> bool:
    """Whether a pod is Ready. The node controller sets the condition to false for pods on a lost node."""
    return condition(pod, "Ready") == "True"


def condition(item: Manifest, kind: str) -> str:
    """Status of a condition of an object. Empty when it has no such condition."""
    found = [c for c in (item.get("status") or {}).get("conditions") or () if c["type"] == kind]
    return found[0]["status"] if found else ""


def why_pending(pod: Manifest) -> str:
    """The scheduler's message for a pod that stays Pending."""
    found = [c for c in (pod.get("status") or {}).get("conditions") or () if c["type"] == "PodScheduled"]
    return found[0].get("message", "") if found else ""


def attached_nodes(kube: Kube) -> dict[str, set[str]]:
    """Name of each PersistentVolume -> nodes to which it is attached."""
    found: dict[str, set[str]] = {}
    for attachment in kube.list("storage.k8s.io/v1", "VolumeAttachment"):
        if (attachment.get("status") or {}).get("attached"):
            volume = attachment["spec"]["source"].get("persistentVolumeName", "")
            found.setdefault(volume, set()).add(attachment["spec"]["nodeName"])
    return found


def attached_volumes(kube: Kube, pod: Manifest) -> list[Manifest]:
    """The volumes of a pod's claims that have to be attached to its node: those of the cluster's disk driver."""
    needs = {
        d["metadata"]["name"]
        for d in kube.list("storage.k8s.io/v1", "CSIDriver")
        if d["spec"].get("attachRequired", True)
    }
    claims = [v["persistentVolumeClaim"]["claimName"] for v in pod["spec"]["volumes"] if "persistentVolumeClaim" in v]
    namespace = pod["metadata"]["namespace"]
    found: list[Manifest] = []
    for volume in kube.list("v1", "PersistentVolume"):
        reference: dict[str, Any] = volume["spec"].get("claimRef") or {}
        mine = reference.get("namespace") == namespace and reference.get("name") in claims
        if mine and (volume["spec"].get("csi") or {}).get("driver") in needs:
            found.append(volume)
    return found


def volumes_arrived(kube: Kube, pod: Manifest, attached: dict[str, set[str]]) -> bool:
    """Whether a pod's disks are attached to its node and nowhere else. The simulated kubelet does not wait for that."""
    node = pod["spec"].get("nodeName")
    return all(attached.get(v["metadata"]["name"]) == {node} for v in attached_volumes(kube, pod))


def event_messages(kube: Kube, namespace: str, reason: str) -> list[str]:
    """Messages of the events in a namespace that have this reason."""
    return [e.get("message") or "" for e in kube.list("v1", "Event", namespace) if e.get("reason") == reason]


def ready_since(pod: Manifest) -> float:
    """When the pod's condition Ready last changed, in seconds since 1970."""
    found = [c for c in (pod.get("status") or {}).get("conditions") or () if c["type"] == "Ready"]
    return datetime.fromisoformat(found[0]["lastTransitionTime"].replace("Z", "+00:00")).timestamp()
