"""The objects that share models from a disk, on a real API server with strict validation."""

from pathlib import Path
from typing import Any

import yaml

from devcluster.cluster import Cluster
from plan import collect
from plan.recorder import Run
from tests.cluster import stacks
from tests.unit.stacks.test_cold_tier_page import read
from tests.unit.stacks.test_models import BLOCKS


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
