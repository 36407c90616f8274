"""The oldest Kubernetes, and the fields that make it so."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from components.kubernetes_version import OLDEST, OLDEST_TEXT, refused_version
from plan import collect, stack_file
from stacks.manifests import UNKNOWN
from stacks.settings.load import SettingsError
from tests.unit import oldest_schema
from tests.unit.plan.plans import STACKS, run
from tests.unit.stacks.test_network import changed

ROOT = Path(__file__).parents[3]
OLD: dict[str, Any] = json.loads(oldest_schema.FILE.read_text())
BESIDE = {
    "gateway.networking.k8s.io/v1 HTTPRoute",
    "postgresql.cnpg.io/v1 Cluster",
    "snapshot.storage.k8s.io/v1 VolumeSnapshotClass",
}
"""Kinds of which the definition is installed beside Kubernetes."""
NUMBERED = {
    "sleep": (1, 30),
    "matchLabelKeys": (1, 27),
    "unhealthyPodEvictionPolicy": (1, 27),
    "podFailurePolicy": (1, 26),
    "ReadWriteOncePod": (1, 29),
    # younger than OLDEST: none of these may be used
    "hostnameOverride": (1, 35),
    "supplementalGroupsPolicy": (1, 33),
    "resizePolicy": (1, 33),
    "stopSignal": (1, 35),
    "podReplacementPolicy": (1, 29),
    "volumeAttributesClassName": (1, 34),
    "trafficDistribution": (1, 31),
    "fileKeyRef": (1, 35),
    "restartPolicyRules": (1, 35),
}
"""Field or value of an object -> first release that has it without a feature gate of its own."""


def words(value: Any) -> set[str]:
    """Every key and every text in an object."""
    if isinstance(value, dict):
        return set(value) | {word for item in value.values() for word in words(item)}
    if isinstance(value, list):
        return {word for item in value for word in words(item)}
    return {value} if isinstance(value, str) else set()


@pytest.mark.parametrize("version", ["1.30", "v1.30.14", "1.36", "v1.33.4-eks-99bf2c4", "2.0", "1.31+"])
def test_new_enough(version: str) -> None:
    assert refused_version(version) == ""


@pytest.mark.parametrize(
    ("version", "lacks"),
    [("1.29", "sleep"), ("v1.28.15-aliyun.1", "sidecar"), ("1.24", "podFailurePolicy"), ("latest", "no version")],
)
def test_too_old_is_told_with_what_it_lacks(version: str, lacks: str) -> None:
    assert lacks in refused_version(version)


def test_a_stack_file_is_refused_before_anything_is_made() -> None:
    with pytest.raises(SettingsError, match=r"kotaemon:cluster\.version: .*1\.27.* is older than 1\.30"):
        changed("dev", cluster={"version": "1.27"})
    with pytest.raises(SettingsError, match="quotation marks"):
        changed("dev", cluster={"version": 1.3})
    changed("dev", cluster={"version": "1.30"})


@cache
def validator(kind: str) -> Validator:
    """Says what is wrong with an object of this kind for the oldest Kubernetes."""
    return Draft202012Validator({"$ref": f"#/definitions/{OLD['kinds'][kind]}", "definitions": OLD["definitions"]})


def wrong(body: dict[str, Any]) -> list[str]:
    """Mistakes in an object, each with its place. Empty for a kind that is no part of every cluster."""
    kind = f"{body['apiVersion']} {body['kind']}"
    found = validator(kind).iter_errors(body) if kind in OLD["kinds"] else ()
    return [f"{kind} {error.json_path}: {error.message}" for error in found if error.instance != UNKNOWN]


def test_the_schemas_are_those_of_the_oldest_release() -> None:
    assert OLD["version"].startswith(f"v{OLDEST_TEXT}."), "run `python -m tests.unit.oldest_schema`"


@pytest.mark.parametrize("name", STACKS)
def test_every_object_fits_the_schemas_of_the_oldest_release(name: str) -> None:
    objects = [r.inputs for r in run(name).registrations if r.is_object]
    assert [line for body in objects for line in wrong(body)] == []
    kinds = {f"{body['apiVersion']} {body['kind']}" for body in objects}
    assert kinds - set(OLD["kinds"]) <= BESIDE


def test_what_a_stack_file_may_say_of_pods_fits_them_too() -> None:
    rules: dict[str, Any] = {
        "tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}],
        "topologySpread": [{"topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"}],
        "priorityClass": "high",
        "runtimeClass": "gvisor",
        "cpuLimit": "2",
        "registryLogins": {"harbor.example.com": {"username": "robot", "password": "x"}},
        "autoscaler": {"minReplicas": 2, "maxReplicas": 5},
        "ingress": {"hostname": "k.example.com", "className": "traefik", "tlsSecret": "tls"},
    }
    made = changed("private-scaled", **rules)
    objects = [r.inputs for r in made.registrations if r.is_object]
    assert [line for body in objects for line in wrong(body)] == []


def test_a_younger_field_and_a_wrong_value_are_found() -> None:
    pod = {
        "containers": [{"name": "a", "image": "b", "resizePolicy": [], "stopSignal": "SIGINT"}],
        "hostnameOverride": "x",
    }
    spec = {"replicas": "1", "selector": {}, "template": {"spec": pod}}
    assert [
        line.partition(": ")[2] for line in wrong({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec})
    ] == [
        "'1' is not of type 'integer'",
        "Additional properties are not allowed ('stopSignal' was unexpected)",
        "Additional properties are not allowed ('hostnameOverride' was unexpected)",
    ]


@pytest.mark.parametrize("name", STACKS)
def test_no_object_has_a_field_that_is_younger(name: str) -> None:
    used = {word for r in run(name).registrations if r.is_object for word in words(r.inputs)}
    assert {field for field in NUMBERED if field in used and NUMBERED[field] > OLDEST} == set()


def test_the_oldest_is_no_older_than_it_has_to_be() -> None:
    file = stack_file.read("private-scaled")
    text = json.dumps([r.inputs for r in collect.preview(file).registrations if r.is_object])
    assert '"sleep"' in text, "nothing needs 1.30 any more: lower the oldest version"


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_names_it(name: str) -> None:
    assert f"Kubernetes >= {OLDEST_TEXT}" in (ROOT / name).read_text()
