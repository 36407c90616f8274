"""When an applied object is ready, and what to say when it does not get there."""

import time
from collections.abc import Callable
from typing import Any

from deploy.kube import Kube, Manifest, ref
from plan.exits import UserError

Report = Callable[[str], None]


class NotReady(UserError):
    """An object did not become ready in time, or never can. The message has the newest event about it."""


def wait_until_ready(kube: Kube, manifest: Manifest, seconds: float, report: Report) -> Manifest:
    """Wait until the live object is ready; it is returned. Raises NotReady after `seconds`."""
    check = _CHECKS.get(manifest["kind"])
    deadline, told = time.monotonic() + seconds, ""
    while True:
        live = kube.get(manifest)
        if live is None:
            raise NotReady(f"{ref(manifest)} was deleted by somebody else while it was waited for")
        missing = check(kube, live) if check else ""
        if not missing:
            return live
        if missing != told:
            report(f"{ref(manifest)}: {missing}")
            told = missing
        if time.monotonic() > deadline:
            raise NotReady(f"{ref(manifest)} is not ready after {seconds:.0f} s: {missing}{_why(kube, live)}")
        time.sleep(0.3)


def _deployment(_kube: Kube, live: Manifest) -> str:
    wanted, status = live["spec"].get("replicas", 1), live.get("status") or {}
    if status.get("observedGeneration", 0) < live["metadata"]["generation"]:
        return "waiting for its controller"
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if updated < wanted or available < wanted:
        return f"{min(updated, available)} of {wanted} pods available"
    return "" if status.get("replicas", 0) == wanted else "old pods are still ending"


def _stateful_set(_kube: Kube, live: Manifest) -> str:
    wanted, status = live["spec"].get("replicas", 1), live.get("status") or {}
    if status.get("observedGeneration", 0) < live["metadata"]["generation"]:
        return "waiting for its controller"
    ready = min(status.get("readyReplicas", 0), status.get("updatedReplicas", 0))
    return "" if ready >= wanted else f"{ready} of {wanted} pods ready"


def has_failed(live: Manifest) -> bool:
    """Whether a live object is a Job that has failed for good."""
    return live["kind"] == "Job" and "Failed" in _true_conditions(live)


def _true_conditions(live: Manifest) -> dict[str, Any]:
    conditions = (live.get("status") or {}).get("conditions") or ()
    return {c["type"]: c for c in conditions if c["status"] == "True"}


def _job(_kube: Kube, live: Manifest) -> str:
    conditions = _true_conditions(live)
    if failed := conditions.get("Failed"):
        raise NotReady(f"{ref(live)} failed: {failed.get('message')}")
    return "" if "Complete" in conditions else "running"


def _claim(kube: Kube, live: Manifest) -> str:
    phase = (live.get("status") or {}).get("phase", "Pending")
    if phase == "Bound":
        return ""
    name = live["spec"].get("storageClassName")
    storage_class = (
        kube.get({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}})
        if name
        else None
    )
    if storage_class and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer":
        return ""  # it binds when a pod that uses it is placed
    return f"phase {phase}"


_CHECKS: dict[str, Callable[[Kube, Manifest], str]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "Job": _job,
    "PersistentVolumeClaim": _claim,
}


def _why(kube: Kube, live: Manifest) -> str:
    """What is in the way, as far as anybody says: the controller, the kubelet, or the newest event."""
    if refused := _true_conditions(live).get("ReplicaFailure"):
        return f"; {refused.get('reason')}: {refused.get('message')}"  # no pod is made: quota, admission
    namespace = live["metadata"].get("namespace") or ""
    selector: dict[str, Any] = ((live.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    if live["kind"] == "Job":
        selector = {"batch.kubernetes.io/job-name": live["metadata"]["name"]}
    name = live["metadata"]["name"]
    if selector:
        pods = kube.list("v1", "Pod", namespace, ",".join(f"{k}={v}" for k, v in selector.items()))
        pods = [p for p in pods if "Ready" not in _true_conditions(p)] or pods
        pods.sort(key=lambda p: p["metadata"]["creationTimestamp"])
        if pods and (waiting := _waiting(pods[-1])):
            return f"; {pods[-1]['metadata']['name']} waits: {waiting}"
        name = pods[-1]["metadata"]["name"] if pods else name
    event = kube.last_event(namespace, name)
    return f"; last event of {name}: {event}" if event else ""


def _waiting(pod: Manifest) -> str:
    """Why the kubelet does not start a container: ImagePullBackOff, CrashLoopBackOff, CreateContainerConfigError."""
    status = pod.get("status") or {}
    for container in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") not in (None, "PodInitializing", "ContainerCreating"):
            return f"{waiting['reason']}: {waiting.get('message', '')}".rstrip(": ")
    return ""
