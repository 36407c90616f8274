"""The resources made from our arguments by moto, an imitation of the services, and read back from it.

It is not AWS: it says that names, references and order fit together, and that what was asked for is what is there.
"""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("moto", reason="needs requirements-cloud-api.txt; its python-dateutil clashes with kubernetes")

import boto3
from botocore import xform_name
from moto import mock_aws

from components.block.ebs_volume import EbsVolume, EbsVolumeArgs
from components.eks.driver import (
    POLICIES,
    Driver,
    DriverRole,
    DriverRoleArgs,
)
from components.encryption.aws import AwsKey, AwsKeyArgs, KeyService
from components.file.efs import EfsStorage, EfsStorageArgs
from components.file.lustre import LustreStorage, LustreStorageArgs
from components.file.openzfs import OpenZfsStorage, OpenZfsStorageArgs
from components.state.rds import RdsDatabase, RdsDatabaseArgs
from plan.plain import plain
from tests.cloud_api.aws.calls import calls, known
from tests.cloud_api.aws.cloud import REGION, Ids

ACCOUNT = "123456789012"
"""Of moto."""
A, B = f"{REGION}a", f"{REGION}b"
NOT_IN_MOTO = {
    "aws:efs/fileSystemPolicy:FileSystemPolicy",
    "aws:efs/backupPolicy:BackupPolicy",  # moto answers to it, and keeps nothing
}


class Moto(Ids):
    """Makes each resource with the calls of `calls.py`."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()  # moto keeps its state in plain dictionaries

    def new_resource(self, args: Any) -> tuple[str | None, dict[str, Any]]:
        id_, outputs = super().new_resource(args)
        if not known(args.typ) or args.typ in NOT_IN_MOTO:
            return id_, outputs
        made: dict[str, Any] = {}
        with self._lock:
            for number, call in enumerate(calls(args.typ, plain(args.inputs), args.name)):
                if call.operation == "ScheduleKeyDeletion":
                    continue  # only at deletion
                parameters = call.parameters | ({"KeyId": made["keyId"]} if "keyId" in made else {})
                answer = getattr(_client(call.service), xform_name(call.operation))(**parameters)
                if number == 0:
                    made = _outputs(call.operation, answer)
        return made.pop("id", id_), outputs | made


def _client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


def _outputs(operation: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Id and outputs as the provider reads them from the answer."""
    match operation:
        case "CreateKey":
            key = answer["KeyMetadata"]
            return {"id": key["KeyId"], "keyId": key["KeyId"], "arn": key["Arn"]}
        case "CreateVolume":
            return {"id": answer["VolumeId"]}
        case "CreateSecurityGroup":
            return {"id": answer["GroupId"]}
        case "CreateFileSystem" if "FileSystem" in answer:
            files = answer["FileSystem"]
            return {"id": files["FileSystemId"], "arn": files["ResourceARN"], "dnsName": files["DNSName"]}
        case "CreateFileSystem":
            return {"id": answer["FileSystemId"], "arn": answer["FileSystemArn"]}
        case "CreateAccessPoint":
            return {"id": answer["AccessPointId"], "arn": answer["AccessPointArn"]}
        case "CreateRole":
            return {"arn": answer["Role"]["Arn"], "name": answer["Role"]["RoleName"]}
        case "CreateDBSubnetGroup":
            return {"name": answer["DBSubnetGroup"]["DBSubnetGroupName"]}
        case "CreateDBParameterGroup":
            return {"name": answer["DBParameterGroup"]["DBParameterGroupName"]}
        case _:
            return {}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A VPC with subnets and the nodes' security group."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    # The add-ons' policies are AWS's own: moto has a copy of them, and refuses names that AWS does not know.
    with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
        ec2 = _client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = {
            zone: ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
            for n, zone in enumerate((A, B))
        }
        nodes = ec2.create_security_group(GroupName="nodes", Description="nodes", VpcId=vpc)["GroupId"]
        yield {"vpc": vpc, "subnets": subnets, "nodes": nodes}


def key() -> AwsKey:
    return AwsKey(
        "key",
        AwsKeyArgs(account=ACCOUNT, region=REGION, alias="alias/kotaemon", services=[KeyService.EFS, KeyService.FSX]),
    )


def network(aws: dict[str, Any], key_arn: Any) -> dict[str, Any]:
    return {
        "namespace": "kotaemon",
        "key_arn": key_arn,
        "region": REGION,
        "vpc_id": aws["vpc"],
        "client_security_groups": {"nodes": aws["nodes"]},
        "tags": {"team": "search"},
    }


def key_arn() -> str:
    """Of the stack's key, found by its alias."""
    return _client("kms").describe_key(KeyId="alias/kotaemon")["KeyMetadata"]["Arn"]


def test_key(aws, pulumi_run):
    pulumi_run(lambda: key() and None, resources=Moto())
    kms = _client("kms")
    assert kms.get_key_rotation_status(KeyId=key_arn())["KeyRotationEnabled"] is True
    policy = json.loads(kms.get_key_policy(KeyId=key_arn(), PolicyName="default")["Policy"])
    assert [s["Sid"] for s in policy["Statement"]] == ["AccountManagesTheKey", "ServicesUseTheKeyForTheAccount"]


