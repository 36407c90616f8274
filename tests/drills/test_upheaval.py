"""Drains, roll-outs, scale, quota and images in the short form, and the same with a broken product."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from components.kotaemon import kotaemon
from deploy import readings
from deploy.kube import Kube
from devcluster.cluster import Cluster
from drills import obstacles, samples, upheaval
from drills.program import SHORT_ROLL_OUTS
from tests.drills import spoil

MEDIA = [pytest.param("file", id="file"), pytest.param("block", id="block")]


def single(cluster: Cluster, folder: Path, name: str, medium: str = "block") -> str:
    samples.up(cluster, samples.stack_file(folder, name, samples.MEDIA[medium]))
    return name


@pytest.mark.parametrize("medium", MEDIA)
def test_every_node_can_be_drained_and_rolled(cluster: Cluster, tmp_path: Path, medium: str) -> None:
    name = single(cluster, tmp_path, f"upheaval-{medium}", medium)
    drained = upheaval.drain_every_node(cluster, name, tmp_path)
    assert drained.problems == []
    # Once at least: whether it comes back to a node that is drained later, the scheduler decides.
    assert int(drained.facts["did"].split()[2]) >= 1, "evictions"
    rolled = upheaval.roll_out(cluster, name, tmp_path, SHORT_ROLL_OUTS)
    assert rolled.problems == []
    assert rolled.facts["most pods"] == "1"


def test_scaled_is_drained_rolled_and_scaled(cluster: Cluster, tmp_path: Path) -> None:
    samples.up_scaled(cluster, "upheaval-many", replicas=2)
    assert upheaval.drain_every_node(cluster, "upheaval-many", tmp_path).problems == []
    rolled = upheaval.roll_out(cluster, "upheaval-many", tmp_path, SHORT_ROLL_OUTS)
    assert rolled.problems == []
    assert rolled.facts["fewest ready pods"] == "2"
    scaled = upheaval.scale(cluster, "upheaval-many", tmp_path)
    assert scaled.problems == []
    assert "over 3 zones" in scaled.facts["did"]


def test_quota(cluster: Cluster, tmp_path: Path) -> None:
    assert obstacles.quota_exhausted(cluster, "obstacle-quota", tmp_path).problems == []


def test_image(cluster: Cluster, tmp_path: Path) -> None:
    assert obstacles.image_never_starts(cluster, "obstacle-image", tmp_path).problems == []


def test_red_when_a_budget_blocks_the_drain(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upheaval, "STEP_SECONDS", 5.0)
    name = single(cluster, tmp_path, "red-budget")
    spoil.blocking_budget(cluster, name)
    (problem,) = upheaval.drain_every_node(cluster, name, tmp_path).problems
    assert problem.startswith("eviction of kotaemon-")
    assert problem.endswith("429 Too Many Requests")


def test_red_when_the_new_pod_starts_first(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upheaval, "STEP_SECONDS", 5.0)
    name = single(cluster, tmp_path, "red-rolling")
    spoil.rolling_update(cluster, name)
    (problem, *_) = upheaval.roll_out(cluster, name, tmp_path, 1).problems
    assert "is not ready after 5 s" in problem


def test_red_when_the_roles_are_on_the_pods_own_disk(cluster: Cluster, tmp_path: Path) -> None:
    name = single(cluster, tmp_path, "red-scratch")
    spoil.claims_to_scratch(cluster, name)
    (problem,) = upheaval.roll_out(cluster, name, tmp_path, 1).problems
    assert "acknowledged turns are lost" in problem


def test_red_when_the_program_ignores_the_replicas(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = kotaemon.deployment_spec

    def ignoring(app: Any, *others: Any) -> Any:
        return right(replace(app, replicas=1), *others)

    monkeypatch.setattr(kotaemon, "deployment_spec", ignoring)
    samples.up_scaled(cluster, "red-scale", replicas=1)
    assert upheaval.scale(cluster, "red-scale", tmp_path).problems == ["1 pods are there, not 5"]


def test_red_when_the_run_says_nothing_of_the_quota(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.waiting._in_the_way", lambda *_: "")
    (problem,) = obstacles.quota_exhausted(cluster, "red-quota", tmp_path).problems
    assert problem.startswith("the run does not say exceeded quota or drill: ")
    assert problem.endswith("Deployment red-quota/kotaemon is not ready: 0 of 2 pods available")


WAITING = 'Waiting for detach for volume "pvc-1" Volume is already exclusively attached to one node, waiting on detach'
IN_USE = 'Waiting for detach for volume "pvc-1" Volume is already used by pod(s) kotaemon-1'


def test_red_when_a_disk_is_wanted_while_another_pod_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "live_pods", lambda *_: [])
    monkeypatch.setattr(readings, "attached_nodes", lambda _: {"pvc-1": {"node-a1", "node-a2"}, "pvc-2": {"node-b1"}})
    monkeypatch.setattr(readings, "event_messages", lambda *_: [WAITING, IN_USE])
    observer = upheaval.Observer(cast(Kube, None), "space")
    observer.look()
    assert observer.problems == {IN_USE, "pvc-1 is attached to node-a1, node-a2 at once"}
    assert observer.detach_waits == {WAITING}
