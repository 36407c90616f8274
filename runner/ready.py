"""When an applied object is ready, and what to say when it does not get there."""

import time
from collections.abc import Callable
from typing import Any

from runner.kube import Kube, Manifest, ref

Report = Callable[[str], None]


class NotReady(Exception):
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
    namespace = live["metadata"].get("namespace") or ""
    selector: dict[str, Any] = ((live.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    if live["kind"] == "Job":
        selector = {"batch.kubernetes.io/job-name": live["metadata"]["name"]}
    names = [live["metadata"]["name"]]
    if selector:
        pods = kube.list("v1", "Pod", namespace, ",".join(f"{k}={v}" for k, v in selector.items()))
        pods.sort(key=lambda p: p["metadata"]["creationTimestamp"])
        names = [p["metadata"]["name"] for p in pods[-1:]] or names
    event = kube.last_event(namespace, names[0])
    return f"; last event of {names[0]}: {event}" if event else ""
