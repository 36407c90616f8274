"""Lustre: rules before the file system, our key, real locks, buckets as folders."""

import pulumi
import pytest

from components.contract import AccessMode, Locks, Medium
from components.file.lustre import LustreStorage, LustreStorageArgs, lustre_claim
from plan.recorder import Echo

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
FILE_SYSTEM = "aws:fsx/lustreFileSystem:LustreFileSystem"
LINK = "aws:fsx/dataRepositoryAssociation:DataRepositoryAssociation"
OWNERS: tuple[dict[str, bool], ...] = ({}, {"node_group_rules": False})


class Provider(Echo):
    """Gives the file system its names."""

    def new_resource(self, args):
        id_, outputs = super().new_resource(args)
        if args.typ == FILE_SYSTEM:
            outputs |= {"dnsName": "fs-1.fsx.eu-central-1.amazonaws.com", "mountName": "abcdefgh"}
        return id_, outputs


def arguments(**changes) -> LustreStorageArgs:
    values = {
        "namespace": "kotaemon",
        "key_arn": KEY,
        "region": "eu-central-1",
        "vpc_id": "vpc-00000001",
        "zone": "eu-central-1a",
        "subnet": "subnet-0000000a",
        "client_security_groups": {"nodes": "sg-0000000a"},
    }
    return LustreStorageArgs(**{**values, **changes})


def made(pulumi_run, **changes):
    return pulumi_run(lambda: LustreStorage("models", arguments(**changes)) and None, resources=Provider())


def test_the_claim_is_known_before_anything_is_made():
    assert lustre_claim("models", arguments()) == {
        "name": "models",
        "access_mode": AccessMode.RWX,
        "medium": Medium.FILE,
        "backend": "lustre",
        "size_gib": 1200,
        "zones": [],
        "encrypted_by": "KMS, key of your own",
        "locks": Locks.SHARED,
        "fs_group": False,
    }


def test_the_file_system(pulumi_run):
    files = made(pulumi_run).one(FILE_SYSTEM)
    assert files.inputs == {
        "deploymentType": "PERSISTENT_2",
        "storageType": "SSD",
        "storageCapacity": 1200,
        "perUnitStorageThroughput": 125,
        "fileSystemTypeVersion": "2.15",
        "metadataConfiguration": {"mode": "AUTOMATIC"},
        "dataCompressionType": "LZ4",
        "kmsKeyId": KEY,
        "subnetIds": "subnet-0000000a",
        "securityGroupIds": ["models-group-id"],
        "automaticBackupRetentionDays": 7,
        "copyTagsToBackups": True,
        "skipFinalBackup": False,
        "tags": {"Name": "kotaemon"},
    }
    assert (files.protect, files.retain_on_delete) == (True, True)


def test_what_the_kept_one_is_in_is_kept_too(pulumi_run):
    """AWS refuses to delete a group that is in use."""
    used = [r for r in made(pulumi_run).registrations if r.type.startswith("aws:")]
    assert "aws:ec2/securityGroup:SecurityGroup" in {r.type for r in used}
    kept = [r for r in used if "Rule" not in r.type]
    assert {r.retain_on_delete for r in kept} == {True}


def test_its_rules_stay_as_long_as_it_does(pulumi_run):
    """Made before it, so the engine deletes none while it is protected; a rule whose client leaves is deleted."""
    run = made(pulumi_run)
    rules = {r.urn for r in run.registrations if "Rule" in r.type}
    assert rules
    assert rules <= set(run.one(FILE_SYSTEM).depends_on)
    assert not [r for r in run.registrations if r.urn in rules and (r.protect or r.retain_on_delete)]
    forgotten = made(pulumi_run, protect=False)
    assert all(r.retain_on_delete for r in forgotten.registrations if "Rule" in r.type)


def test_metadata_iops(pulumi_run):
    files = made(pulumi_run, metadata_iops=12000).one(FILE_SYSTEM)
    assert files.inputs["metadataConfiguration"] == {"mode": "USER_PROVISIONED", "iops": 12000}


