"""Node selectors and node affinity in the verdict about zones."""

from typing import Any

import pytest

from guard import zones
from guard.node_choice import alternatives, fits
from guard.zones import Node, Why
from tests.unit.guard.zone_rows import deployment

ZONE = "topology.kubernetes.io/zone"


def app(**spec: Any) -> dict[str, Any]:
    body = deployment("space", [], 1)
    body["spec"]["template"]["spec"] |= spec
    return body


def required(*terms: list[dict[str, Any]]) -> dict[str, Any]:
    found = {"nodeSelectorTerms": [{"matchExpressions": term} for term in terms]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": found}}


@pytest.mark.parametrize(
    ("operator", "values", "labels", "allowed"),
    [
        ("In", ["a", "b"], {"key": "b"}, True),
        ("In", ["a"], {}, False),
        ("NotIn", ["a"], {"key": "a"}, False),
        ("NotIn", ["a"], {}, True),
        ("Exists", [], {"key": ""}, True),
        ("DoesNotExist", [], {"key": ""}, False),
        ("Gt", ["4"], {"key": "5"}, True),
        ("Gt", ["4"], {"key": "many"}, False),
        ("Lt", ["4"], {"key": "3"}, True),
        ("Lt", ["4"], {}, False),
    ],
)
def test_each_operator_of_the_scheduler(
    operator: str, values: list[str], labels: dict[str, str], allowed: bool
) -> None:
    asked = alternatives({"affinity": required([{"key": "key", "operator": operator, "values": values}])})
    assert fits(asked, labels, None) is allowed


def test_one_of_several_terms_and_the_whole_selector() -> None:
    terms = [[{"key": "size", "operator": "In", "values": [size]}] for size in ("l", "xl")]
    asked = alternatives({"nodeSelector": {"pool": "apps"}, "affinity": required(*terms)})
    assert fits(asked, {"pool": "apps", "size": "xl"}, None)
    assert not fits(asked, {"pool": "apps", "size": "s"}, None)
    assert not fits(asked, {"size": "xl"}, None)


def test_a_selected_zone_is_where_the_pod_can_run() -> None:
    (pod,) = zones.verdict([app(nodeSelector={ZONE: "zone-b"})], zones.pool({"zone-a": 2, "zone-b": 2}))["pods"]
    assert pod["zones"] == ["zone-b"]
    assert pod["loss"]["zone-b"] == {"node": ["zone-b"], "zone": []}


def test_a_selected_zone_is_known_where_no_other_object_names_one() -> None:
    (pod,) = zones.verdict([app(nodeSelector={ZONE: "rack-7"})])["pods"]
    assert (pod["state"], pod["zones"]) == ("schedulable", ["rack-7"])


def test_labels_of_assumed_nodes_are_assumed_and_said() -> None:
    report = zones.verdict([app(nodeSelector={"pool": "apps"})], zones.pool({"zone-a": 1}))
    assert report["pods"][0]["state"] == "schedulable"
    assert report["notes"] == ["assumed: every zone has a node with what app asks for: pool=apps"]


def test_labels_of_real_nodes_decide() -> None:
    nodes = [Node("one", "zone-a", {ZONE: "zone-a", "pool": "data"})]
    report = zones.verdict([app(nodeSelector={"pool": "apps"})], nodes)
    assert report["pods"][0]["reason"] == Why.NOT_SELECTED.value
    assert report["notes"] == []
    assert report["lines"] == ["app: stays Pending: no node that its claims allow has the labels that it asks for"]


def test_a_zone_without_nodes_is_not_selected_by_mistake() -> None:
    (pod,) = zones.verdict([app(nodeSelector={ZONE: "zone-z"})], zones.pool({"zone-a": 1}))["pods"]
    assert (pod["state"], pod["reason"]) == ("pending", Why.NOT_SELECTED.value)
