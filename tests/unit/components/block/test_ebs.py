"""A class of your own and the claim on it."""

import pulumi
import pytest

from components.aws import EbsType
from components.block.ebs import (
    EbsDriver,
    EbsStorage,
    EbsStorageArgs,
    FileSystemType,
    class_parameters,
    ebs_claim,
    performance,
)
from components.contract import AccessMode, Locks, Medium

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ZONES = ["eu-central-1a", "eu-central-1b"]


def arguments(**changes) -> EbsStorageArgs:
    return EbsStorageArgs(**{"namespace": "kotaemon", "key_arn": KEY, "zones": ZONES, **changes})


def made(pulumi_run, **changes):
    return pulumi_run(lambda: EbsStorage("disk", arguments(**changes)) and None)


def test_the_claim_is_known_before_anything_is_made():
    assert ebs_claim("disk", arguments()) == {
        "name": "disk",
        "access_mode": AccessMode.RWOP,
        "medium": Medium.BLOCK,
        "backend": "disk",
        "size_gib": 20,
        "zones": ZONES,
        "encrypted_by": "KMS, key of your own",
        "locks": Locks.ONE_NODE,
        "fs_group": True,
    }


def test_the_class(pulumi_run):
    found = made(pulumi_run).one("kubernetes:storage.k8s.io/v1:StorageClass")
    assert found.inputs["metadata"] == {"name": "kotaemon.disk"}
    assert found.inputs["provisioner"] == "ebs.csi.aws.com"
    assert found.inputs["parameters"] == {
        "type": "gp3",
        "csi.storage.k8s.io/fstype": "ext4",
        "encrypted": "true",
        "kmsKeyId": KEY,
    }
    assert found.inputs["reclaimPolicy"] == "Retain"
    assert found.inputs["volumeBindingMode"] == "WaitForFirstConsumer"
    assert found.inputs["allowVolumeExpansion"] is True
    assert found.inputs["allowedTopologies"] == [
        {"matchLabelExpressions": [{"key": "topology.kubernetes.io/zone", "values": ZONES}]}
    ]


def test_the_claim_object(pulumi_run):
    found = made(pulumi_run, size="50Gi", claim_name="data").one("kubernetes:core/v1:PersistentVolumeClaim")
    assert found.inputs["metadata"] == {"name": "data", "namespace": "kotaemon"}
    assert found.inputs["spec"] == {
        "accessModes": ["ReadWriteOncePod"],
        "resources": {"requests": {"storage": "50Gi"}},
        "storageClassName": "kotaemon.data",
    }


def test_class_and_claim_are_kept_and_parented(pulumi_run):
    run = made(pulumi_run)
    assert [r.name for r in run.registrations] == ["disk", "disk-class", "disk-claim"]
    for child in run.registrations[1:]:
        assert (child.protect, child.retain_on_delete) == (True, True)
        assert [parent.name for parent in run.parents(child)] == ["disk"]


def test_protection_can_be_lifted_but_data_stays(pulumi_run):
    run = made(pulumi_run, protect=False)
    assert {(r.protect, r.retain_on_delete) for r in run.registrations[1:]} == {(False, True)}


def test_auto_mode_keeps_to_its_own_nodes(pulumi_run):
    found = made(pulumi_run, driver=EbsDriver.AUTO_MODE).one("kubernetes:storage.k8s.io/v1:StorageClass")
    assert found.inputs["provisioner"] == "ebs.csi.eks.amazonaws.com"
    assert found.inputs["allowedTopologies"] == [
        {
            "matchLabelExpressions": [
                {"key": "topology.kubernetes.io/zone", "values": ZONES},
                {"key": "eks.amazonaws.com/compute-type", "values": ["auto"]},
            ]
        }
    ]


