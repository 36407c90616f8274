"""The few calls to the API server that a release makes, with the pod's own token and Python's own HTTP client."""

import json
import os
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
VERSION_ANNOTATION = "kotaemon.dev/models-version"
"""As in components/models/names.py."""
ATTEMPTS, SECONDS = 6, 10
"""A server that restarts is asked again; each question has so many seconds."""
OWNER = "kotaemon-models"
"""Who owns the annotation, as `kubectl get --show-managed-fields` says it."""


class Cluster:
    """The Deployment of the application, its pods, and the ConfigMap that a release is recorded in."""

    def __init__(self, namespace: str, deployment: str, record: str) -> None:
        self._server = os.environ.get("KS_API", "https://kubernetes.default.svc")
        self._core, self._apps = f"/api/v1/namespaces/{namespace}", f"/apis/apps/v1/namespaces/{namespace}"
        self._deployment, self._record = f"{self._apps}/deployments/{deployment}", f"{self._core}/configmaps/{record}"
        self.name = deployment

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """One call; a PATCH is a merge patch. Raises urllib.error.HTTPError, and OSError when nobody answers."""
        account = Path(os.environ.get("KS_ACCOUNT", str(ACCOUNT)))
        headers = {"Content-Type": "application/merge-patch+json", "Accept": "application/json"}
        # The kubelet renews the token: it is read each time.
        headers["Authorization"] = f"Bearer {(account / 'token').read_text().strip()}"
        data = None if body is None else json.dumps(body).encode()
        trust = ssl.create_default_context(cafile=str(account / "ca.crt")) if self._server.startswith("https") else None
        request = urllib.request.Request(f"{self._server}{path}", data, headers, method=method)  # noqa: S310
        for attempt in range(ATTEMPTS):
            try:
                with urllib.request.urlopen(request, timeout=SECONDS, context=trust) as answer:  # noqa: S310
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code < 500 or attempt == ATTEMPTS - 1:
                    raise
            except OSError:
                if attempt == ATTEMPTS - 1:
                    raise
            time.sleep(2**attempt)
        raise AssertionError("unreachable")

    def deployment(self) -> dict[str, Any]:
        return self.call("GET", self._deployment)

    def version(self) -> str:
        """The version in the Deployment's pod template."""
        metadata = self.deployment()["spec"]["template"]["metadata"]
        return (metadata.get("annotations") or {}).get(VERSION_ANNOTATION, "")

    def roll(self, version: str) -> None:
        """Change the version in the pod template, and nothing else."""
        template = {"metadata": {"annotations": {VERSION_ANNOTATION: version}}}
        self.call("PATCH", f"{self._deployment}?fieldManager={OWNER}", {"spec": {"template": template}})

    def pods(self) -> list[dict[str, Any]]:
        labels = self.deployment()["spec"]["selector"]["matchLabels"]
        selector = ",".join(f"{key}%3D{value}" for key, value in sorted(labels.items()))
        return self.call("GET", f"{self._core}/pods?labelSelector={selector}")["items"]

    def used(self) -> set[str]:
        """Versions that pods use, whatever they come from."""
        annotations = [pod["metadata"].get("annotations") or {} for pod in self.pods()]
        return {found[VERSION_ANNOTATION] for found in annotations if found.get(VERSION_ANNOTATION)}

    def record(self) -> dict[str, str]:
        return self.call("GET", self._record).get("data") or {}

    def write(self, **values: str) -> None:
        """Change values of the record, and keep the others."""
        self.call("PATCH", f"{self._record}?fieldManager={OWNER}", {"data": values})


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


def gave_up(pods: list[dict[str, Any]], version: str) -> str:
    """Why a pod of the version cannot start, whatever is tried: a container said so with exit code 78."""
    for pod in pods:
        if (pod["metadata"].get("annotations") or {}).get(VERSION_ANNOTATION) != version:
            continue
        status = pod.get("status", {})
        for container in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
            for state in (container.get("state", {}), container.get("lastState", {})):
                ended = state.get("terminated") or {}
                if ended.get("exitCode") == 78:
                    said = " ".join((ended.get("message") or "").split())[-500:]
                    return f"{pod['metadata']['name']}: {container['name']} refused to start: {said or 'exit code 78'}"
    return ""
