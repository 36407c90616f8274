"""What an object of the cluster still lacks to be ready, and what is in the way, as far as anybody says."""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from deploy.events import Listener, Object
from deploy.kube import Kube, Manifest, Refused

VERSIONS = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "Job": "batch/v1", "PersistentVolumeClaim": "v1"}
"""Kinds that are waited for."""
_LOOK_SECONDS = 1.0
_PATIENCE_SECONDS = 2.0
"""An object that is ready within it is not worth a line."""


def missing(kube: Kube, live: Manifest) -> str:
    """What a live object lacks to be ready; empty: nothing, or its kind is not waited for."""
    check = _CHECKS.get(live["kind"])
    return check(kube, live) if check else ""


def why(kube: Kube, kind: str, place: str) -> str:
    """What an object (`namespace/name`) lacks and what is in the way; empty: nothing, or nobody knows."""
    if kind not in VERSIONS:
        return ""
    namespace, _, name = place.rpartition("/")
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    live = kube.get({"apiVersion": VERSIONS[kind], "kind": kind, "metadata": metadata})
    lacks = missing(kube, live) if live else ""
    return f"{lacks}{_in_the_way(kube, live)}" if live and lacks else ""


class Watch(threading.Thread):
    """Asks the cluster about what the engine waits for; for a `with` block around the engine's run."""

    def __init__(self, kube: Kube, listener: Listener, busy: Callable[[list[tuple[Object, float]]], None]) -> None:
        super().__init__(daemon=True)
        self._kube, self._listener, self._busy = kube, listener, busy
        self._ended = threading.Event()
        self.reasons: dict[str, str] = {}
        """URN -> the last reason that was seen."""

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Look until the block ends."""
        while not self._ended.wait(_LOOK_SECONDS):
            waiting = self._listener.waiting()
            self._busy(waiting)
            for about, since in waiting:
                if about.is_object and time.monotonic() - since > _PATIENCE_SECONDS:
                    # A server that does not answer is the engine's to tell.
                    with contextlib.suppress(HTTPError, ApiException, Refused):
                        self._ask(about)

    def _ask(self, about: Object) -> None:
        reason = why(self._kube, about.kind, about.name)
        if reason and reason != self.reasons.get(about.urn):
            self.reasons[about.urn] = reason
            self._listener.tell({"event": "waits", "kind": about.kind, "name": about.name, "why": reason})


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


def _true_conditions(live: Manifest) -> dict[str, Any]:
    conditions = (live.get("status") or {}).get("conditions") or ()
    return {c["type"]: c for c in conditions if c["status"] == "True"}


def _job(_kube: Kube, live: Manifest) -> str:
    conditions = _true_conditions(live)
    if failed := conditions.get("Failed"):
        return f"failed: {failed.get('message')}"
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


def _in_the_way(kube: Kube, live: Manifest) -> str:
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
