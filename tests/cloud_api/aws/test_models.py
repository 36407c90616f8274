"""Every create call that our arguments turn into, against the service models of AWS's own SDK."""

import json
from typing import Any

import pytest

pytest.importorskip("botocore", reason="needs requirements-cloud-api.txt; its python-dateutil clashes with kubernetes")

from components.aws import OPENZFS_THROUGHPUT, EbsType, OpenZfsDeployment
from components.block.ebs_volume import EbsVolume, EbsVolumeArgs
from components.eks.driver import Driver, DriverAddon, DriverAddonArgs, DriverRole, DriverRoleArgs, Permission
from components.encryption.aws import AwsKey, AwsKeyArgs, KeyService
from components.file.efs import EfsStorage, EfsStorageArgs
from components.file.efs_dynamic import EfsDynamicStorage, EfsDynamicStorageArgs
from components.file.lustre import LustreStorage, LustreStorageArgs
from components.file.openzfs import OpenZfsStorage, OpenZfsStorageArgs
from components.monitoring.alarms import CloudWatchStorage
from components.monitoring.cloudwatch import CloudWatchAlarms, CloudWatchAlarmsArgs, CloudWatchWatched
from components.nfs_server.aws_instance import NfsOnEbs, NfsOnEbsArgs
from components.nfs_server.exports import NfsExport
from components.nfs_server.on_disk import NfsServing
from components.state.rds import RdsDatabase, RdsDatabaseArgs
from tests.cloud_api.aws.calls import Call, calls, known
from tests.cloud_api.aws.cloud import ACCOUNT, KEY, REGION, Ids
from tests.cloud_api.aws.shapes import refused

A, B = f"{REGION}a", f"{REGION}b"
SUBNETS = {A: "subnet-0a1b2c3d4e5f6071a", B: "subnet-0a1b2c3d4e5f6071b"}
NETWORK = {
    "namespace": "kotaemon",
    "key_arn": KEY,
    "region": REGION,
    "vpc_id": "vpc-0a1b2c3d4e5f60718",
    "client_security_groups": {"nodes": "sg-0a1b2c3d4e5f60718"},
    "tags": {"team": "search", "app": "kotaemon"},
}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ebs-csi"


def made_calls(pulumi_run, program) -> list[Call]:
    """All calls of a program. Resources of AWS that are not mapped are an error."""
    run = pulumi_run(lambda: program() and None, resources=Ids())
    found: list[Call] = []
    for registration in run.registrations:
        if registration.type.startswith("aws:"):
            assert known(registration.type), f"{registration.type} is not mapped to calls"
            found += calls(registration.type, registration.inputs, registration.name)
    assert found
    return found


def accepted(pulumi_run, program) -> list[Call]:
    found = made_calls(pulumi_run, program)
    assert [error for call in found for error in refused(call)] == []
    return found


def of(found: list[Call], operation: str) -> dict[str, Any]:
    return next(call.parameters for call in found if call.operation == operation)


@pytest.mark.parametrize("services", [[], list(KeyService)])
def test_key(pulumi_run, services):
    args = AwsKeyArgs(
        account=ACCOUNT,
        region=REGION,
        alias="alias/kotaemon-prod",
        volume_roles=[ROLE],
        instance_roles=[ROLE],
        services=services,
        tags=NETWORK["tags"],
    )
    found = accepted(pulumi_run, lambda: AwsKey("key", args))
    assert of(found, "EnableKeyRotation")["RotationPeriodInDays"] == 365
    assert of(found, "ScheduleKeyDeletion")["PendingWindowInDays"] == 30
    # KMS takes policies of at most 32 KiB.
    assert len(of(found, "CreateKey")["Policy"]) < 32768


@pytest.mark.parametrize(
    ("kind", "size", "iops", "throughput"),
    [("gp3", "20Gi", None, None), ("gp3", "64Ti", 80000, 2000), ("io2", "4Gi", 4000, None)],
)
def test_volume(pulumi_run, kind, size, iops, throughput):
    performance = {key: v for key, v in {"iops": iops, "throughput": throughput}.items() if v is not None}
    args = EbsVolumeArgs(
        namespace="kotaemon", key_arn=KEY, region=REGION, zone=A, kind=EbsType(kind), size=size, **performance
    )
    call = of(accepted(pulumi_run, lambda: EbsVolume("disk", args)), "CreateVolume")
    assert (call["Encrypted"], call["KmsKeyId"]) == (True, KEY)


