"""Each refusal of the stand-ins: a call that the cloud refuses, the call beside it that it takes, and what our stacks ask."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from plan.recorder import run_program
from stacks import program
from tests.engine.effects.fields import STACKS
from tests.engine.examples.provider import Provider
from tests.engine.examples.refusals import RULES, refused
from tests.engine.examples.rule import Asked
from tests.engine.examples.test_provider import Refused, create
from tests.unit.stacks.platforms.test_alicloud import Account as Alicloud
from tests.unit.stacks.platforms.test_alicloud_settings import config
from tests.unit.stacks.platforms.test_aws import Account as Aws

AWS, ALI = "aws:{}".format, "alicloud:{}".format
FILES = ("aws:efs/fileSystem:FileSystem", "fs-1", {"availabilityZoneName": "eu-central-1a"})
LINKED = ("aws:fsx/lustreFileSystem:LustreFileSystem", "fs-2", {"automaticBackupRetentionDays": 7})
PLAIN = ("aws:fsx/lustreFileSystem:LustreFileSystem", "fs-3", {"automaticBackupRetentionDays": 0})
LINK = (
    "aws:fsx/dataRepositoryAssociation:DataRepositoryAssociation",
    "dra-1",
    {"fileSystemId": "fs-3", "fileSystemPath": "/a"},
)
ZFS = {"deploymentType": "MULTI_AZ_1", "subnetIds": ["subnet-a", "subnet-b"], "preferredSubnetId": "subnet-a"}
RULE = {"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 2049, "toPort": 2049, "cidrIpv4": "10.0.0.0/16"}
ROOT = '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "kms:*"}]}'
SERVICE = '{"Statement": [{"Effect": "Allow", "Principal": {"Service": "rds.amazonaws.com"}, "Action": "kms:*"}]}'
DEFAULT = ("alicloud:kms/key:Key", "key-1", {})
GROUP = ("alicloud:nas/accessGroup:AccessGroup", "g", {"accessGroupName": "g", "fileSystemType": "standard"})
NAS = ("alicloud:nas/fileSystem:FileSystem", "31a8e4", {"fileSystemType": "standard"})
NAS_INPUTS = {"fileSystemType": "standard", "storageType": "Performance", "zoneId": "cn-hangzhou-k", "encryptType": 1}
RDS = {
    "encryptionKey": "key-1",
    "instanceType": "pg.x4.medium.2c",
    "vswitchId": "vsw-h,vsw-i",
    "zoneId": "cn-hangzhou-h",
    "zoneIdSlaveA": "cn-hangzhou-i",
}


@dataclass(frozen=True)
class Case:
    """A call that is taken, and what makes the cloud refuse it."""

    type: str
    taken: Mapping[str, Any]
    wrong: Mapping[str, Any]
    words: str
    there: tuple[tuple[str, str, Mapping[str, Any]], ...] = field(default=())


def target(subnet: str) -> tuple[str, str, Mapping[str, Any]]:
    return "aws:efs/mountTarget:MountTarget", subnet, {"fileSystemId": "fs-9", "subnetId": subnet}


CASES = [
    Case(AWS("efs/mountTarget:MountTarget"), {"fileSystemId": "fs-9", "subnetId": "subnet-1b"}, {"subnetId": "subnet-2a"}, "MountTargetConflict", (target("subnet-1a"),)),
    Case(AWS("efs/mountTarget:MountTarget"), {"fileSystemId": "fs-1", "subnetId": "subnet-1a"}, {"subnetId": "subnet-1b"}, "AvailabilityZonesMismatch", (FILES,)),
    Case(AWS("fsx/openZfsFileSystem:OpenZfsFileSystem"), ZFS, {"subnetIds": ["subnet-a"]}, "MULTI_AZ_1 with subnets"),
    Case(AWS("fsx/openZfsFileSystem:OpenZfsFileSystem"), ZFS, {"subnetIds": ["subnet-1a", "subnet-2a"]}, "MULTI_AZ_1 with subnets"),
    Case(AWS("fsx/openZfsFileSystem:OpenZfsFileSystem"), ZFS, {"preferredSubnetId": None}, "needs a preferred subnet"),
    Case(AWS("fsx/openZfsFileSystem:OpenZfsFileSystem"), {"deploymentType": "SINGLE_AZ_2", "subnetIds": ["subnet-a"]}, {"routeTableIds": ["rtb-1"]}, "are for MULTI_AZ_1"),
    Case(AWS("fsx/lustreFileSystem:LustreFileSystem"), {"storageCapacity": 4800}, {"storageCapacity": 3600}, "storage capacity 3600"),
    Case(AWS("fsx/dataRepositoryAssociation:DataRepositoryAssociation"), {"fileSystemId": "fs-3", "fileSystemPath": "/b"}, {"fileSystemPath": "/a"}, "/a has an association", (PLAIN, LINK)),
    Case(AWS("fsx/dataRepositoryAssociation:DataRepositoryAssociation"), {"fileSystemId": "fs-3", "fileSystemPath": "/b"}, {"fileSystemId": "fs-2"}, "has no backups", (PLAIN, LINKED)),
    Case(AWS("ebs/volume:Volume"), {"type": "io2", "size": 10, "iops": 4000}, {"iops": None}, "io2 needs iops"),
    Case(AWS("ebs/volume:Volume"), {"type": "gp3", "size": 10, "throughput": 750}, {"throughput": 1000}, "throughput 1000"),
    Case(AWS("ebs/volume:Volume"), {"type": "gp3", "size": 10, "iops": 5000}, {"iops": 5001}, "5001 IOPS for 10 GiB"),
    Case(AWS("rds/instance:Instance"), {"identifier": "kotaemon-1"}, {"identifier": "kotaemon-"}, "identifier 'kotaemon-'"),
    Case(AWS("rds/instance:Instance"), {"finalSnapshotIdentifier": "kotaemon-final"}, {"finalSnapshotIdentifier": "kotaemon--final"}, "finalSnapshotIdentifier"),
    Case(AWS("rds/instance:Instance"), {"password": "longEnough"}, {"password": "with@sign"}, "password"),
    Case(AWS("rds/instance:Instance"), {"username": "kotaemon"}, {"username": "admin"}, "username 'admin'"),
    Case(AWS("rds/instance:Instance"), {"allocatedStorage": 100, "maxAllocatedStorage": 110}, {"maxAllocatedStorage": 109}, "max 109 for 100"),
    Case(AWS("rds/subnetGroup:SubnetGroup"), {"subnetIds": ["subnet-a", "subnet-b"]}, {"subnetIds": ["subnet-1a", "subnet-2a"]}, "DBSubnetGroupDoesNotCoverEnoughAZs"),
    Case(AWS("ec2/securityGroup:SecurityGroup"), {"description": "NFS of the nodes"}, {"description": "NFS for \u201cnodes\u201d"}, "description"),
    Case(AWS("vpc/securityGroupIngressRule:SecurityGroupIngressRule"), RULE, {"toPort": 2050}, "InvalidPermission.Duplicate", (("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "sgr-1", {**RULE, "toPort": 2050}),)),
    Case(AWS("vpc/securityGroupEgressRule:SecurityGroupEgressRule"), RULE, {"toPort": 2050}, "InvalidPermission.Duplicate", (("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "sgr-1", {**RULE, "toPort": 2050}),)),
    Case(AWS("kms/key:Key"), {"policy": ROOT}, {"policy": SERVICE}, "nobody could change it"),
    Case(AWS("kms/alias:Alias"), {"name": "alias/kotaemon-prod"}, {"name": "alias/aws/kotaemon"}, "InvalidAliasName"),
    Case(AWS("s3/bucket:Bucket"), {"bucket": "acme-kotaemon"}, {"bucket": "acme_kotaemon"}, "InvalidBucketName"),
    Case(AWS("backup/vaultLockConfiguration:VaultLockConfiguration"), {"minRetentionDays": 1}, {"maxRetentionDays": 0.5}, "kept 1 to 0.5 days"),
    Case(AWS("backup/vaultLockConfiguration:VaultLockConfiguration"), {"minRetentionDays": 1, "changeableForDays": 3}, {"changeableForDays": 2}, "changed for 2 days"),
    Case(AWS("eks/addon:Addon"), {"addonName": "aws-efs-csi-driver", "podIdentityAssociations": [{"serviceAccount": "efs-csi-controller-sa"}]}, {"podIdentityAssociations": [{"serviceAccount": "efs-csi-node-sa"}]}, "efs-csi-controller-sa only"),
    Case(ALI("kms/key:Key"), {"dkmsInstanceId": "kst-1"}, {"dkmsInstanceId": None}, "one default key", (DEFAULT,)),
    Case(ALI("kms/key:Key"), {"rotationInterval": "365d"}, {"rotationInterval": "90d"}, "rotates every 365 days"),
    Case(ALI("kms/alias:Alias"), {"aliasName": "alias/kotaemon"}, {"aliasName": "alias/acs/x"}, "Rejected.InvalidAlias"),
    Case(ALI("ecs/ecsDisk:EcsDisk"), {"category": "cloud_essd", "performanceLevel": "PL2", "size": 461}, {"size": 460}, "460 GiB, least 461"),
    Case(ALI("ecs/ecsDisk:EcsDisk"), {"category": "cloud_essd", "size": 20}, {"size": 19}, "19 GiB, least 20"),
    Case(ALI("ecs/ecsDisk:EcsDisk"), {"category": "cloud_auto", "size": 20}, {"category": "cloud_regional_disk_auto"}, "expected category"),
    Case(ALI("nas/fileSystem:FileSystem"), NAS_INPUTS, {"storageType": "Capacity"}, "Capacity in cn-hangzhou-k"),
    Case(ALI("nas/fileSystem:FileSystem"), {**NAS_INPUTS, "fileSystemType": "extreme", "capacity": 100}, {"capacity": None}, "MissingCapacity"),
    Case(ALI("nas/fileSystem:FileSystem"), NAS_INPUTS, {"kmsKeyId": "key-1"}, "InvalidEncryptType: 1 with key 'key-1'"),
    Case(ALI("nas/accessGroup:AccessGroup"), {"accessGroupName": "kotaemon-prod"}, {"accessGroupName": "k" * 65}, "InvalidAccessGroupName"),
    Case(ALI("nas/mountTarget:MountTarget"), {"accessGroupName": "g", "fileSystemId": "31a8e4"}, {"accessGroupName": "other"}, "InvalidAccessGroup.NotFound", (GROUP, NAS)),
    Case(ALI("hbr/vault:Vault"), {"vaultName": "v" * 64}, {"vaultName": "v" * 65}, "InvalidVaultName"),
    Case(ALI("rds/instance:Instance"), RDS, {"encryptionKey": "ServiceKey"}, "with the id of a key only"),
    Case(ALI("rds/instance:Instance"), RDS, {"instanceType": "pg.n2.2c.2m"}, "only dedicated types"),
    Case(ALI("rds/instance:Instance"), RDS, {"zoneIdSlaveA": "cn-hangzhou-h"}, "InvalidVSwitchId"),
    Case(ALI("rds/backupPolicy:BackupPolicy"), {"backupRetentionPeriod": 14, "logBackupRetentionPeriod": 14}, {"logBackupRetentionPeriod": 15}, "no longer than backups"),
    Case(ALI("rds/rdsAccount:RdsAccount"), {"accountName": "kotaemon"}, {"accountName": "Kotaemon"}, "InvalidAccountName"),
    Case(ALI("oss/bucket:Bucket"), {"bucket": "acme-kotaemon"}, {"bucket": "acme.kotaemon"}, "InvalidBucketName"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.type.partition(':')[2]}-{case.words[:30]}")
def test_each_rule_refuses_what_the_cloud_refuses_and_nothing_beside_it(case: Case) -> None:
    assert refused(case.type, case.taken, case.there) == ""
    assert case.words in refused(case.type, {**case.taken, **case.wrong}, case.there)


def test_every_rule_has_a_case_and_a_source() -> None:
    idle = [
        rule.source
        for rule in RULES
        if not any(rule.refused(Asked({**c.taken, **c.wrong}, c.there)) for c in CASES if c.type == rule.type)
    ]
    assert idle == []
    assert all(rule.source for rule in RULES)


def test_a_stand_in_asks_the_rules(tmp_path: Path) -> None:
    provider = Provider(tmp_path / "calls.jsonl", tmp_path / "kubeconfig", "1.0.0")
    create(provider, "aws:efs/mountTarget:MountTarget", "one", fileSystemId="fs-1", subnetId="subnet-1a")
    with pytest.raises(Refused, match="two: MountTargetConflict"):
        create(provider, "aws:efs/mountTarget:MountTarget", "two", fileSystemId="fs-1", subnetId="subnet-2a")


class WithImage(Aws):
    """An account that knows Debian's newest image."""

    def getAmi(self, _: Any) -> Any:
        return {"id": "ami-0123456789abcdef0"}


CLOUDS = {"aws": WithImage, "alicloud": Alicloud}


@pytest.mark.parametrize("name", [name for name, stack in STACKS.items() if stack.platform.value in CLOUDS])
def test_what_our_stacks_ask_is_refused_by_none(name: str) -> None:
    stack = STACKS[name]
    account = CLOUDS[stack.platform.value]()
    made = run_program(program.run, account, config=config(stack.settings), stack="prod")
    there: list[tuple[str, str, Mapping[str, Any]]] = []
    for one in made.registrations:
        if one.type.startswith(tuple(f"{cloud}:" for cloud in CLOUDS)):
            assert refused(one.type, one.inputs, there) == "", one.name
            there.append((one.type, f"{one.name}-id", one.inputs))
    assert len(there) > 10
