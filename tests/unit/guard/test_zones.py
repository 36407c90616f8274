"""The zone verdict: the golden table for every platform, what turns it red, and the text for people."""

from pathlib import Path

import pytest

from components.contract import Platform
from components.file.efs_dynamic import EfsDynamicStorage
from devcluster.platforms import SHAPES
from guard import zones
from guard.classes import Bound
from guard.zone_volumes import REGIONAL_DISKS, ZONE_KEYS
from guard.zone_words import Why
from plan import stack_file
from plan.recorder import run_program
from plan.stack_file import ROOT
from tests.unit.guard import zone_rows
from tests.unit.guard.zone_rows import ALL, Row

CASES = [(platform, row) for platform in Platform for row in zone_rows.rows(platform)]


@pytest.mark.parametrize(("platform", "row"), CASES, ids=[f"{p.value} {r.id}" for p, r in CASES])
def test_the_golden_table(platform: Platform, row: Row) -> None:
    report = zones.verdict(zone_rows.objects(platform, row, "space"), zone_rows.node_set(platform, row.nodes))
    assert zone_rows.mismatches(platform, row, report) == []


@pytest.mark.parametrize("platform", list(Platform))
@pytest.mark.parametrize("field", ["volumeBindingMode", "allowedTopologies"])
def test_a_builder_that_forgets_a_field_turns_rows_red(platform: Platform, field: str) -> None:
    red = [
        row.id
        for row in zone_rows.rows(platform)
        if zone_rows.mismatches(
            platform,
            row,
            zones.verdict(
                zone_rows.without(zone_rows.objects(platform, row, "space"), field),
                zone_rows.node_set(platform, row.nodes),
            ),
        )
    ]
    with_disks = [row.id for row in zone_rows.rows(platform) if "disk" in row.claims]
    assert len(red) > 3
    assert set(red) <= set(with_disks)


def test_every_platform_has_rows_and_its_zone_keys_are_known() -> None:
    for platform, shape in SHAPES.items():
        assert set(shape.zone_keys) <= set(ZONE_KEYS)
        assert shape.block.affinity_key in ZONE_KEYS
        assert len(zone_rows.rows(platform)) >= 9
    assert set(REGIONAL_DISKS) <= {shape.block.name for shape in SHAPES.values()}


def test_a_disk_made_at_once_is_a_chance_when_another_claim_has_a_place() -> None:
    row = Row(ALL, "disk:abc + fixed:b")
    made = zone_rows.without(zone_rows.objects(Platform.AWS, row, "space"), "volumeBindingMode")
    (pod,) = zones.verdict(made, zone_rows.node_set(Platform.AWS, ALL))["pods"]
    assert (pod["state"], pod["reason"], pod["because_of"]) == ("chance", Why.IMMEDIATE.value, ["c0"])
    assert pod["zones"] == ["eu-central-1b"]