@pytest.mark.parametrize("chosen", [{}, {"address": "10.0.0.9", "image": "ami-0a1b2c3d4e5f60718"}])
def test_nfs_on_a_disk(pulumi_run, chosen):
    network = {key: NETWORK[key] for key in ("key_arn", "region", "vpc_id", "tags")}
    clients = ["10.0.0.0/16", "fd12:3456:789a::/48"]
    args = NfsOnEbsArgs(
        **network,
        **chosen,
        cloud_name="kotaemon-prod",
        zone=A,
        subnet=SUBNETS[A],
        serving=NfsServing(export=NfsExport(path="/srv/nfs/kotaemon", clients=clients, folders=[])),
        snapshot_days=1000,
    )
    found = accepted(pulumi_run, lambda: NfsOnEbs("files", args))
    machine, disk = of(found, "RunInstances"), of(found, "CreateVolume")
    assert (disk["Encrypted"], disk["KmsKeyId"]) == (True, KEY)
    assert machine["BlockDeviceMappings"][0]["Ebs"]["KmsKeyId"] == KEY
    assert machine["MetadataOptions"]["HttpTokens"] == "required"
    assert not {"KeyName", "IamInstanceProfile"} & machine.keys()
    assert machine["ImageId"] == chosen.get("image", "ami-0123456789abcdef0")
    tag = of(found, "CreateLifecyclePolicy")["PolicyDetails"]["TargetTags"][0]
    assert tag in disk["TagSpecifications"][0]["Tags"]


@pytest.mark.parametrize("one_zone", [False, True])
def test_efs(pulumi_run, one_zone):
    subnets = {A: SUBNETS[A]} if one_zone else SUBNETS
    args = EfsStorageArgs(**NETWORK, subnets=subnets, one_zone=one_zone)
    found = accepted(pulumi_run, lambda: EfsStorage("files", args))
    assert of(found, "CreateFileSystem")["KmsKeyId"] == KEY
    assert sum(call.operation == "CreateMountTarget" for call in found) == len(subnets)


def test_efs_served_by_the_driver(pulumi_run):
    args = EfsDynamicStorageArgs(**NETWORK, subnets=SUBNETS)
    found = accepted(pulumi_run, lambda: EfsDynamicStorage("files", args))
    assert of(found, "CreateFileSystem")["KmsKeyId"] == KEY
    assert [call.operation for call in found].count("CreateAccessPoint") == 0


@pytest.mark.parametrize("deployment", list(OpenZfsDeployment))
@pytest.mark.parametrize("squash", [False, True])
def test_openzfs(pulumi_run, deployment, squash):
    two = deployment == OpenZfsDeployment.MULTI_AZ_1
    more = {"route_tables": ["rtb-0a1b2c3d4e5f60718"], "endpoint_range": "198.19.255.0/28"} if two else {}
    args = OpenZfsStorageArgs(
        **NETWORK,
        **more,
        subnets=SUBNETS if two else {A: SUBNETS[A]},
        client_networks=["10.0.0.0/19"],
        deployment=deployment,
        throughput=OPENZFS_THROUGHPUT[deployment][-1],
        iops=1000,
        squash=squash,
    )
    call = of(accepted(pulumi_run, lambda: OpenZfsStorage("files", args)), "CreateFileSystem")
    assert call["KmsKeyId"] == KEY
    assert len(call["SubnetIds"]) == (2 if two else 1)


@pytest.mark.parametrize("metadata_iops", [None, 1500, 192000])
@pytest.mark.parametrize("linked", [False, True])
def test_lustre(pulumi_run, metadata_iops, linked):
    more = {} if metadata_iops is None else {"metadata_iops": metadata_iops}
    links = [{"path": "/models", "bucket_path": "s3://weights/prod", "write_back": True}] if linked else []
    args = LustreStorageArgs(**NETWORK, **more, zone=A, subnet=SUBNETS[A], throughput=1000, s3_links=links)
    found = accepted(pulumi_run, lambda: LustreStorage("models", args))
    assert of(found, "CreateFileSystem")["KmsKeyId"] == KEY
    assert any(call.operation == "CreateDataRepositoryAssociation" for call in found) == linked


