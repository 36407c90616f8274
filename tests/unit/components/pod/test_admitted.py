"""What the API server would refuse of a pod's labels, selectors, tolerations, affinity and images is found before."""

from typing import Any

import pytest

from components.pod.affinity import affinity_mistakes
from components.pod.args import ClusterImposes
from components.pod.images import mirror_mistakes
from components.pod.imposed import mistakes
from components.pod.labels import annotation_mistakes, label_mistakes, refused_labels
from components.pod.nodes import refused_nodes, refused_toleration

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def nodes(*expressions: dict[str, Any]) -> dict[str, Any]:
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": list(expressions)}]}}}


GOOD: list[dict[str, Any]] = [
    {},
    nodes({"key": "disktype", "operator": "In", "values": ["ssd"]}, {"key": "example.com/gpu", "operator": "Exists"}),
    nodes({"key": "cores", "operator": "Gt", "values": ["8"]}),
    {"nodeAffinity": {PREFERRED: [{"weight": 10, "preference": {"matchExpressions": []}}]}},
    {
        "podAntiAffinity": {
            REQUIRED: [{"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"a": "b"}}}],
            PREFERRED: [{"weight": 1, "podAffinityTerm": {"topologyKey": "rack", "namespaces": ["x"]}}],
        }
    },
]


@pytest.mark.parametrize("given", GOOD, ids=str)
def test_an_affinity_that_kubernetes_takes(given: dict[str, Any]) -> None:
    assert list(affinity_mistakes(given)) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"nodeAffinity": [{"key": "a"}]}, "nodeAffinity: must be a mapping with"),
        ({"node_affinity": {}}, "'node_affinity' is no field here"),
        ({"nodeAffinity": {"required": {}}}, "nodeAffinity: 'required' is no field here"),
        ({"nodeAffinity": {REQUIRED: {"nodeSelectorTerm": []}}}, "'nodeSelectorTerm' is no field here"),
        ({"nodeAffinity": {REQUIRED: {}}}, "nodeSelectorTerms is missing"),
        ({"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": {"matchExpressions": []}}}}, "must be a list"),
        (nodes({"key": "a", "operator": "in", "values": ["b"]}), "'in' is not allowed; allowed: In, NotIn"),
        (nodes({"key": "a", "operator": "In"}), "In needs values"),
        (nodes({"key": "a", "operator": "Exists", "values": ["b"]}), "Exists takes no values"),
        (nodes({"key": "a", "operator": "Gt", "values": ["1", "2"]}), "Gt needs one value"),
        (nodes({"key": "a b", "operator": "Exists"}), "'a b' is no key"),
        (nodes({"key": "a", "operator": "In", "values": [1]}), "1 must be a text"),
        (nodes({"operator": "Exists"}), "key is missing"),
        ({"podAffinity": {REQUIRED: [{"labelSelector": {}}]}}, "topologyKey is missing"),
        (
            {"podAffinity": {REQUIRED: [{"topologyKey": "x", "labelSelector": {"matchExpressions": [
                {"key": "a", "operator": "Gt", "values": ["1"]}]}}]}},
            "'Gt' is not allowed",
        ),
        ({"podAffinity": {PREFERRED: [{"podAffinityTerm": {"topologyKey": "x"}}]}}, "weight is missing"),
        ({"podAffinity": {PREFERRED: [{"weight": True, "podAffinityTerm": {"topologyKey": "x"}}]}}, "whole number"),
    ],
)  # fmt: skip
def test_an_affinity_that_kubernetes_refuses(given: dict[str, Any], words: str) -> None:
    assert words in next(affinity_mistakes(given), "")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"key": "a", "operator": "Exists", "value": "b"}, "with the operator Exists"),
        ({"operator": "Equal", "value": "b"}, "key is missing"),
        ({"value": "b"}, "key is missing"),
        ({"key": "a", "operator": "Exists", "effect": "NoSchedule", "toleration_seconds": 30}, "needs the effect NoExecute"),
        ({"key": "a", "operator": "Exists", "toleration_seconds": 30}, "needs the effect NoExecute"),
        ({"key": "a b", "value": "c"}, "'a b' is no key"),
    ],
)  # fmt: skip
def test_a_toleration_that_kubernetes_refuses(given: Any, words: str) -> None:
    assert words in refused_toleration(given)


@pytest.mark.parametrize(
    "given",
    [
        {"operator": "Exists"},
        {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"},
        {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "toleration_seconds": 0},
    ],
)
def test_a_toleration_that_kubernetes_takes(given: Any) -> None:
    assert refused_toleration(given) == ""


def test_labels_and_annotations() -> None:
    assert list(label_mistakes({"a": "", "example.com/b_c": "1.2-x", "A": "Z"})) == []
    wrong = {"bad label!": "x", "a": "x y", "/b": "c", "c/": "d", "-d": "e", "e": "-f", "g" * 64: "h", "h": "i" * 64}
    assert len(list(label_mistakes(wrong))) == len(wrong)
    assert list(annotation_mistakes({"linkerd.io/inject": "any text, with {everything}"})) == []
    assert len(list(annotation_mistakes({"spaces here": "x"}))) == 1
    assert "selects the pods" in next(refused_labels({"app.kubernetes.io/name": "mine"}))


def test_no_image_of_the_stack_runs_on_windows() -> None:
    assert list(refused_nodes({"kubernetes.io/os": "linux", "pool": "apps"})) == []
    for key in ("kubernetes.io/os", "beta.kubernetes.io/os"):
        (reason,) = refused_nodes({key: "windows"})
        assert reason.startswith(f"{key}: 'windows' is not allowed")


@pytest.mark.parametrize(
    ("host", "mirror", "words"),
    [
        ("ghcr.io", "http://harbor.lan:5000/ghcr", "has a scheme"),
        ("https://ghcr.io", "harbor.lan/ghcr", "is no host of a registry"),
        ("ghcr.io/cinnamon", "harbor.lan/ghcr", "is no host of a registry"),
        ("registry-1.docker.io", "harbor.lan/hub", "write docker.io"),
        ("docker.io", "harbor.lan/Hub Images", "is no place of images"),
    ],
)
def test_a_mirror_that_stands_in_no_image(host: str, mirror: str, words: str) -> None:
    (reason,) = mirror_mistakes({host: mirror})
    assert words in reason


def test_a_mirror_that_stands_in_images() -> None:
    mirrors = {"ghcr.io": "harbor.lan:5000/ghcr/", "*": "harbor.lan", "quay.io:443": "[fd00::1]:5000/q"}
    assert list(mirror_mistakes(mirrors)) == []


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (ClusterImposes(affinity={"x": 1}), "affinity"),
        (ClusterImposes(labels={"a b": "c"}), "labels"),
        (ClusterImposes(annotations={"a b": "c"}), "annotations"),
        (ClusterImposes(node_selector={"kubernetes.io/os": "windows"}), "node_selector"),
        (ClusterImposes(image_mirrors={"hub.docker.com": "a.b"}), "image_mirrors"),
        (ClusterImposes(tolerations=[{"value": "b"}]), "tolerations"),
    ],
)
def test_each_is_a_mistake_of_a_component(given: ClusterImposes, key: str) -> None:
    (mistake,) = mistakes(given)
    assert mistake.startswith(f"{key}: ")
