"""Empties a node as `kubectl drain` does: cordon, then the eviction API, which asks the disruption budgets."""

import contextlib
import time
from collections.abc import Generator
from typing import Any

from kubernetes.client import ApiClient, ApiException, CoreV1Api

from deploy import readings
from deploy.kube import Kube

STEP_SECONDS = 60.0
"""Limit in seconds for a disruption budget to allow an eviction."""
_POLL = 0.1


@contextlib.contextmanager
def cordoned(api: ApiClient, node: str) -> Generator[None]:
    """Keep new pods away from a node within a `with` block."""
    core = CoreV1Api(api)
    core.patch_node(node, {"spec": {"unschedulable": True}})
    try:
        yield
    finally:
        core.patch_node(node, {"spec": {"unschedulable": False}})


def evict_all(api: ApiClient, kube: Kube, namespace: str, node: str, limit: float = STEP_SECONDS) -> int:
    """Evict the application's pods from a node and return how many. Their end is not waited for.

    Status 429 means that a disruption budget forbids it for now. Raises TimeoutError: it does so for `limit` seconds.
    """
    core: Any = CoreV1Api(api)
    pods = [p["metadata"]["name"] for p in readings.live_pods(kube, namespace) if p["spec"].get("nodeName") == node]
    for pod in pods:
        deadline = time.monotonic() + limit
        while True:
            try:
                core.create_namespaced_pod_eviction(pod, namespace, {"metadata": {"name": pod}})
                break
            except ApiException as error:
                if error.status != 429 or time.monotonic() > deadline:
                    raise TimeoutError(f"eviction of {pod} from {node}: {error.status} {error.reason}") from None
                time.sleep(_POLL)
    return len(pods)