def test_a_folder_of_efs_is_in_no_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its class binds at once, and still ties no pod: what the driver makes is an access point, not a disk."""
    monkeypatch.setitem(zone_rows.BUILDERS[Platform.AWS], "driver-files", _efs_of_the_driver)
    made = zone_rows.objects(Platform.AWS, Row(ALL, "driver-files:abc"), "space")
    (pod,) = zones.verdict(made, zone_rows.node_set(Platform.AWS, ALL))["pods"]
    assert (pod["state"], pod["reason"], pod["tied_by"]) == ("schedulable", "", [])
    assert pod["zones"] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]


def _efs_of_the_driver(space: str, name: str, names: list[str]) -> None:
    network = {"region": "eu-central-1", "vpc_id": "vpc-1", "client_security_groups": {"nodes": "sg-1"}}
    key = "arn:aws:kms:eu-central-1:111122223333:key/1"
    subnets = {zone: f"subnet-{zone}" for zone in names}
    EfsDynamicStorage(name, {"namespace": space, "key_arn": key, "subnets": subnets, **network})


def test_the_text_names_zones_ties_and_losses() -> None:
    made = zone_rows.objects(Platform.PRIVATE, Row(ALL, "disk:ab + files"), "space")
    assert zones.verdict(made, zones.pool({"zone-a": 2, "zone-b": 1, "zone-c": 2}))["lines"] == [
        "app: can run in zone-a, zone-b",
        "app: c0 ties it to the zone of its first pod",
        "app: when its node in zone-a is lost, it moves to another node of its zone",
        "app: when its node in zone-b is lost, it stays Pending until a node there is back",
        "app: when zone-a or zone-b is lost, it stays Pending until the zone is back",
    ]


def test_the_text_of_a_pod_that_can_go_anywhere() -> None:
    made = zone_rows.objects(Platform.PRIVATE, Row(ALL, "files"), "space")
    assert zones.verdict(made, zones.pool({"zone-a": 1, "zone-b": 1}))["lines"] == [
        "app: can run in zone-a, zone-b",
        "app: when its node in zone-a or zone-b is lost, it moves to another node",
        "app: when zone-a is lost, it moves to zone-b",
        "app: when zone-b is lost, it moves to zone-a",
    ]


PENDING = [
    ("disk:a + disk:b", {"zone-a": 1, "zone-b": 1}, "app: stays Pending: no node can use all of its claims (c0, c1)"),
    ("disk:b + files", {"zone-a": 1}, "app: stays Pending: its class makes disks only in zones without nodes (c0)"),
    ("files", {}, "app: stays Pending: there is no node"),
]


@pytest.mark.parametrize(("claims", "nodes", "line"), PENDING, ids=[p[0] for p in PENDING])
def test_the_text_of_a_pod_that_stays_pending(claims: str, nodes: dict[str, int], line: str) -> None:
    made = zone_rows.objects(Platform.PRIVATE, Row(ALL, claims), "space")
    assert zones.verdict(made, zones.pool(nodes))["lines"] == [line]


def test_a_second_pod_of_a_claim_for_one_pod() -> None:
    made = zone_rows.objects(Platform.PRIVATE, Row(ALL, "disk:ab", replicas=3), "space")
    lines = zones.verdict(made)["lines"]
    assert "app: one of 3 pods runs, the others stay Pending: c0 is for one pod" in lines
    assert lines[-1] == "assumed: 2 nodes in each of: zone-a, zone-b"


def test_a_class_of_the_clusters_own_is_an_assumption_that_is_said() -> None:
    made = zone_rows.objects(Platform.PRIVATE, Row(ALL, "disk:ab"), "space")
    here = [body for body in made if body["kind"] != "StorageClass"]
    report = zones.verdict(here, classes={"space.c0": Bound.ZONE})
    assert report["notes"] == [
        "assumed: 2 nodes in each of: any zone",
        "assumed: class 'space.c0' (claim c0) waits for the first pod and makes disks in every zone",
    ]
    assert report["lines"][:-2] == [
        "app: can run in any zone",
        "app: c0 ties it to the zone of its first pod",
        "app: when its node is lost, it moves to another node of its zone, if there is one",
        "app: when its zone is lost, it stays Pending until the zone is back",
    ]


LOSSES: list[tuple[Bound | None, list[str]]] = [
    (
        Bound.NODE,
        [
            "app: can run in zone-a, zone-b",
            "app: c0 ties it to the node of its first pod",
            "app: when its node is lost, it stays Pending until that node is back",
        ],
    ),
    (
        None,
        [
            "app: can run in zone-a, zone-b",
            "app: what a lost node or zone does to it is not known, as the class of c0 is not",
            "assumed: class 'space.c0' (claim c0) waits for the first pod and makes disks in every zone",
        ],
    ),
    (
        Bound.EVERYWHERE,
        [
            "app: can run in zone-a, zone-b",
            "app: when its node in zone-a or zone-b is lost, it moves to another node",
            "app: when zone-a is lost, it moves to zone-b",
            "app: when zone-b is lost, it moves to zone-a",
        ],
    ),
]


@pytest.mark.parametrize(("bound", "lines"), LOSSES, ids=lambda part: str(part)[:12])
def test_no_move_is_promised_that_the_class_does_not_allow(bound: Bound | None, lines: list[str]) -> None:
    made = zone_rows.objects(Platform.PRIVATE, Row(ALL, "disk:ab"), "space")
    here = [body for body in made if body["kind"] != "StorageClass"]
    report = zones.verdict(here, zones.pool({"zone-a": 3, "zone-b": 2}), {"space.c0": bound})
    assert report["lines"] == lines
    (pod,) = report["pods"]
    assert pod["not_known"] == ([] if bound else ["c0"])
    moves = any(loss["node"] for loss in pod["loss"].values())
    assert moves == (bound == Bound.EVERYWHERE)


def test_where_nobody_names_zones_a_pod_without_disks_moves() -> None:
    made = zone_rows.objects(Platform.PRIVATE, Row(ALL, "files"), "space")
    assert zones.verdict(made)["lines"] == [
        "app: can run in any zone",
        "app: when its node or its zone is lost, it moves to another node",
        "assumed: 2 nodes in each of: any zone",
    ]


KINDS = ["Deployment", "StatefulSet", "Job", "CronJob", "Pod"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_workload_is_read(kind: str) -> None:
    *storage, workload = zone_rows.objects(Platform.PRIVATE, Row(ALL, "disk:b"), "space")
    template = workload["spec"]["template"]
    spec = {"CronJob": {"jobTemplate": {"spec": {"template": template}}}, "Pod": template["spec"]}
    body = {**workload, "kind": kind, "spec": spec.get(kind, {"template": template})}
    (pod,) = zones.verdict([*storage, body], zones.pool({"zone-a": 1, "zone-b": 1}))["pods"]
    assert pod["zones"] == ["zone-b"]


@pytest.mark.parametrize("file", sorted(ROOT.glob("Pulumi.*.yaml")), ids=lambda f: f.stem)
def test_every_example_stack_can_run_and_says_what_ties_it(file: Path) -> None:
    read = stack_file.read(file.name.split(".")[1])
    options = {"preview": True, "config": read.config, "secret_keys": read.secret_keys}
    run = run_program(read.program, project=read.project, stack=read.name, **options)
    report = zones.verdict([r.inputs for r in run.registrations if r.is_object])
    assert [pod["state"] for pod in report["pods"]] == ["schedulable"] * len(report["pods"])
    (app,) = [pod for pod in report["pods"] if pod["pod"] == "kotaemon"]
    disks = [m["claim"] for m in run.outputs["storage"].value.values() if m["medium"] == "block"]
    assert {tie["claim"] for tie in app["tied_by"]} >= set(disks)
    assert not app["second_pod"]
