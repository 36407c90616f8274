"""EFS: encrypted with our key, mounted with TLS through one access point, from the nodes only."""

import json

import pulumi
import pytest

from components.contract import AccessMode, Locks, Medium
from components.file.efs import EfsStorage, EfsStorageArgs, efs_claim
from plan.recorder import Echo

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SUBNETS = {"eu-central-1a": "subnet-0000000a", "eu-central-1b": "subnet-0000000b"}


def arguments(**changes) -> EfsStorageArgs:
    values = {
        "namespace": "kotaemon",
        "key_arn": KEY,
        "region": "eu-central-1",
        "vpc_id": "vpc-00000001",
        "subnets": SUBNETS,
        "client_security_groups": {"nodes": "sg-0000000a"},
    }
    return EfsStorageArgs(**{**values, **changes})


def made(pulumi_run, **changes):
    return pulumi_run(lambda: EfsStorage("files", arguments(**changes)) and None)


def test_the_claim_is_known_before_anything_is_made():
    assert efs_claim("files", arguments(size="1Ti")) == {
        "name": "files",
        "access_mode": AccessMode.RWX,
        "medium": Medium.FILE,
        "backend": "efs",
        "size_gib": 1024,
        "zones": list(SUBNETS),
        "encrypted_by": "KMS, key of your own",
        "locks": Locks.SHARED,
        "fs_group": False,
    }


def test_the_file_system(pulumi_run):
    files = made(pulumi_run, tags={"team": "search"}).one("aws:efs/fileSystem:FileSystem")
    assert files.inputs == {
        "encrypted": True,
        "kmsKeyId": KEY,
        "performanceMode": "generalPurpose",
        "throughputMode": "elastic",
        "tags": {"team": "search", "Name": "kotaemon"},
    }
    assert (files.protect, files.retain_on_delete) == (True, True)


def test_one_identity_for_every_access(pulumi_run):
    point = made(pulumi_run, uid=2000, gid=3000).one("aws:efs/accessPoint:AccessPoint")
    assert point.inputs["posixUser"] == {"uid": 2000, "gid": 3000}
    assert point.inputs["rootDirectory"] == {
        "path": "/kotaemon",
        "creationInfo": {"ownerUid": 2000, "ownerGid": 3000, "permissions": "0770"},
    }
    assert (point.protect, point.retain_on_delete) == (True, True)


def test_a_mount_target_in_each_zone(pulumi_run):
    run = made(pulumi_run)
    targets = run.of("aws:efs/mountTarget:MountTarget")
    assert [(t.name, t.inputs["subnetId"]) for t in targets] == [
        ("files-eu-central-1a", "subnet-0000000a"),
        ("files-eu-central-1b", "subnet-0000000b"),
    ]
    assert {tuple(t.inputs["securityGroups"]) for t in targets} == {("files-group-id",)}


def test_only_the_nodes_reach_it_and_only_nfs(pulumi_run):
    run = made(pulumi_run)
    assert run.one("aws:ec2/securityGroup:SecurityGroup").inputs["vpcId"] == "vpc-00000001"
    rule = run.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert rule.inputs == {
        "securityGroupId": "files-group-id",
        "referencedSecurityGroupId": "sg-0000000a",
        "ipProtocol": "tcp",
        "fromPort": 2049,
        "toPort": 2049,
    }
    assert run.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") == []


class Provider(Echo):
    """Gives out ARNs, which the file system policy names."""

    def new_resource(self, args):
        id_, outputs = super().new_resource(args)
        if args.typ in ("aws:efs/fileSystem:FileSystem", "aws:efs/accessPoint:AccessPoint"):
            outputs["arn"] = f"arn:{args.name}"
        return id_, outputs


def test_the_policy_statement_by_statement(pulumi_run):
    run = pulumi_run(lambda: EfsStorage("files", arguments()) and None, resources=Provider())
    policy = json.loads(run.one("aws:efs/fileSystemPolicy:FileSystemPolicy").inputs["policy"])
    mount, tls = policy["Statement"]
    assert mount == {
        "Sid": "MountThroughTheAccessPoint",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
        "Resource": "arn:files-files",
        "Condition": {
            "Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"},
            "StringEquals": {"elasticfilesystem:AccessPointArn": "arn:files-point"},
        },
    }
    assert (tls["Effect"], tls["Action"], tls["Condition"]) == (
        "Deny",
        "*",
        {"Bool": {"aws:SecureTransport": "false"}},
    )
    assert "elasticfilesystem:ClientRootAccess" not in json.dumps(policy)


def test_the_volume_waits_for_what_it_is_mounted_through(pulumi_run):
    run = made(pulumi_run)
    volume = run.one("kubernetes:core/v1:PersistentVolume")
    assert volume.inputs["spec"]["csi"] == {
        "driver": "efs.csi.aws.com",
        "volumeHandle": "files-files-id::files-point-id",
        "volumeAttributes": {"encryptInTransit": "true"},
    }
    waits = {urn.rsplit("::", 1)[1] for urn in volume.depends_on}
    assert {"files-eu-central-1a", "files-eu-central-1b", "files-policy", "files-from-nodes-2049"} <= waits


def test_pods_stay_in_zones_with_a_mount_target(pulumi_run):
    spec = made(pulumi_run).one("kubernetes:core/v1:PersistentVolume").inputs["spec"]
    terms = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert terms[0]["matchExpressions"][0]["values"] == list(SUBNETS)
    assert spec["claimRef"] == {"namespace": "kotaemon", "name": "files"}


@pytest.mark.parametrize(("backup", "status"), [(True, "ENABLED"), (False, "DISABLED")])
def test_backup(pulumi_run, backup, status):
    policy = made(pulumi_run, backup=backup).one("aws:efs/backupPolicy:BackupPolicy")
    assert policy.inputs["backupPolicy"] == {"status": status}


def test_one_zone(pulumi_run):
    run = made(pulumi_run, one_zone=True, subnets={"eu-central-1a": "subnet-0000000a"})
    assert run.one("aws:efs/fileSystem:FileSystem").inputs["availabilityZoneName"] == "eu-central-1a"
    assert len(run.of("aws:efs/mountTarget:MountTarget")) == 1


def test_everything_is_a_child(pulumi_run):
    run = made(pulumi_run)
    assert {[p.name for p in run.parents(r)][-1] for r in run.registrations[1:]} == {"files"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"one_zone": True},
            "EfsStorage 'files': subnets: zones eu-central-1a, eu-central-1b: EFS One Zone is in exactly one zone and has one mount target",
        ),
        (
            {"subnets": {"us-east-1a": "subnet-1"}},
            "EfsStorage 'files': subnets: 'us-east-1a': is not an availability zone of region eu-central-1; they are called eu-central-1a, eu-central-1b and so on",
        ),
        (
            {"subnets": {}},
            "EfsStorage 'files': subnets: zones none: EFS needs a mount target in each zone that has pods",
        ),
    ],
)
def test_mistakes(change, message):
    with pytest.raises(pulumi.RunError) as error:
        efs_claim("files", arguments(**change))
    assert str(error.value) == message
