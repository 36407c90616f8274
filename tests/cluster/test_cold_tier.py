"""The cold tier's objects on a real API server: volumes, claims and the archiver's CronJob, with strict validation."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from devcluster.cluster import Cluster
from plan import collect
from plan.recorder import Run
from tests.cluster import stacks
from tests.unit.stacks.test_cold_tier_page import BLOCKS, OBJECTS, read

MOUNTS = [
    (example, block) for example, block in BLOCKS if "kotaemon:storage" in block and "existing-claim" not in block
]


@pytest.mark.parametrize(("example", "block"), MOUNTS, ids=[str(number) for number in range(len(MOUNTS))])
def test_every_object_of_the_page_is_accepted(cluster: Cluster, example: str, block: str, tmp_path: Path) -> None:
    planned = collect.preview(read(tmp_path, example, yaml.safe_load(block)))
    names = {r.name for r in planned.registrations if r.is_object}
    assert {"kotaemon-cold-volume", "kotaemon-cold-claim"} <= names
    assert ("kotaemon-archive-job" in names) == ("kotaemon:archive" in block)
    assert stacks.refused(ours(planned), stacks.kube(cluster)) == []


def ours(planned: Run) -> Run:
    """The run with the objects of the cold tier alone: other names are only known when a cloud has answered."""
    planned.registrations = [
        r for r in planned.registrations if r.name.startswith(("kotaemon-cold", "kotaemon-archive"))
    ]
    return planned


@pytest.mark.parametrize("block", OBJECTS, ids=[str(number) for number in range(len(OBJECTS))])
def test_the_objects_that_people_make_themselves_are_accepted(cluster: Cluster, block: str) -> None:
    for body in yaml.safe_load_all(block):
        if "namespace" in body["metadata"]:
            body["metadata"]["namespace"] = "default"  # its own does not exist; a dry run leaves nothing there
        stacks.kube(cluster).apply(body, dry_run=True)


def test_a_volume_that_the_server_does_not_know_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    """The check above would notice."""
    [(example, block)] = [(e, b) for e, b in MOUNTS if "kind: juicefs" in b]
    planned = collect.preview(read(tmp_path, example, yaml.safe_load(block)))
    volume: Any = planned.one("kubernetes:core/v1:PersistentVolume", "kotaemon-cold-volume").inputs
    volume["spec"]["csi"]["fileSystem"] = volume["spec"]["csi"].pop("fsType")
    assert any("fileSystem" in line for line in stacks.refused(ours(planned), stacks.kube(cluster)))
