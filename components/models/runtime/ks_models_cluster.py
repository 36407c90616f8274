"""The few calls to the API server that a release makes."""

from typing import Any

from ks_api import call
from ks_models_layout import NO_VERSION

VERSION_ANNOTATION = "kotaemon.dev/models-version"
"""As in components/models/names.py."""
OWNER = "kotaemon-models"
"""Who owns the annotation, as `kubectl get --show-managed-fields` says it."""


class Cluster:
    """The Deployment of the application, its pods, the ConfigMap that a release is recorded in, and the DaemonSet that
    copies a version to the nodes beforehand, where there is one."""

    def __init__(self, namespace: str, deployment: str, record: str, prefetch: str = "") -> None:
        self._core, self._apps = f"/api/v1/namespaces/{namespace}", f"/apis/apps/v1/namespaces/{namespace}"
        self._deployment, self._record = f"{self._apps}/deployments/{deployment}", f"{self._core}/configmaps/{record}"
        self.name = deployment
        self._prefetch = f"{self._apps}/daemonsets/{prefetch}" if prefetch else ""

    def deployment(self) -> dict[str, Any]:
        return call("GET", self._deployment)

    def version(self) -> str:
        """The version in the Deployment's pod template; empty: none was released yet."""
        metadata = self.deployment()["spec"]["template"]["metadata"]
        return _version_in(metadata)

    def roll(self, version: str) -> None:
        """Change the version in the pod template, and nothing else."""
        self._name_version(self._deployment, version)

    def prefetch(self, version: str) -> bool:
        """Have every node copy a version. Whether anything does that here."""
        if self._prefetch:
            self._name_version(self._prefetch, version)
        return bool(self._prefetch)

    def prefetched(self) -> tuple[int, int]:
        """How many nodes have what was asked for last, and how many there are."""
        found = call("GET", self._prefetch)
        status = found.get("status", {})
        wanted = status.get("desiredNumberScheduled", 0)
        if status.get("observedGeneration", 0) < found["metadata"]["generation"]:
            return 0, max(1, wanted)  # nobody has looked at the change yet
        return min(status.get("updatedNumberScheduled", 0), status.get("numberReady", 0)), wanted

    def _name_version(self, workload: str, version: str) -> None:
        template = {"metadata": {"annotations": {VERSION_ANNOTATION: version or NO_VERSION}}}
        call("PATCH", f"{workload}?fieldManager={OWNER}", {"spec": {"template": template}})

    def pods(self) -> list[dict[str, Any]]:
        labels = self.deployment()["spec"]["selector"]["matchLabels"]
        selector = ",".join(f"{key}%3D{value}" for key, value in sorted(labels.items()))
        return call("GET", f"{self._core}/pods?labelSelector={selector}")["items"]

    def used(self) -> set[str]:
        """Versions that pods use, whatever they come from."""
        return {_version_in(pod["metadata"]) for pod in self.pods()} - {""}

    def record(self) -> dict[str, str]:
        return call("GET", self._record).get("data") or {}

    def write(self, **values: str) -> None:
        """Change values of the record, and keep the others."""
        call("PATCH", f"{self._record}?fieldManager={OWNER}", {"data": values})


def _version_in(metadata: dict[str, Any]) -> str:
    found = (metadata.get("annotations") or {}).get(VERSION_ANNOTATION, "")
    return "" if found == NO_VERSION else found


def roll_out(deployment: dict[str, Any]) -> tuple[bool, str]:
    """Whether every pod of the newest template is ready, and why it never will be; empty: it may yet."""
    status, spec = deployment.get("status", {}), deployment["spec"]
    if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return False, ""
    for condition in status.get("conditions", []):
        if condition["type"] == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            return False, condition.get("message", "the deadline of the roll-out has passed")
    wanted = spec.get("replicas", 1)
    counts = [status.get(key, 0) for key in ("updatedReplicas", "availableReplicas", "replicas")]
    return counts == [wanted] * 3, ""


def elsewhere(pods: list[dict[str, Any]], version: str, node: str) -> str:
    """Another node than this one that a pod of the version was placed on; empty: there is none."""
    nodes = (pod.get("spec", {}).get("nodeName", "") for pod in pods if _version_in(pod["metadata"]) == version)
    return next((found for found in nodes if found and found != node), "")


def gave_up(pods: list[dict[str, Any]], version: str) -> str:
    """Why a pod of the version cannot start, whatever is tried: a container said so with exit code 78."""
    for pod in pods:
        if _version_in(pod["metadata"]) != version:
            continue
        status = pod.get("status", {})
        for container in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
            for state in (container.get("state", {}), container.get("lastState", {})):
                ended = state.get("terminated") or {}
                if ended.get("exitCode") == 78:
                    said = " ".join((ended.get("message") or "").split())[-500:]
                    return f"{pod['metadata']['name']}: {container['name']} refused to start: {said or 'exit code 78'}"
    return ""