def test_rds(pulumi_run):
    network = {key: value for key, value in NETWORK.items() if key != "region"}
    args = RdsDatabaseArgs(**network, subnets=SUBNETS, identifier="kotaemon", client_network="10.0.0.0/16")
    args.update(maintenance_window="sun:02:00-sun:03:00", performance_insights=True)
    call = of(accepted(pulumi_run, lambda: RdsDatabase("database", args)), "CreateDBInstance")
    assert (call["StorageEncrypted"], call["KmsKeyId"], call["PubliclyAccessible"]) == (True, KEY, False)


@pytest.mark.parametrize("storage", list(CloudWatchStorage))
@pytest.mark.parametrize(("full", "credit"), [(50, 1), (95, 90)])
def test_alarms(pulumi_run, storage, full, credit):
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:{'t' * 256}"
    args = CloudWatchAlarmsArgs(
        region=REGION,
        topic=topic,
        watched={"files": CloudWatchWatched(storage=storage, id="fs-0a1b2c3d4e5f60718", size="512Ti")},
        full_percent=full,
        credit_percent=credit,
        tags=NETWORK["tags"],
    )
    found = accepted(pulumi_run, lambda: CloudWatchAlarms("alarms", args))
    assert {call.operation for call in found} == {"PutMetricAlarm"}
    for call in found:
        # Either one metric, or several with one that is returned (API PutMetricAlarm, Metrics)
        several = call.parameters.get("Metrics")
        one = {"Namespace", "MetricName", "Dimensions", "Period", "Statistic"} & set(call.parameters)
        assert len(one) == (0 if several else 5)
        assert [query["ReturnData"] for query in several or ()].count(True) == (1 if several else 0)


@pytest.mark.parametrize("driver", list(Driver))
@pytest.mark.parametrize("permission", list(Permission))
def test_drivers(pulumi_run, driver, permission):
    def program() -> None:
        DriverRole(
            "role",
            DriverRoleArgs(
                driver=driver,
                account=ACCOUNT,
                region=REGION,
                cluster="prod",
                permission=permission,
                oidc_issuer="https://oidc.eks.eu-central-1.amazonaws.com/id/ABC",
            ),
        )
        DriverAddon(
            "addon",
            DriverAddonArgs(driver=driver, cluster="prod", role_arn=ROLE, permission=permission, version="v1.64.0"),
        )

    trust = of(accepted(pulumi_run, program), "CreateRole")["AssumeRolePolicyDocument"]
    # IAM takes trust policies of at most 2048 characters by default.
    assert len(json.dumps(json.loads(trust), separators=(",", ":"))) < 2048


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (
            Call("ec2", "CreateVolume", {"AvailabilityZone": A, "VolumeType": "gp4"}),
            "CreateVolume.VolumeType: 'gp4' is none of standard, io1, io2, gp2, sc1, st1, gp3",
        ),
        (
            Call("kms", "EnableKeyRotation", {"KeyId": "k", "RotationPeriodInDays": 89}),
            "EnableKeyRotation.RotationPeriodInDays: 89 is outside 90 to 2560",
        ),
        (
            Call("fsx", "CreateDataRepositoryAssociation", {"FileSystemId": "vol-1", "DataRepositoryPath": "s3://b"}),
            "CreateDataRepositoryAssociation.FileSystemId: length: 5 is outside 11 to 21",
        ),
        (
            Call("efs", "CreateMountTarget", {"FileSystemId": "fs-12345678"}),
            'Missing required parameter in input: "SubnetId"',
        ),
    ],
)
def test_the_models_do_refuse(call, error):
    """A check that accepts everything proves nothing."""
    assert error in refused(call)


def test_an_argument_without_a_call_is_an_error():
    with pytest.raises(AssertionError, match="aws:kms/alias:Alias: unheard not translated into a call"):
        calls("aws:kms/alias:Alias", {"name": "alias/a", "targetKeyId": "k", "unheard": 1})
