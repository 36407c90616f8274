"""The golden table of zones, held against the real scheduler: where pods run, why they wait, what a loss does to them.

Nodes that are not of a row's set, and nodes that are lost, are cordoned: the scheduler then leaves them out, and says of
the others what keeps a pod from them. How long a real loss takes is the drills' business.
"""

import re
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pytest
from kubernetes.client import ApiClient, CoreV1Api

from components.contract import Platform
from deploy.kube import Kube
from devcluster import platforms
from devcluster.cluster import Cluster
from guard import zones
from guard.zone_words import Why
from tests.cluster import stacks
from tests.cluster.objects import wait
from tests.unit.guard import zone_rows
from tests.unit.guard.zone_rows import ALL, Row

SAYS = {
    Why.NOT_ALLOWED: "didn't find available persistent volumes to bind",
    Why.ELSEWHERE: "PersistentVolume's node affinity",
    Why.HELD: "due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
}
"""What the scheduler says of each reason. Disjoint zones are one of the first two, node by node."""


SETTLE_SECONDS = 60
"""The scheduler tries a refused pod again on an event, else after at most 10 s of backoff."""


@dataclass
class Placed:
    """One row on the cluster."""

    row: Row
    space: str
    report: dict[str, Any]

    @property
    def verdict(self) -> dict[str, Any]:
        return self.report["pods"][0]


class World:
    """A cluster of one platform on which rows are tried."""

    def __init__(self, cluster: Cluster) -> None:
        self.platform = cluster.platform
        self.kube: Kube = stacks.kube(cluster)
        self.core = CoreV1Api(cluster.api())

    def use(self, names: Sequence[str]) -> None:
        for node in platforms.node_names(self.platform):
            self.core.patch_node(node, {"spec": {"unschedulable": node not in names}})

    def place(self, row: Row, number: int, change: Callable[[list[Any]], list[Any]] = list) -> Placed:
        space = f"zones-{number}"
        made = change(zone_rows.objects(self.platform, row, space))
        self.kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})
        for body in made:
            self.kube.apply(body)
        return Placed(row, space, zones.verdict(made, zone_rows.node_set(self.platform, row.nodes)))

    def all_pods(self, placed: Placed) -> list[Any]:
        return self.kube.list("v1", "Pod", placed.space)

    def pods(self, placed: Placed) -> list[Any]:
        return [p for p in self.all_pods(placed) if not p["metadata"].get("deletionTimestamp")]

    def judged(self, placed: Placed) -> bool:
        """Whether the scheduler has placed or refused every pod."""
        pods = self.pods(placed)
        return len(pods) == placed.row.replicas and all(zone_or_reason(self.platform, p) for p in pods)

    def outcome(self, placed: Placed) -> list[str]:
        """Zone of each pod, or what the scheduler says of it."""
        wait(f"{placed.row.id}: the scheduler's word", lambda: self.judged(placed), seconds=120)
        return sorted((zone_or_reason(self.platform, p) for p in self.pods(placed)), key=len)

    def settled(self, placed: Placed, compare: Callable[[list[str]], list[str]]) -> list[str]:
        """What `compare` finds wrong with the outcome, once it finds nothing or time is up.

        The scheduler's first word is not its last: while a deleted pod still ends, its claim is in use.
        """
        deadline = time.monotonic() + SETTLE_SECONDS
        while (found := compare(self.outcome(placed))) and time.monotonic() < deadline:
            time.sleep(0.5)
        return found

    def evict(self, placed: Placed, lost: Sequence[str]) -> bool:
        """Delete its pods on the lost nodes, as the eviction of a lost node does in the end."""
        gone = [p for p in self.pods(placed) if p["spec"].get("nodeName") in lost]
        for pod in gone:
            self.kube.delete({**pod, "apiVersion": "v1", "kind": "Pod"})
        names = {p["metadata"]["name"] for p in gone}
        wait("the pods are gone", lambda: not names & {p["metadata"]["name"] for p in self.all_pods(placed)})
        return bool(gone)

    def remove(self, placed: Placed) -> None:
        self.kube.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": placed.space}})


def zone_or_reason(platform: Platform, pod: Any) -> str:
    if node := pod["spec"].get("nodeName"):
        return platforms.zone_of(platform, node)
    conditions = {c["type"]: c for c in pod["status"].get("conditions") or ()}
    message = conditions.get("PodScheduled", {}).get("message") or ""
    # While a claim and its volume find each other it only says so, and tries again.
    final = re.match(r"0/\d+ nodes are available", message) and "unbound immediate" not in message
    return message if final else ""


@pytest.fixture(params=list(Platform), ids=lambda p: p.value)
def world(request: pytest.FixtureRequest, cluster_for: Callable[[Platform], Cluster]) -> Generator[World]:
    found = World(cluster_for(request.param))
    yield found
    found.use(platforms.node_names(found.platform))


@pytest.fixture
def numbers() -> Iterator[int]:
    return _numbers


_numbers = iter(range(1, 10_000))


