"""The objects that share models from a disk, on a real API server with strict validation."""

from pathlib import Path
from typing import Any

import yaml

from components.pod.recreate import ONE_POD
from devcluster.cluster import Cluster
from plan import collect
from plan.recorder import Run
from tests.cluster import stacks
from tests.cluster.stacks import DISK, FILES
from tests.unit.stacks.test_cold_tier_page import read
from tests.unit.stacks.test_models import BLOCKS, LOCAL, SHARE

SPACE = "sharing"
CLAIMS: dict[str, Any] = {"disk": DISK, "files": FILES, "weights": {**DISK, "accessMode": "ReadWriteOnce"}}
ROLES = {
    "models": {"claim": "weights"},
    **{role: {"claim": "disk"} for role in ("indexes", "sessions")},
    **{role: {"claim": "files"} for role in ("uploads", "logs", "eval")},
}


def ours(folder: Path) -> Run:
    ((example, block),) = BLOCKS
    planned = collect.preview(read(folder, example, yaml.safe_load(block)))
    planned.registrations = [
        r
        for r in planned.registrations
        if r.name.startswith(("kotaemon-models", "kotaemon-deployment", "models-cache"))
    ]
    return planned


def test_every_object_of_the_page_is_accepted(cluster: Cluster, tmp_path: Path) -> None:
    planned = ours(tmp_path)
    kinds = {r.type.rsplit(":", 1)[1] for r in planned.registrations if r.is_object}
    assert {"Deployment", "DaemonSet", "Service", "NetworkPolicy", "ConfigMap", "CronJob"} <= kinds
    assert stacks.refused(planned, stacks.kube(cluster)) == []


def test_what_the_server_does_not_know_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    """The check above would notice."""
    planned = ours(tmp_path)
    pods: Any = planned.one("kubernetes:apps/v1:DaemonSet").inputs["spec"]["template"]["spec"]
    pods["volumes"][0]["configmap"] = pods["volumes"][0].pop("configMap")
    assert any("configmap" in line for line in stacks.refused(planned, stacks.kube(cluster)))


def test_leader_and_followers_are_brought_up_and_another_leader_is_waited_for(cluster: Cluster, tmp_path: Path) -> None:
    """The pods are simulated: nginx, NATS and the scripts run for real in tests/programs/test_sharing.py."""
    kube, cache = stacks.kube(cluster), {key: value for key, value in LOCAL.items() if key != "nodeLabel"}

    def up(**share: Any) -> Any:
        models = {"cache": cache, "share": {**SHARE, **share}}
        return stacks.up(
            stacks.write(tmp_path, SPACE, {}, storage={"claims": CLAIMS, "roles": ROLES}, models=models), cluster
        )

    def leader() -> Any:
        metadata = {"name": "kotaemon-models-leader", "namespace": SPACE}
        return kube.get({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata})

    up()
    assert leader()["metadata"]["annotations"].items() >= ONE_POD.items()
    assert len(kube.list("v1", "Pod", SPACE, "app.kubernetes.io/name=kotaemon-models-follower")) == 6
    assert up().nothing_changed
    assert up(image="docker.io/nginxinc/nginx-unprivileged:1.30.3-alpine").did
    (pod,) = kube.list("v1", "Pod", SPACE, "app.kubernetes.io/name=kotaemon-models-leader")
    assert pod["spec"]["containers"][0]["image"].endswith(":1.30.3-alpine")
    assert leader()["status"]["availableReplicas"] == 1
