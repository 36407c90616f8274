"""Node selectors and node affinity in the verdict about zones."""

from typing import Any

import pytest

from guard import zones
from guard.node_choice import alternatives, fits
from guard.zone_volumes import Node
from guard.zone_words import Why
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


def auto_mode(*, zone: str) -> list[dict[str, Any]]:
    """A class as EKS Auto Mode has it, and a claim on it."""
    terms = [{"key": ZONE, "values": [zone]}, {"key": "eks.amazonaws.com/compute-type", "values": ["auto"]}]
    return [
        {
            "kind": "StorageClass",
            "metadata": {"name": "auto"},
            "provisioner": "ebs.csi.eks.amazonaws.com",
            "volumeBindingMode": "WaitForFirstConsumer",
            "allowedTopologies": [{"matchLabelExpressions": terms}],
        },
        {
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": "space"},
            "spec": {"storageClassName": "auto", "accessModes": ["ReadWriteOnce"]},
        },
        deployment("space", ["data"], 1),
    ]


def test_a_label_of_auto_modes_nodes_is_assumed_and_its_zone_is_not() -> None:
    report = zones.verdict(auto_mode(zone="eu-west-1a"), zones.pool({"eu-west-1a": 1, "eu-west-1b": 1}))
    assert (report["pods"][0]["state"], report["pods"][0]["zones"]) == ("schedulable", ["eu-west-1a"])
    assert report["notes"] == [
        "assumed: every zone has a node with what data asks for: eks.amazonaws.com/compute-type=auto"
    ]
    elsewhere = zones.verdict(auto_mode(zone="eu-west-1c"), zones.pool({"eu-west-1a": 1}))
    assert elsewhere["pods"][0]["reason"] == Why.NOT_ALLOWED.value


def test_a_real_node_without_the_label_takes_no_volume_of_auto_mode() -> None:
    nodes = [Node("one", "eu-west-1a", {ZONE: "eu-west-1a"})]
    assert zones.verdict(auto_mode(zone="eu-west-1a"), nodes)["pods"][0]["state"] == "pending"
