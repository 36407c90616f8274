"""Pods outside of the stack's namespace, held against what those namespaces admit; and that no pod is passed over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from guard.namespace import Namespace, Quota
from guard.twice import Described
from plan import collect
from stacks import admission, elsewhere
from stacks.cluster_facts import ClusterFacts, Wanted
from stacks.planned import Planned
from stacks.program import listening
from tests.unit.plan.plans import STACKS
from tests.unit.stacks.test_memory import changed

PREPARE = "kotaemon-prepare"
PREPARED = {"storage.claims.files.rootOwner": "root"}
AGENT = {
    "logs": {
        "shipping": {
            "reader": "node-agent",
            "output": {
                "kind": "loki",
                "endpoint": "http://loki.example.org:3100",
                "server": {"cidr": "10.9.0.0/24", "port": 3100},
            },
        }
    }
}


def registered(folder: Path, example: str, change: dict[str, Any]) -> tuple[Planned, list[Described]]:
    stacks: list[Planned] = []
    with listening(stacks.append):
        run = collect.preview(changed(folder, example, change))
    return stacks[0], [Described(r.type, r.name, r.inputs) for r in run.registrations if r.custom]


def asked(namespace: Namespace | None, found: list[Described], lived: tuple[str, ...] = ()) -> elsewhere.Admitted:
    def ask(wanted: Wanted) -> ClusterFacts:
        assert namespace is None or wanted == Wanted(namespace=namespace.name)
        return ClusterFacts(namespace=namespace, gaps=("what was refused",))

    return elsewhere.admitted(found, "kotaemon", lived, ask)


def templates(found: list[Described]) -> Iterator[tuple[str, str]]:
    """Namespace and containers of every pod template that is registered."""
    for one in found:
        if one.type.startswith("kubernetes:") and one.inputs.get("kind") in elsewhere.WORKLOADS:
            spec = one.inputs["spec"].get("jobTemplate", one.inputs)["spec"]
            yield one.inputs["metadata"]["namespace"], names(spec["template"]["spec"])


def names(pod: Any) -> str:
    return " ".join(one["name"] for one in (*(pod.get("initContainers") or ()), *pod["containers"]))


CASES: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in STACKS),
    ("dev", PREPARED),
    ("private-scaled", AGENT),
]


@pytest.mark.parametrize(("example", "change"), CASES, ids=[f"{n}-{'-'.join(c)}" for n, c in CASES])
def test_every_pod_is_held_against_its_namespace(tmp_path: Path, example: str, change: dict[str, Any]) -> None:
    stack, found = registered(tmp_path, example, change)
    own = stack.settings.namespace
    args = (stack.settings, stack.contexts, stack.claims, stack.storage, stack.stores.values())
    # What an operator makes is in no template of ours.
    ours = [names(pods.pod) for pods in admission.made(*args).pods if not pods.operated]
    there = [(name, names(pods.pod)) for name, made in elsewhere.places(found, own).items() for pods in made.pods]
    assert sorted([*((own, pod) for pod in ours), *there]) == sorted(templates(found))


def test_a_job_that_prepares_folders_is_refused_by_the_quota_of_its_namespace(tmp_path: Path) -> None:
    _, found = registered(tmp_path, "dev", PREPARED)
    quota = Namespace(PREPARE, "baseline", (Quota("team", {"pods": "0", "persistentvolumeclaims": "0"}),))
    said = asked(quota, found)
    assert [line.partition(",")[0] for line in said.refused] == [
        f"namespace {PREPARE}: quota team allows 0 pods",
        f"namespace {PREPARE}: quota team allows 0 persistentvolumeclaims",
    ]
    limits = Namespace(PREPARE, limits=({"type": "Container", "max": {"memory": "1Mi"}},))
    [line] = asked(limits, found).refused
    assert line.startswith(f"namespace {PREPARE}: container prepare of the Job kotaemon-files-folders-job takes ")


def test_a_job_that_has_run_is_not_refused_any_more(tmp_path: Path) -> None:
    _, found = registered(tmp_path, "dev", PREPARED)
    quota = Namespace(PREPARE, "baseline", (Quota("team", {"pods": "0"}),))
    said = asked(quota, found, ("files",))
    assert said.refused == []
    assert said.warnings[0].startswith(f"namespace {PREPARE}: quota team allows 0 pods")


def test_a_level_and_a_range_that_keep_root_out_are_said(tmp_path: Path) -> None:
    _, found = registered(tmp_path, "dev", PREPARED)
    level, range_, gap = asked(Namespace(PREPARE, "restricted", uids="1000680000/10000"), found).warnings
    assert "level restricted, which refuses the Job kotaemon-files-folders-job: prepare: may run as root" in level
    assert "OpenShift's restricted-v2 refuses the Job kotaemon-files-folders-job: user 0 is outside" in range_
    assert "allowedCapabilities: [CHOWN]" in range_, "nonroot-v2 takes no root"
    assert gap == f"namespace {PREPARE}: not checked: what was refused"


def test_agents_of_nodes_are_in_a_namespace_of_their_own(tmp_path: Path) -> None:
    _, found = registered(tmp_path, "private-scaled", AGENT)
    assert list(elsewhere.places(found, "kotaemon")) == ["kotaemon-logs"]
    [line] = asked(Namespace("kotaemon-logs", limits=({"type": "Container", "max": {"memory": "1Mi"}},)), found).refused
    assert line.startswith("namespace kotaemon-logs: container shipper of the DaemonSet kotaemon-logs-agent takes ")


def test_a_namespace_that_is_not_there_yet_admits_all(tmp_path: Path) -> None:
    _, found = registered(tmp_path, "dev", PREPARED)
    assert asked(None, found) == elsewhere.Admitted()
