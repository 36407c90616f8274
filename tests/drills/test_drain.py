"""The drill of a drain, and what must turn it red. On real nodes: test_real.py."""

from pathlib import Path

import pytest

from devcluster.cluster import Cluster
from drills import drain, samples
from tests.drills import spoil


def single(cluster: Cluster, folder: Path, name: str, medium: str) -> str:
    samples.up(cluster, samples.stack_file(folder, name, samples.MEDIA[medium]))
    return name


@pytest.mark.parametrize("medium", ["file", "block"])
def test_every_turn_is_back_on_another_node(cluster: Cluster, tmp_path: Path, medium: str) -> None:
    result = drain.drain(cluster, single(cluster, tmp_path, f"drain-{medium}", medium), tmp_path)
    assert result.problems == []
    assert int(result.facts["turns"]) >= 8
    assert (result.facts["detach"] == "-") == (medium == "file")
    assert all(result.facts[part].endswith(" s") for part in ("eviction allowed after", "the old pod ends", "start"))


def test_red_when_a_budget_never_lets_the_pod_go(cluster: Cluster, tmp_path: Path) -> None:
    name = single(cluster, tmp_path, "drain-budget", "block")
    spoil.blocking_budget(cluster, name)
    (problem,) = drain.drain(cluster, name, tmp_path, limit=3.0).problems
    assert problem.startswith("eviction of kotaemon-")
    assert problem.endswith("429 Too Many Requests")


def test_red_when_the_roles_are_on_the_pods_own_disk(cluster: Cluster, tmp_path: Path) -> None:
    name = single(cluster, tmp_path, "drain-scratch", "block")
    spoil.claims_to_scratch(cluster, name)
    (problem,) = drain.drain(cluster, name, tmp_path).problems
    assert "acknowledged turns are lost" in problem


def test_red_when_no_other_node_takes_the_pod(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "RECOVERY_SECONDS", 3.0)
    name = single(cluster, tmp_path, "drain-nowhere", "file")
    with spoil.all_cordoned(cluster):
        (problem,) = drain.drain(cluster, name, tmp_path).problems
    assert problem == "no pod answers elsewhere 3 s after the drain began"