def test_disk(aws, pulumi_run):
    def program() -> None:
        args = EbsVolumeArgs(
            namespace="kotaemon", key_arn=key().arn, region=REGION, zone=B, size="50Gi", tags={"team": "search"}
        )
        EbsVolume("disk", args)

    run = pulumi_run(program, resources=Moto())
    (disk,) = _client("ec2").describe_volumes()["Volumes"]
    assert (disk["AvailabilityZone"], disk["Size"], disk["VolumeType"]) == (B, 50, "gp3")
    assert (disk["Encrypted"], disk["KmsKeyId"]) == (True, key_arn())
    assert {t["Key"]: t["Value"] for t in disk["Tags"]} == {"team": "search", "ebs.csi.aws.com/cluster": "true"}
    # What Kubernetes mounts is the disk that is there.
    source = run.one("kubernetes:core/v1:PersistentVolume").inputs["spec"]["csi"]
    assert source["volumeHandle"] == disk["VolumeId"]


def test_efs(aws, pulumi_run):
    def program() -> None:
        EfsStorage("files", EfsStorageArgs(**network(aws, key().arn), subnets=aws["subnets"]))

    run = pulumi_run(program, resources=Moto())
    efs = _client("efs")
    (files,) = efs.describe_file_systems()["FileSystems"]
    assert (files["Encrypted"], files["KmsKeyId"], files["ThroughputMode"]) == (True, key_arn(), "elastic")
    assert {t["Key"]: t["Value"] for t in files["Tags"]} == {"team": "search", "Name": "kotaemon"}
    targets = efs.describe_mount_targets(FileSystemId=files["FileSystemId"])["MountTargets"]
    assert {t["AvailabilityZoneName"] for t in targets} == {A, B}
    (point,) = efs.describe_access_points(FileSystemId=files["FileSystemId"])["AccessPoints"]
    assert point["PosixUser"] == {"Uid": 1001, "Gid": 1001}
    handle = run.one("kubernetes:core/v1:PersistentVolume").inputs["spec"]["csi"]["volumeHandle"]
    assert handle == f"{files['FileSystemId']}::{point['AccessPointId']}"


def test_only_the_nodes_reach_efs(aws, pulumi_run):
    def program() -> None:
        EfsStorage("files", EfsStorageArgs(**network(aws, key().arn), subnets=aws["subnets"]))

    pulumi_run(program, resources=Moto())
    groups = _client("ec2").describe_security_groups(Filters=[{"Name": "tag:Name", "Values": ["files"]}])
    (permission,) = groups["SecurityGroups"][0]["IpPermissions"]
    assert (permission["FromPort"], permission["ToPort"], permission["IpRanges"]) == (2049, 2049, [])
    assert [pair["GroupId"] for pair in permission["UserIdGroupPairs"]] == [aws["nodes"]]


def test_openzfs(aws, pulumi_run):
    def program() -> None:
        OpenZfsStorage(
            "files",
            OpenZfsStorageArgs(**network(aws, key().arn), subnets=aws["subnets"], client_networks=["10.0.0.0/16"]),
        )

    pulumi_run(program, resources=Moto())
    (files,) = _client("fsx").describe_file_systems()["FileSystems"]
    assert (files["FileSystemType"], files["StorageCapacity"], files["KmsKeyId"]) == ("OPENZFS", 128, key_arn())
    assert files["SubnetIds"] == list(aws["subnets"].values())
    assert files["OpenZFSConfiguration"]["DeploymentType"] == "MULTI_AZ_1"
    assert {t["Key"]: t["Value"] for t in files["Tags"]} == {"team": "search", "Name": "kotaemon"}


def test_lustre(aws, pulumi_run):
    def program() -> None:
        LustreStorage(
            "models", LustreStorageArgs(**network(aws, key().arn), zone=A, subnet=aws["subnets"][A], throughput=250)
        )

    pulumi_run(program, resources=Moto())
    (files,) = _client("fsx").describe_file_systems()["FileSystems"]
    assert (files["FileSystemType"], files["StorageCapacity"], files["KmsKeyId"]) == ("LUSTRE", 1200, key_arn())
    assert files["LustreConfiguration"]["PerUnitStorageThroughput"] == 250
    assert files["SubnetIds"] == [aws["subnets"][A]]


def test_rds(aws, pulumi_run):
    def program() -> None:
        given = {name: value for name, value in network(aws, key().arn).items() if name != "region"}
        RdsDatabase(
            "database",
            RdsDatabaseArgs(**given, subnets=aws["subnets"], identifier="kotaemon", client_network="10.0.0.0/16"),
        )

    pulumi_run(program, resources=Moto())
    (instance,) = _client("rds").describe_db_instances()["DBInstances"]
    assert (instance["StorageEncrypted"], instance["KmsKeyId"]) == (True, key_arn())
    assert (instance["MultiAZ"], instance["DeletionProtection"]) == (True, True)
    assert instance["PubliclyAccessible"] is False
    zones = {s["SubnetAvailabilityZone"]["Name"] for s in instance["DBSubnetGroup"]["Subnets"]}
    assert zones == {A, B}


@pytest.mark.parametrize("driver", [Driver.EFS, Driver.FSX])
def test_role_of_a_driver(aws, pulumi_run, driver):
    """moto makes no add-ons, and its copy of AWS's policies is older than the EBS driver's second one."""
    args = DriverRoleArgs(driver=driver, cluster="prod", account=ACCOUNT, region=REGION)
    pulumi_run(lambda: DriverRole("driver", args) and None, resources=Moto())
    iam = _client("iam")
    made = iam.get_role(RoleName="role-driver-role")["Role"]
    principal = made["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
    assert principal == {"Service": "pods.eks.amazonaws.com"}
    attached = iam.list_attached_role_policies(RoleName="role-driver-role")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [f"arn:aws:iam::aws:policy/{POLICIES[driver]}"]
