"""EFS with dynamic provisioning: the driver's folder is in our file system, of our user, and outlives its claim."""

import json

import pulumi
import pytest

from components.contract import AccessMode, Locks, Medium
from components.file.efs_dynamic import (
    EfsDynamicStorage,
    EfsDynamicStorageArgs,
    access_points,
    class_parameters,
    efs_dynamic_claim,
    storage_class,
)
from plan.recorder import Echo

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SUBNETS = {"eu-central-1a": "subnet-0000000a", "eu-central-1b": "subnet-0000000b"}
CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
PVC = "kubernetes:core/v1:PersistentVolumeClaim"


def arguments(**changes) -> EfsDynamicStorageArgs:
    values = {
        "namespace": "kotaemon",
        "key_arn": KEY,
        "region": "eu-central-1",
        "vpc_id": "vpc-00000001",
        "subnets": SUBNETS,
        "client_security_groups": {"nodes": "sg-0000000a"},
    }
    return EfsDynamicStorageArgs(**{**values, **changes})


def made(pulumi_run, **changes):
    return pulumi_run(lambda: EfsDynamicStorage("files", arguments(**changes)) and None)


def test_the_claim_is_known_before_anything_is_made():
    assert efs_dynamic_claim("files", arguments(size="1Ti")) == {
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


def test_parameters_as_the_driver_takes_them():
    """StorageClass parameters are texts; a number would be refused by the API server."""
    assert class_parameters(arguments(uid=2000, gid=3000), "fs-12345678") == {
        "provisioningMode": "efs-ap",
        "fileSystemId": "fs-12345678",
        "basePath": "/kotaemon",
        "uid": "2000",
        "gid": "3000",
        "directoryPerms": "0750",
    }


def test_the_driver_never_chooses_an_identity():
    parameters = class_parameters(arguments(), "fs-12345678")
    assert (parameters["uid"], parameters["gid"]) == ("1001", "1001")


def test_the_folder_outlives_its_claim_and_waits_for_no_pod():
    built = storage_class(arguments(), "kotaemon.files", "fs-12345678")
    assert (built.provisioner, built.reclaim_policy, built.volume_binding_mode, built.mount_options) == (
        "efs.csi.aws.com",
        "Retain",
        "Immediate",
        None,
    )


def test_class_and_claim(pulumi_run):
    run = made(pulumi_run, claim_name="shared")
    assert run.one(CLASS).inputs["metadata"] == {"name": "kotaemon.shared"}
    assert run.one(CLASS).inputs["parameters"]["fileSystemId"] == "files-files-id"
    claim = run.one(PVC)
    assert claim.inputs["metadata"] == {"name": "shared", "namespace": "kotaemon"}
    assert claim.inputs["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "100Gi"}},
        "storageClassName": "kotaemon.shared",
    }


def test_the_driver_makes_access_point_and_volume(pulumi_run):
    run = made(pulumi_run)
    assert run.of("aws:efs/accessPoint:AccessPoint") == []
    assert run.of("kubernetes:core/v1:PersistentVolume") == []


def test_what_the_cluster_fills_in_replaces_no_claim(pulumi_run):
    assert made(pulumi_run).one(PVC).ignore_changes == ("spec.volumeName", "spec.volumeMode", "spec.resources")


@pytest.mark.parametrize("protect", [True, False])
def test_what_holds_data_is_kept(pulumi_run, protect):
    run = made(pulumi_run, protect=protect)
    guards = ("aws:efs/backupPolicy:BackupPolicy", "aws:efs/fileSystemPolicy:FileSystemPolicy")
    for type_ in ("aws:efs/fileSystem:FileSystem", *guards, CLASS, PVC):
        assert (run.one(type_).protect, run.one(type_).retain_on_delete) == (protect, True), type_


def test_the_file_system_is_that_of_the_static_way(pulumi_run):
    run = made(pulumi_run, backup=False, tags={"team": "search"})
    assert run.one("aws:efs/fileSystem:FileSystem").inputs == {
        "encrypted": True,
        "kmsKeyId": KEY,
        "performanceMode": "generalPurpose",
        "throughputMode": "elastic",
        "tags": {"team": "search", "Name": "kotaemon"},
    }
    assert run.one("aws:efs/backupPolicy:BackupPolicy").inputs["backupPolicy"] == {"status": "DISABLED"}
    targets = run.of("aws:efs/mountTarget:MountTarget")
    assert [t.inputs["subnetId"] for t in targets] == list(SUBNETS.values())


def test_the_claim_waits_for_what_it_is_mounted_through(pulumi_run):
    waits = {urn.rsplit("::", 1)[1] for urn in made(pulumi_run).one(PVC).depends_on}
    assert {"files-eu-central-1a", "files-eu-central-1b", "files-policy", "files-from-nodes-2049"} <= waits


class Provider(Echo):
    """Gives out ARNs, which the file system policy names."""

    def new_resource(self, args):
        id_, outputs = super().new_resource(args)
        if args.typ == "aws:efs/fileSystem:FileSystem":
            outputs["arn"] = f"arn:{args.name}"
        return id_, outputs


def test_only_through_access_points_and_only_with_tls(pulumi_run):
    run = pulumi_run(lambda: EfsDynamicStorage("files", arguments()) and None, resources=Provider())
    mount, tls = json.loads(run.one("aws:efs/fileSystemPolicy:FileSystemPolicy").inputs["policy"])["Statement"]
    assert mount["Resource"] == "arn:files-files"
    assert mount["Condition"] == {
        "Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"},
        "StringLike": {
            "elasticfilesystem:AccessPointArn": "arn:aws:elasticfilesystem:eu-central-1:*:access-point/*",
        },
    }
    assert (tls["Effect"], tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


@pytest.mark.parametrize(
    ("region", "pattern"),
    [
        ("cn-north-1", "arn:aws-cn:elasticfilesystem:cn-north-1:*:access-point/*"),
        ("us-gov-west-1", "arn:aws-us-gov:elasticfilesystem:us-gov-west-1:*:access-point/*"),
    ],
)
def test_access_points_of_other_partitions(region, pattern):
    assert access_points(region) == pattern


def test_everything_is_a_child(pulumi_run):
    run = made(pulumi_run)
    assert {[p.name for p in run.parents(r)][-1] for r in run.registrations[1:]} == {"files"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"subnets": {"us-east-1a": "subnet-1"}},
            "EfsDynamicStorage 'files': subnets: 'us-east-1a': is not an availability zone of region eu-central-1; they are called eu-central-1a, eu-central-1b and so on",
        ),
        (
            {"subnets": {}},
            "EfsDynamicStorage 'files': subnets: zones none: EFS needs a mount target in each zone that has pods",
        ),
        (
            {"tags": {"aws:team": "search"}},
            "EfsDynamicStorage 'files': tags: tag 'aws:team': keys that begin with aws: belong to AWS",
        ),
    ],
)
def test_mistakes(change, message):
    with pytest.raises(pulumi.RunError) as error:
        efs_dynamic_claim("files", arguments(**change))
    assert str(error.value) == message