def test_performance_file_system_and_tags():
    args = arguments(
        size="100Gi",
        iops=6000,
        throughput=500,
        file_system=FileSystemType.XFS,
        tags={"team": "search", "app": "kotaemon"},
    )
    assert class_parameters(args) == {
        "type": "gp3",
        "iops": "6000",
        "throughput": "500",
        "csi.storage.k8s.io/fstype": "xfs",
        "encrypted": "true",
        "kmsKeyId": KEY,
        "tagSpecification_1": "app=kotaemon",
        "tagSpecification_2": "team=search",
    }


def test_whole_numbers_that_came_through_a_plugin_as_floats():
    assert performance(arguments(iops=6000.0, throughput=250.0)) == {"type": "gp3", "iops": "6000", "throughput": "250"}


def test_attributes_class(pulumi_run):
    run = made(pulumi_run, size="100Gi", kind=EbsType.IO2, iops=5000, attributes_class=True)
    attributes = run.one("kubernetes:storage.k8s.io/v1:VolumeAttributesClass")
    assert attributes.name == "disk-attributes-io2-5000"
    assert attributes.inputs["metadata"] == {"name": "kotaemon.disk.io2.5000"}
    assert attributes.inputs["driverName"] == "ebs.csi.aws.com"
    assert attributes.inputs["parameters"] == {"type": "io2", "iops": "5000"}
    claim = run.one("kubernetes:core/v1:PersistentVolumeClaim")
    assert claim.inputs["spec"]["volumeAttributesClassName"] == "kotaemon.disk.io2.5000"
    # What can change is not in the class, which cannot.
    assert "iops" not in run.one("kubernetes:storage.k8s.io/v1:StorageClass").inputs["parameters"]


def test_snapshot_class(pulumi_run):
    run = pulumi_run(lambda: {"name": EbsStorage("disk", arguments(snapshot_class=True)).snapshot_class})
    found = run.one("kubernetes:snapshot.storage.k8s.io/v1:VolumeSnapshotClass")
    assert found.inputs == {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshotClass",
        "metadata": {"name": "kotaemon.disk"},
        "driver": "ebs.csi.aws.com",
        "deletionPolicy": "Retain",
    }
    assert run.outputs["name"].value == "kotaemon.disk"


def test_zones_that_are_found_are_unknown_until_then(pulumi_run):
    def program():
        made = EbsStorage("disk", arguments(zones=pulumi.Output.from_input(ZONES)))
        assert made.claim["zones"] == []

    run = pulumi_run(program)
    topologies = run.one("kubernetes:storage.k8s.io/v1:StorageClass").inputs["allowedTopologies"]
    assert topologies[0]["matchLabelExpressions"][0]["values"] == ZONES


def test_the_whole_component_is_known_in_a_preview(pulumi_run):
    run = pulumi_run(lambda: EbsStorage("disk", arguments()) and None, preview=True)
    assert {r.name: r.unknowns for r in run.registrations if r.unknowns} == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"access_mode": AccessMode.RWX},
            "EbsStorage 'disk': access_mode: 'ReadWriteMany' is not allowed; a disk is ReadWriteOncePod or ReadWriteOnce",
        ),
        (
            {"size": "20GB"},
            "EbsStorage 'disk': size: '20GB' is not allowed; it must be a whole number of Gi or Ti, for example 100Gi",
        ),
        (
            {"iops": 16000},
            "EbsStorage 'disk': iops 16000: gp3 gives at most 500 IOPS for each GiB, 10000 at 20 GiB",
        ),
        (
            {"kind": EbsType.IO2},
            "EbsStorage 'disk': iops: missing; io2 disks have provisioned IOPS only",
        ),
        ({"tags": {"aws:a": ""}}, "EbsStorage 'disk': tags: tag 'aws:a': keys that begin with aws: belong to AWS"),
    ],
)
def test_mistakes(change, message):
    with pytest.raises(pulumi.RunError) as error:
        ebs_claim("disk", arguments(**change))
    assert str(error.value) == message
