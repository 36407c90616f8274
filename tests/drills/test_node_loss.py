"""Node loss in the short form, and the same with a broken product. All lose their nodes at the same time."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import CoreV1Api

from devcluster import nodes
from devcluster.cluster import Cluster
from drills import loss_case, node_loss, program
from drills.loss_case import Fencing, Scenario
from drills.results import Result
from tests.drills import spoil

Spoil = Callable[[Cluster, str], None]
SCRATCH = Scenario("scratch")
SLOW = Scenario("slow", patience=18.0)
"""As promised it would be back after 13 s."""
CASES: list[tuple[Scenario, str, Spoil | None]] = [
    (program.SHORT_LOSSES[0], "node-a1", None),
    (program.SHORT_LOSSES[1], "node-b1", None),
    (program.SHORT_LOSSES[2], "node-c1", None),
]
BROKEN: list[tuple[Scenario, str, Spoil | None]] = [
    (SCRATCH, "node-a1", spoil.claims_to_scratch),
    (SLOW, "node-b1", spoil.no_tolerations),
]
OUTSIDE = Scenario("outside", medium="block", fencing=Fencing.OUTSIDE)
SURE_SECONDS = 3.0
"""How long the test's automation takes to be sure that the node is off, and after the return that it is not."""


def lose_all(
    cluster: Cluster, folder: Path, cases: list[tuple[Scenario, str, Spoil | None]], seed: int
) -> dict[str, Result]:
    """Results by the scenario's name."""
    for scenario, node, break_it in cases:
        with node_loss.placed_on(cluster, node):
            node_loss.bring_up(cluster, scenario, folder)
            if break_it:
                break_it(cluster, scenario.name)
    found: dict[str, Result] = {}

    def lose(scenario: Scenario) -> None:
        found[scenario.name] = node_loss.run(cluster, scenario, folder, seed)

    threads = [threading.Thread(target=lose, args=(scenario,)) for scenario, _, _ in cases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.fixture(scope="module")
def as_made(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    return lose_all(cluster, tmp_path_factory.mktemp("made"), CASES, seed=7)


class Automation(threading.Thread):
    """Fences node-c1 and takes the taint back, as one outside the drill does."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(daemon=True)
        self._api = cluster.api()
        self.taints_found = 0

    def run(self) -> None:
        self._wait(ready=False)
        nodes.set_out_of_service(self._api, "node-c1")
        self._wait(ready=True)
        node: Any = CoreV1Api(self._api).read_node("node-c1")
        self.taints_found = [taint.key for taint in node.spec.taints or []].count(nodes.OUT_OF_SERVICE)
        nodes.clear_out_of_service(self._api, "node-c1")

    def _wait(self, ready: bool) -> None:
        while ("node-c1" in nodes.ready_nodes(self._api)) is not ready:
            time.sleep(0.2)
        time.sleep(SURE_SECONDS)


@pytest.fixture(scope="module")
def automation(cluster: Cluster) -> Automation:
    return Automation(cluster)


@pytest.fixture(scope="module")
def broken(
    cluster: Cluster, automation: Automation, as_made: dict[str, Result], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Result]:
    """The broken ones; beside them, on the node that is free, the one that is fenced from outside."""

    def start(*_: object) -> None:
        automation.start()

    return lose_all(cluster, tmp_path_factory.mktemp("broken"), [*BROKEN, (OUTSIDE, "node-c1", start)], seed=8)


def test_files_every_turn_is_back_on_another_node(as_made: dict[str, Result]) -> None:
    result = as_made["file"]
    assert result.problems == []
    assert int(result.facts["turns"]) >= 8


def test_a_fenced_disk_follows_within_the_garbage_collectors_period(as_made: dict[str, Result]) -> None:
    result = as_made["block-fenced"]
    assert result.problems == []
    assert result.facts["detached"] != "-"


def test_an_unfenced_disk_stays_with_the_pod_that_may_still_write(as_made: dict[str, Result]) -> None:
    result = as_made["block-held"]
    assert result.problems == []
    assert result.facts["evicted"] != "-"
    assert "PersistentVolumeClaim with ReadWriteOncePod access mode already in-use" in result.facts["waits for"]


def test_an_automation_outside_is_watched_and_left_alone(broken: dict[str, Result], automation: Automation) -> None:
    result = broken["outside"]
    assert result.problems == []
    fenced, detected = (float(result.facts[name].split()[0]) for name in ("fenced", "detected"))
    assert fenced - detected > SURE_SECONDS - 1, "it was not the drill that fenced"
    automation.join(timeout=30)
    assert automation.taints_found == 1, "the drill has not taken the taint back either"


def test_red_without_a_claim(broken: dict[str, Result]) -> None:
    result = broken["scratch"]
    assert int(result.facts["lost"]) >= 5
    assert f"{result.facts['lost']} of {result.facts['turns']} acknowledged turns are lost" in result.problems


def test_red_without_the_products_tolerations(broken: dict[str, Result]) -> None:
    assert broken["slow"].problems == ["not back after 18 s: the pod is not evicted yet"]
    assert broken["slow"].facts["lost"] == "0"


def test_red_when_a_disk_is_promised_without_fencing(as_made: dict[str, Result]) -> None:
    promised = replace(program.SHORT_LOSSES[2], recovers=True)
    seen = loss_case.Loss({"detected": 8.0, "evicted": 13.0}, as_made["block-held"].facts["waits for"])
    (problem,) = loss_case.result(promised, seen, turns=9, lost=set()).problems
    assert problem.startswith("not back after 30 s: 0/6 nodes are available")


def test_several_pods_answer_all_the_time(cluster: Cluster, tmp_path: Path) -> None:
    node_loss.prepare(cluster, program.SCALED_LOSS, tmp_path)
    result = node_loss.run(cluster, program.SCALED_LOSS, tmp_path, seed=9)
    assert result.problems == []
    assert float(result.facts["shown"].split()[0]) < 8, "the other pods answered: a lost node is noticed after 8 s"