def test_both_port_ranges_in_both_directions_before_the_file_system(pulumi_run):
    run = made(pulumi_run)
    ingress = run.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    egress = run.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    assert {(r.inputs["fromPort"], r.inputs["toPort"]) for r in [*ingress, *egress]} == {(988, 988), (1018, 1023)}
    assert sorted(r.name for r in ingress) == [
        "models-from-itself-1018-1023",
        "models-from-itself-988",
        "models-from-nodes-1018-1023",
        "models-from-nodes-988",
        "models-into-nodes-1018-1023",
        "models-into-nodes-988",
    ]
    itself = run.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "models-from-itself-988").inputs
    assert itself["securityGroupId"] == itself["referencedSecurityGroupId"] == "models-group-id"
    into = run.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "models-into-nodes-988").inputs
    assert (into["securityGroupId"], into["referencedSecurityGroupId"]) == ("sg-0000000a", "models-group-id")
    waits = {urn.rsplit("::", 1)[1] for urn in run.one(FILE_SYSTEM).depends_on}
    assert {r.name for r in [*ingress, *egress]} <= waits


def test_the_volume(pulumi_run):
    run = made(pulumi_run)
    assert run.one("kubernetes:core/v1:PersistentVolume").inputs["spec"] == {
        "capacity": {"storage": "1200Gi"},
        "accessModes": ["ReadWriteMany"],
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "",
        "volumeMode": "Filesystem",
        "claimRef": {"namespace": "kotaemon", "name": "models"},
        "mountOptions": ["flock", "noatime"],
        "csi": {
            "driver": "fsx.csi.aws.com",
            "volumeHandle": "models-files-id",
            "volumeAttributes": {"dnsname": "fs-1.fsx.eu-central-1.amazonaws.com", "mountname": "abcdefgh"},
        },
    }


def test_a_bucket_as_a_folder(pulumi_run):
    run = made(pulumi_run, s3_links=[{"path": "/models", "bucket_path": "s3://weights/prod"}])
    assert run.one(LINK).inputs == {
        "fileSystemId": "models-files-id",
        "fileSystemPath": "/models",
        "dataRepositoryPath": "s3://weights/prod",
        "batchImportMetaDataOnCreate": True,
        "deleteDataInFilesystem": False,
        "s3": {"autoImportPolicy": {"events": ["NEW", "CHANGED", "DELETED"]}},
        "tags": {},
    }
    files = run.one(FILE_SYSTEM).inputs
    # FSx makes no backups of a linked file system.
    assert (files["automaticBackupRetentionDays"], files["skipFinalBackup"]) == (0, True)


def test_a_bucket_that_is_written_back(pulumi_run):
    run = made(pulumi_run, s3_links=[{"path": "/models", "bucket_path": "s3://weights", "write_back": True}])
    assert run.one(LINK).inputs["s3"]["autoExportPolicy"] == {"events": ["NEW", "CHANGED", "DELETED"]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"size": "1300Gi"},
            "LustreStorage 'models': size 1300 GiB: FSx for Lustre on SSD has 1200, 2400 and multiples of 2400 GiB; the next one is 2400Gi",
        ),
        (
            {"throughput": 300},
            "LustreStorage 'models': throughput 300 MB/s per TiB: PERSISTENT_2 has 125, 250, 500, 1000",
        ),
        (
            {"region": "cn-north-1", "zone": "cn-north-1a"},
            "LustreStorage 'models': region cn-north-1: this Lustre file system needs server version 2.15, which China regions do not have",
        ),
        (
            {"zone": "us-east-1a"},
            "LustreStorage 'models': zone 'us-east-1a': is not an availability zone of region eu-central-1; they are called eu-central-1a, eu-central-1b and so on",
        ),
        (
            {"s3_links": [{"path": "/", "bucket_path": "s3://weights"}]},
            "LustreStorage 'models': s3_links: path '/': must be an absolute folder, for example /models; not the root, which other roles live in",
        ),
        (
            {"s3_links": [{"path": "/m", "bucket_path": "s3://weights"}], "backup_days": 7},
            "LustreStorage 'models': backup_days: 7: FSx makes no backups of a file system that is linked to S3; version the bucket instead",
        ),
    ],
)
def test_mistakes(change, message):
    with pytest.raises(pulumi.RunError) as error:
        lustre_claim("models", arguments(**change))
    assert str(error.value) == message


def test_the_nodes_own_group_is_left_alone_where_another_program_owns_it(pulumi_run):
    """Every other rule is in the group of the file system, and is there as before."""
    all_rules, ours = (
        {r.name for r in made(pulumi_run, **asked).registrations if "Rule" in r.type} for asked in OWNERS
    )
    assert all_rules - ours == {"models-into-nodes-988", "models-into-nodes-1018-1023"}
    assert ours - all_rules == set()
