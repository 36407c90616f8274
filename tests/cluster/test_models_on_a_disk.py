"""A release of models on the disk of one writer: its Job is placed on the node of the application's pod.

The real scheduler places both; the pods themselves are simulated.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import ApiClient, BatchV1Api, CoreV1Api, V1Job, V1ObjectMeta

from devcluster.cluster import Cluster
from tests.cluster import objects, stacks
from tests.cluster.stacks import DISK, FILES

SPACE = "models-on-a-disk"
CLAIMS: dict[str, Any] = {"disk": {**DISK, "accessMode": "ReadWriteOnce"}, "files": FILES}
ROLES = {
    **{role: {"claim": "disk"} for role in ("models", "indexes", "sessions")},
    **{role: {"claim": "files"} for role in ("uploads", "logs", "eval")},
}


@pytest.fixture
def node(cluster: Cluster, api: ApiClient, tmp_path: Path) -> Iterator[str]:
    """The node of the application's pod."""
    storage = {"claims": CLAIMS, "roles": ROLES}
    file = stacks.write(tmp_path, SPACE, {}, storage=storage, models={"cache": {"kind": "memory", "limit": "1Gi"}})
    stacks.up(file, cluster)
    (pod,) = CoreV1Api(api).list_namespaced_pod(SPACE, label_selector="app.kubernetes.io/name=kotaemon").items
    yield pod.spec.node_name
    stacks.down(file, cluster)


def test_the_job_is_on_the_node_of_the_application_and_nowhere_else(api: ApiClient, node: str) -> None:
    core, batch = CoreV1Api(api), BatchV1Api(api)
    template = batch.read_namespaced_cron_job("kotaemon-models", SPACE).spec.job_template
    job = V1Job(metadata=V1ObjectMeta(name="release", namespace=SPACE), spec=template.spec)

    def pod() -> Any:
        return next(iter(core.list_namespaced_pod(SPACE, label_selector="job-name=release").items), None)

    def refused() -> bool:
        """Whether the scheduler has looked at it, and found no node."""
        conditions = (pod().status.conditions or []) if pod() is not None else []
        return any(found.type == "PodScheduled" and found.reason == "Unschedulable" for found in conditions)

    core.patch_node(node, {"spec": {"unschedulable": True}})
    try:
        batch.create_namespaced_job(SPACE, job)
        objects.wait("the Job to find no other node", refused)
    finally:
        core.patch_node(node, {"spec": {"unschedulable": False}})
    objects.wait("the Job to be placed", lambda: pod().spec.node_name)
    assert pod().spec.node_name == node
