"""Components made through the plugin's provider, on the SDK's mock monitor, and the plugin as a process."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import grpc
import pulumi
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from components.encryption.aws import AwsKey
from components.file.efs import EfsStorage
from components.file.nfs import NfsStorage
from components.kotaemon.kotaemon import Kotaemon
from components.volumes.existing_class import ExistingClassClaim
from plan.recorder import Run
from plan.stack_file import ROOT
from plugin.mistakes import as_input_errors
from plugin.provider import KotaemonProvider

FILES = {"namespace": "app", "server": "nfs.example.com", "path": "/srv", "size": "100Gi"}
DISK = {"namespace": "app", "storageClass": "fast", "size": "20Gi"}
KEY = {"account": "111122223333", "region": "eu-central-1", "alias": "alias/kotaemon"}
ROLES = {"models": "files", "uploads": "files", "indexes": "disk", "sessions": "disk"}


def construct(kind: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    provider = KotaemonProvider([AwsKey, EfsStorage, NfsStorage, ExistingClassClaim, Kotaemon])
    return provider.construct(name, f"kotaemon:index:{kind}", inputs).state


def storage(claims: dict[str, Any]) -> dict[str, Any]:
    return {role: {"claim": claims[on], "subPath": role, "readOnly": False} for role, on in ROLES.items()}


def application(**changed: Any) -> dict[str, Any]:
    claims = {
        "files": construct("NfsStorage", "files", FILES)["claim"],
        "disk": construct("ExistingClassClaim", "disk", DISK)["claim"],
    }
    inputs = {"namespace": "app", "replicas": 1.0, "uid": 1001.0, "storage": storage(claims), **changed}
    return construct("Kotaemon", "app", inputs)


def test_enums_of_a_claim_are_their_values(pulumi_run: Callable[..., Run]) -> None:
    run = pulumi_run(lambda: construct("NfsStorage", "files", FILES))
    claim = run.outputs["claim"].value
    assert (claim["accessMode"], claim["medium"], claim["locks"]) == ("ReadWriteMany", "file", "shared")
    assert claim["sizeGib"] == 100


def test_kotaemon_with_the_claims_of_other_components(pulumi_run: Callable[..., Run]) -> None:
    run = pulumi_run(lambda: {"url": application(apiKeys={"OPENAI_API_KEY": pulumi.Output.secret("k")})["url"]})
    assert run.outputs["url"].value == "http://app.app.svc:7860"
    deployment = run.one("kubernetes:apps/v1:Deployment")
    assert repr(deployment.inputs["spec"]["replicas"]) in ("1", "1.0")
    pod = deployment.inputs["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsUser"] == 1001
    assert {v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if "persistentVolumeClaim" in v} == {
        "files",
        "disk",
    }
    assert "data" in run.one("kubernetes:core/v1:Secret", "app-api-keys").secret_keys


def test_a_list_of_enums(pulumi_run: Callable[..., Run]) -> None:
    run = pulumi_run(lambda: construct("AwsKey", "key", {**KEY, "services": ["elasticfilesystem", "fsx"]}))
    policy = run.one("aws:kms/key:Key").inputs["policy"]
    assert "elasticfilesystem.eu-central-1.amazonaws.com" in policy
    assert "fsx.eu-central-1.amazonaws.com" in policy


def test_the_order_of_a_map_is_of_no_consequence(pulumi_run: Callable[..., Run]) -> None:
    """Zones are the keys of `subnets`, and the node affinity of a volume can never be changed."""
    zones = {"eu-central-1b": "subnet-b", "eu-central-1a": "subnet-a"}
    inputs = {"namespace": "app", "keyArn": "arn:k", "region": "eu-central-1", "vpcId": "vpc-1", "subnets": zones}
    groups = {"clientSecurityGroups": {"nodes": "sg-1"}}
    run = pulumi_run(lambda: construct("EfsStorage", "files", {**inputs, **groups}))
    required = run.one("kubernetes:core/v1:PersistentVolume").inputs["spec"]["nodeAffinity"]["required"]
    (expression,) = required["nodeSelectorTerms"][0]["matchExpressions"]
    assert expression["values"] == ["eu-central-1a", "eu-central-1b"]


@pytest.mark.parametrize(
    ("make", "path", "reason"),
    [
        (
            lambda: construct("NfsStorage", "files", {**FILES, "size": "100GB"}),
            "size",
            "'100GB' is not allowed; it must be a whole number of Gi or Ti, for example 100Gi",
        ),
        (
            lambda: application(replicas=3.0),
            "replicas",
            "3 is not allowed in the profile single-writer: SQLite, Chroma and LanceDB allow one writer; use replicas 1, "
            "or the profile scaled",
        ),
    ],
)
def test_a_mistake_is_told_at_its_input(
    pulumi_run: Callable[..., Run], make: Callable[[], Any], path: str, reason: str
) -> None:
    with pytest.raises(pulumi.InputPropertiesError) as raised:
        pulumi_run(make)
    assert raised.value.errors == [{"property_path": path, "reason": reason}]


def test_a_missing_and_a_wrong_value(pulumi_run: Callable[..., Run]) -> None:
    with pytest.raises(pulumi.InputPropertyError) as raised:
        pulumi_run(lambda: construct("NfsStorage", "files", {"namespace": "app", "server": "s"}))
    assert raised.value.property_path == "path"
    with pytest.raises(pulumi.InputPropertyError) as wrong:
        pulumi_run(lambda: application(profile="clustered"))
    assert wrong.value.property_path == "profile"
    with pytest.raises(pulumi.InputPropertyError) as listed:
        pulumi_run(lambda: construct("AwsKey", "key", {**KEY, "services": ["rds", "efs"]}))
    assert (listed.value.property_path, listed.value.reason) == (
        "services[1]",
        "'efs' is not allowed; allowed: elasticfilesystem, fsx, rds, secretsmanager, backup, ec2, s3",
    )


@pytest.mark.parametrize(
    ("text", "details", "message"),
    [
        ("NfsStorage 'a': size: wrong", [{"property_path": "size", "reason": "wrong"}], ""),
        (
            "NasStorage 'a': client_cidrs '0.0.0.0/0': too wide",
            [{"property_path": "clientCidrs", "reason": "'0.0.0.0/0': too wide"}],
            "",
        ),
        (
            "Kotaemon 'a' cannot be made like this:\n  - replicas: 3\n  - storage.models: the role",
            [
                {"property_path": "replicas", "reason": "3"},
                {"property_path": "storage.models", "reason": "the role"},
            ],
            "Kotaemon 'a' cannot be made like this:",
        ),
        ("something else entirely", None, "something else entirely"),
        ("X 'a': nobody: knows", None, "X 'a': nobody: knows"),
    ],
)
def test_messages(text: str, details: Any, message: str) -> None:
    error = as_input_errors(text, ["size", "clientCidrs", "replicas", "storage"])
    assert (error.errors, error.message) == (details, message)


def test_the_plugin_as_the_engine_starts_it() -> None:
    command = [sys.executable, str(ROOT / "plugin"), "127.0.0.1:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        try:
            port = int(served.stdout.readline())
            with grpc.insecure_channel(
                f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", 64 << 20)]
            ) as channel:
                answer = provider_pb2_grpc.ResourceProviderStub(channel).GetSchema(provider_pb2.GetSchemaRequest())
            assert json.loads(answer.schema) == json.loads((ROOT / "plugin" / "schema.json").read_text())
        finally:
            served.terminate()
