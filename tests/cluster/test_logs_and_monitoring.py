"""The objects of log shipping and of monitoring on a real API server, with strict validation; nothing is made.

The server has the Prometheus Operator's own definitions, from its Go module. ClusterAliyunPipelineConfig (output `sls`) is
in no registry here: what is made for it is checked by nobody but its unit test.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import ApiClient, ApiextensionsV1Api

from devcluster.cluster import Cluster
from plan import collect, stack_file
from plan.recorder import Run
from tests.cluster import stacks
from tests.programs import build
from tests.unit.devcluster.helpers import eventually

OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.92.0"
KINDS = ("podmonitors", "prometheusrules")
OUTPUTS: dict[str, dict[str, Any]] = {
    "otlp": {"endpoint": "https://otlp.example.com", "credentials": {"AUTHORIZATION": "Bearer x"}},
    "elasticsearch": {"endpoint": "https://es.example.com", "credentials": {"USER": "shipper", "PASSWORD": "x"}},
    "cloudwatch": {"region": "eu-central-1", "logGroup": "/kotaemon"},
    "loki": {"endpoint": "https://loki.example.com", "tenant": "team-a"},
}
READERS = {"shared-files": "StatefulSet", "node-agent": "DaemonSet"}


@pytest.fixture(scope="module")
def operator(api: ApiClient) -> Iterator[None]:
    """The cluster knows the kinds of the Prometheus Operator."""
    folder = build.module_folder(OPERATOR) / "example/prometheus-operator-crd"
    definitions = ApiextensionsV1Api(api)
    names: list[str] = []
    for kind in KINDS:
        body = yaml.safe_load((folder / f"monitoring.coreos.com_{kind}.yaml").read_text())
        definitions.create_custom_resource_definition(body)
        names.append(body["metadata"]["name"])
    try:
        for name in names:
            eventually(f"{name} is established", 60, lambda n=name: _established(definitions, n))
        yield
    finally:
        for name in names:
            definitions.delete_custom_resource_definition(name)


def _established(definitions: ApiextensionsV1Api, name: str) -> bool:
    conditions = definitions.read_custom_resource_definition(name).status.conditions or ()
    return any(one.type == "Established" and one.status == "True" for one in conditions)


def ours(folder: Path, part: str, **sections: Any) -> Run:
    """A plan of private-scaled with sections of its own, of which the objects with names that begin so are left."""
    document = yaml.safe_load((stack_file.ROOT / "Pulumi.private-scaled.yaml").read_text())
    document["config"] |= {f"kotaemon:{name}": value for name, value in sections.items()}
    (folder / "Pulumi.private-scaled.yaml").write_text(yaml.safe_dump(document))
    planned = collect.preview(stack_file.read("private-scaled", folder))
    planned.registrations = [r for r in planned.registrations if r.name.startswith(part)]
    return planned


@pytest.mark.parametrize("program", ["opentelemetry", "fluent-bit"])
@pytest.mark.parametrize("reader", list(READERS))
@pytest.mark.parametrize("kind", list(OUTPUTS))
def test_shipping(cluster: Cluster, tmp_path: Path, kind: str, reader: str, program: str) -> None:
    shipping = {"output": {"kind": kind, **OUTPUTS[kind]}, "reader": reader, "program": program}
    planned = ours(tmp_path, "kotaemon-logs", logs={"shipping": shipping})
    assert READERS[reader] in {r.type.rpartition(":")[2] for r in planned.registrations}
    assert stacks.refused(planned, stacks.kube(cluster)) == []


@pytest.mark.usefixtures("operator")
def test_monitoring(cluster: Cluster, tmp_path: Path) -> None:
    planned = ours(tmp_path, "kotaemon-monitoring", monitoring={"labels": {"release": "prometheus"}})
    kinds = {r.type.rpartition(":")[2] for r in planned.registrations if r.is_object}
    assert {"PrometheusRule", "PodMonitor", "ConfigMap"} <= kinds
    assert stacks.refused(planned, stacks.kube(cluster)) == []


@pytest.mark.usefixtures("operator")
def test_a_rule_that_the_operator_does_not_know_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    """The check above would notice."""
    planned = ours(tmp_path, "kotaemon-monitoring", monitoring={})
    rule: Any = next(r for r in planned.registrations if r.type.endswith(":PrometheusRule")).inputs
    first = rule["spec"]["groups"][0]["rules"][0]
    first["expression"] = first.pop("expr")
    assert any("expression" in line for line in stacks.refused(planned, stacks.kube(cluster)))