def disagreements(placed: Placed, outcome: list[str]) -> list[str]:
    """Where the scheduler differs from the verdict; empty: green."""
    verdict = placed.verdict
    first, *others = outcome
    if verdict["state"] == "pending":
        allowed = [SAYS[Why.NOT_ALLOWED], SAYS[Why.ELSEWHERE]] if verdict["reason"] == Why.DISJOINT.value else []
        allowed = allowed or [SAYS[Why(verdict["reason"])]]
        found = [] if any(text in first for text in allowed) else [f"{first!r} is not {verdict['reason']}"]
    else:
        found = [] if first in verdict["zones"] else [f"{first!r} is not one of {verdict['zones']}"]
    found += [text for text in others if SAYS[Why.HELD] not in text]
    return [f"{placed.row.id}: {text}" for text in found]


def try_losses(world: World, placed: list[Placed]) -> list[str]:
    """Lose each zone, then each node; the pods that were there must do as the verdict says."""
    names = zone_rows.node_names(world.platform, placed[0].row.nodes)
    losses = [("zone", [n for n in names if platforms.zone_of(world.platform, n) == z]) for z in zones_of(world, names)]
    losses += [("node", [name]) for name in names]
    found: list[str] = []
    for what, lost in losses:
        before = {p.space: world.outcome(p)[0] for p in placed}
        world.use([n for n in names if n not in lost])
        hit = [p for p in placed if world.evict(p, lost)]
        for one in hit:
            targets = one.verdict["loss"][before[one.space]][what]
            after = f"{one.row.id}: {what} of {before[one.space]} lost"
            found += world.settled(one, lambda now, targets=targets, after=after: strays(world, targets, after, now[0]))
        world.use(names)
        for one in placed:
            wait("all run again", lambda one=one: world.outcome(one)[0] in platforms.zones(world.platform))
    return found


def strays(world: World, targets: Sequence[str], after: str, now: str) -> list[str]:
    """Whether the pod is somewhere else than the verdict says."""
    if targets:
        return [] if now in targets else [f"{after}: {now!r} is not one of {targets}"]
    return [f"{after}: it runs in {now}"] if now in platforms.zones(world.platform) else []


def zones_of(world: World, names: Sequence[str]) -> list[str]:
    return sorted({platforms.zone_of(world.platform, name) for name in names})


def test_the_scheduler_agrees_with_every_row(world: World, numbers: Iterator[int]) -> None:
    table = sorted(zone_rows.rows(world.platform), key=lambda row: row.nodes)
    red: list[str] = []
    for nodes, same in groupby(table, key=lambda row: row.nodes):
        world.use(zone_rows.node_names(world.platform, nodes))
        placed = [world.place(row, next(numbers)) for row in same]
        for one in placed:
            assert zone_rows.mismatches(world.platform, one.row, one.report) == []
            red += world.settled(one, lambda outcome, one=one: disagreements(one, outcome))
        # With two pods on a claim for one the one that waits takes the place: a test of its own, in test_devcluster.
        running = [one for one in placed if one.verdict["state"] == "schedulable" and one.row.replicas == 1]
        red += try_losses(world, running) if running and nodes in (ALL, "abc") else []
        for one in placed:
            world.remove(one)
    assert red == []


FORGOTTEN = [
    ("volumeBindingMode", Row(ALL, "disk:abc + files", "abc", None, "first pod"), "it is made in zone a at once"),
    ("allowedTopologies", Row("aacc", "disk:b", "", Why.NOT_ALLOWED, "first pod"), "it is made in another zone"),
]


@pytest.mark.parametrize(("field", "row", "what"), FORGOTTEN, ids=[f[0] for f in FORGOTTEN])
def test_a_builder_that_forgets_a_field_turns_the_row_red(
    world: World, numbers: Iterator[int], field: str, row: Row, what: str
) -> None:
    if field == "volumeBindingMode":
        # The disk is made before the pod: in the first zone, where this row has no node any more.
        world.use(zone_rows.node_names(world.platform, "bbcc"))
    else:
        world.use(zone_rows.node_names(world.platform, row.nodes))
    right = world.place(row, next(numbers))
    wrong = world.place(row, next(numbers), lambda made: zone_rows.without(made, field))
    if field == "volumeBindingMode":
        assert world.outcome(right)[0] in zone_rows.zone_names(world.platform, "bc")
        wait("the disk is elsewhere", lambda: SAYS[Why.ELSEWHERE] in world.outcome(wrong)[0])
    else:
        assert world.settled(right, lambda outcome: disagreements(right, outcome)) == []
        assert world.outcome(wrong)[0] in zone_rows.zone_names(world.platform, "ac")
    assert zone_rows.mismatches(world.platform, row, wrong.report) != [], what
    for one in (right, wrong):
        world.remove(one)


def test_two_claims_in_disjoint_zones_are_found_before_anything_is_made(api: ApiClient) -> None:
    row = Row(ALL, "disk:a + disk:b", "", Why.DISJOINT)
    report = zones.verdict(zone_rows.objects(Platform.PRIVATE, row, "nowhere"))
    assert report["lines"][0] == "app: stays Pending: no node can use all of its claims (c0, c1)"
    assert "nowhere" not in [n.metadata.name for n in CoreV1Api(api).list_namespace().items]
