"""LogShipping under mocks: its objects, who may reach whom, and what Pod Security says of its pods."""

from collections.abc import Callable
from typing import Any

import pytest

from components.logs.args import LogProgram, LogReader
from components.logs.log_shipping import LogShipping
from guard.reach import Peer, allows
from plan.recorder import Run
from tests.unit.components.logs.samples import SLS, args
from tests.unit.components.pod_security import baseline_violations, restricted_violations

Mocks = Callable[..., Run]
SECRET = "Bearer hunter2"


def run(pulumi_run: Mocks, **given: Any) -> Run:
    return pulumi_run(lambda: {"namespace": LogShipping("kotaemon-logs", given).namespace})  # type: ignore[arg-type]


def pod(found: Run, kind: str) -> dict[str, Any]:
    return found.one(f"kubernetes:apps/v1:{kind}").inputs["spec"]["template"]["spec"]


@pytest.mark.parametrize("program", LogProgram)
def test_a_reader_is_restricted_and_mounts_the_logs_read_only(pulumi_run: Mocks, program: LogProgram) -> None:
    found = run(pulumi_run, **args(program=program, credentials={"AUTHORIZATION": SECRET}))
    spec = pod(found, "StatefulSet")
    assert restricted_violations(spec) == []
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert volumes["logs"]["persistentVolumeClaim"] == {"claimName": "files", "readOnly": True}
    mounts = {mount["name"]: mount for mount in spec["containers"][0]["volumeMounts"]}
    assert (mounts["logs"]["subPath"], mounts["logs"]["readOnly"]) == ("logs", True)
    assert "emptyDir" in volumes["state"]
    assert found.outputs["namespace"].value == "kotaemon"


def test_a_disk_for_the_state_is_asked_for_by_class(pulumi_run: Mocks) -> None:
    found = run(pulumi_run, **args(state_class="gp3"))
    spec = found.one("kubernetes:apps/v1:StatefulSet").inputs["spec"]
    assert spec["volumeClaimTemplates"][0]["spec"]["storageClassName"] == "gp3"
    assert "state" not in [volume["name"] for volume in spec["template"]["spec"]["volumes"]]


def test_an_agent_has_a_namespace_of_its_own_and_needs_privileged_for_its_host_path_alone(pulumi_run: Mocks) -> None:
    found = run(pulumi_run, **args(reader=LogReader.NODE_AGENT))
    spec = pod(found, "DaemonSet")
    assert baseline_violations(spec) == ["pods: hostPath"]
    assert restricted_violations(spec) == ["pods: hostPath", "pods: kind of volume"]
    assert spec["securityContext"]["runAsUser"] == 1001
    assert spec["securityContext"]["supplementalGroups"] == [0]
    mounts = {mount["name"]: mount for mount in spec["containers"][0]["volumeMounts"]}
    assert mounts["pods"]["readOnly"] is True
    labels = found.one("kubernetes:core/v1:Namespace").inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "privileged"
    assert found.outputs["namespace"].value == "kotaemon-logs"
    env = {variable["name"]: variable.get("value") for variable in spec["containers"][0]["env"]}
    assert env["APPLICATION_NAMESPACE"] == "kotaemon"


def test_credentials_are_in_a_secret_and_nowhere_else(pulumi_run: Mocks) -> None:
    found = run(pulumi_run, **args(credentials={"AUTHORIZATION": SECRET}))
    secret = found.one("kubernetes:core/v1:Secret")
    assert secret.inputs["metadata"]["name"] == "kotaemon-logs"
    for resource in found.registrations:
        if resource is not secret:
            assert "hunter2" not in str(resource.inputs)
    env = {variable["name"]: variable for variable in pod(found, "StatefulSet")["containers"][0]["env"]}
    assert env["AUTHORIZATION"]["valueFrom"]["secretKeyRef"] == {"name": "kotaemon-logs", "key": "AUTHORIZATION"}


def test_an_existing_secret_is_named(pulumi_run: Mocks) -> None:
    found = run(pulumi_run, **args("cloudwatch", credentials_secret="keys"))
    env = {variable["name"]: variable for variable in pod(found, "StatefulSet")["containers"][0]["env"]}
    assert env["AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"]["name"] == "keys"
    assert not [resource for resource in found.registrations if resource.type == "kubernetes:core/v1:Secret"]


def test_the_pods_reach_the_server_and_nothing_else(pulumi_run: Mocks) -> None:
    found = run(pulumi_run, **args("loki", monitors=[{"namespace": "monitoring", "port": 1}]))
    policy = found.one("kubernetes:networking.k8s.io/v1:NetworkPolicy").inputs
    labels = {"app.kubernetes.io/name": "kotaemon-logs", "app.kubernetes.io/instance": "kotaemon-logs"}
    shipper = Peer(namespace="kotaemon", labels=labels)
    assert allows([policy], shipper, Peer(namespace="loki"), 80)
    assert not allows([policy], shipper, Peer(namespace="loki"), 81)
    assert not allows([policy], shipper, Peer(namespace="other"), 80)
    assert not allows([policy], shipper, Peer(ip="198.51.100.7"), 443)
    assert allows([policy], Peer(namespace="monitoring"), shipper, 8888)
    assert not allows([policy], Peer(namespace="kotaemon"), shipper, 8888)


def test_sls_is_told_to_loongcollector(pulumi_run: Mocks) -> None:
    found = run(pulumi_run, namespace="kotaemon", output=SLS)
    made = found.one("kubernetes:telemetry.alibabacloud.com/v1alpha1:ClusterAliyunPipelineConfig")
    spec = made.inputs["spec"]
    assert spec["project"] == {"name": "k8s-logs"}
    filters = spec["config"]["inputs"][0]["ContainerFilters"]
    assert filters == {"K8sNamespaceRegex": "^kotaemon$", "K8sPodRegex": "^kotaemon-.*$"}
    assert spec["config"]["flushers"][0]["Endpoint"] == "cn-hangzhou-intranet.log.aliyuncs.com"
    assert len(found.registrations) == 2, "the component, and what LoongCollector reads"
