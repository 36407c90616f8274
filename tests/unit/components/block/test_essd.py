"""The StorageClass with the customer's key in the customer's zones, and the claim on it."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.block.essd import EssdStorage, EssdStorageArgs, attributes, essd_claim
from components.contract import AccessMode, Locks, Medium
from components.essd_rules import Disk, DiskType, PerformanceLevel, TopologyKey

KEY = "key-hzz6540example"
ZONES = ["cn-hangzhou-h", "cn-hangzhou-i"]
CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
PVC = "kubernetes:core/v1:PersistentVolumeClaim"
VAC = "kubernetes:storage.k8s.io/v1:VolumeAttributesClass"


def arguments(**changes: Any) -> EssdStorageArgs:
    return EssdStorageArgs(**{"namespace": "kotaemon", "key_id": KEY, "zones": ZONES, **changes})


def made(pulumi_run: Callable[..., Any], **changes: Any) -> Any:
    return pulumi_run(lambda: EssdStorage("disk", arguments(**changes)) and None)


def test_the_claim_is_known_before_anything_is_made() -> None:
    assert essd_claim("disk", arguments()) == {
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


def test_a_regional_disk_is_in_no_zone_and_is_held_to_none(pulumi_run: Callable[..., Any]) -> None:
    assert essd_claim("disk", arguments(types=[DiskType.REGIONAL], zones=[]))["zones"] == []
    found = made(pulumi_run, types=[DiskType.REGIONAL]).one(CLASS).inputs
    assert found["parameters"]["type"] == "cloud_regional_disk_auto"
    assert "allowedTopologies" not in found


def test_the_class(pulumi_run: Callable[..., Any]) -> None:
    assert made(pulumi_run).one(CLASS).inputs == {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "kotaemon.disk"},
        "provisioner": "diskplugin.csi.alibabacloud.com",
        "parameters": {
            "type": "cloud_auto,cloud_essd",
            "csi.storage.k8s.io/fstype": "ext4",
            "encrypted": "true",
            "kmsKeyId": KEY,
        },
        "reclaimPolicy": "Retain",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
        "mountOptions": ["noatime"],
        "allowedTopologies": [{"matchLabelExpressions": [{"key": "topology.kubernetes.io/zone", "values": ZONES}]}],
    }


@pytest.mark.parametrize(
    ("changes", "parameters"),
    [
        (
            {"types": [DiskType.ESSD], "performance_level": PerformanceLevel.PL0},
            {"type": "cloud_essd", "performanceLevel": "PL0"},
        ),
        (
            {"types": [DiskType.AUTO], "provisioned_iops": 5000, "bursting": True},
            {"type": "cloud_auto", "provisionedIops": "5000", "burstingEnabled": "true"},
        ),
        ({"resource_group_id": "rg-acfmexample"}, {"resourceGroupId": "rg-acfmexample"}),
        ({"tags": {"app": "kotaemon", "cost": "rag"}}, {"diskTags/app": "kotaemon", "diskTags/cost": "rag"}),
    ],
)
def test_parameters(pulumi_run: Callable[..., Any], changes: dict[str, Any], parameters: dict[str, str]) -> None:
    found = made(pulumi_run, **changes).one(CLASS).inputs["parameters"]
    assert {key: found.get(key) for key in parameters} == parameters
    assert (found["encrypted"], found["kmsKeyId"]) == ("true", KEY)
    assert "zoneId" not in found


def test_the_private_topology_key_by_choice(pulumi_run: Callable[..., Any]) -> None:
    found = made(pulumi_run, topology_key=TopologyKey.PRIVATE).one(CLASS).inputs["allowedTopologies"]
    assert found[0]["matchLabelExpressions"][0]["key"] == "topology.diskplugin.csi.alibabacloud.com/zone"


def test_the_claim_object(pulumi_run: Callable[..., Any]) -> None:
    run = made(pulumi_run, size="1Ti", claim_name="data", access_mode=AccessMode.RWO)
    claim = run.one(PVC)
    assert claim.inputs["metadata"] == {"name": "data", "namespace": "kotaemon"}
    assert claim.inputs["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1024Gi"}},
        "storageClassName": "kotaemon.data",
    }
    assert run.one(CLASS).urn in claim.depends_on  # Pulumi has to find the class, or it waits for Bound


@pytest.mark.parametrize("protect", [True, False])
def test_class_and_claim_are_kept_and_parented(pulumi_run: Callable[..., Any], protect: bool) -> None:
    run = made(pulumi_run, protect=protect)
    assert [r.name for r in run.registrations] == ["disk", "disk-class", "disk-claim"]
    for child in run.registrations[1:]:
        assert (child.protect, child.retain_on_delete) == (protect, True)
        assert [parent.name for parent in run.parents(child)] == ["disk"]


def test_performance_that_can_change_stands_in_a_class_of_its_own(pulumi_run: Callable[..., Any]) -> None:
    run = made(pulumi_run, types=[DiskType.AUTO], provisioned_iops=5000, attributes_class=True)
    assert "provisionedIops" not in run.one(CLASS).inputs["parameters"]
    name = "kotaemon.disk.type-cloud-auto.provisionediops-5000.burstingenabled-false"
    found = run.one(VAC).inputs
    assert found["metadata"] == {"name": name}
    assert found["driverName"] == "diskplugin.csi.alibabacloud.com"
    assert found["parameters"] == {"type": "cloud_auto", "provisionedIops": "5000", "burstingEnabled": "false"}
    assert run.one(PVC).inputs["spec"]["volumeAttributesClassName"] == name


@pytest.mark.parametrize(
    ("disk", "expected"),
    [
        (Disk(20, [DiskType.ESSD]), {"type": "cloud_essd", "performanceLevel": "PL1"}),
        (Disk(20, [DiskType.AUTO]), {"type": "cloud_auto", "provisionedIops": "0", "burstingEnabled": "false"}),
        (Disk(20, [DiskType.REGIONAL]), {"type": "cloud_regional_disk_auto"}),
    ],
)
def test_an_attributes_class_takes_back_what_is_no_longer_wanted(disk: Disk, expected: dict[str, str]) -> None:
    assert attributes(disk) == expected


def test_snapshots_outlive_their_objects(pulumi_run: Callable[..., Any]) -> None:
    found = made(pulumi_run, snapshot_class=True).one("kubernetes:snapshot.storage.k8s.io/v1:VolumeSnapshotClass")
    assert found.inputs == {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshotClass",
        "metadata": {"name": "kotaemon.disk"},
        "driver": "diskplugin.csi.alibabacloud.com",
        "deletionPolicy": "Retain",
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": "20GB"}, "EssdStorage 'disk': size: '20GB' is not allowed; it must be a whole number of Gi or Ti"),
        ({"size": "10Gi"}, "EssdStorage 'disk': cloud_essd PL1 has 20 to 65536 GiB; the claim has 10 GiB"),
        ({"zones": []}, "EssdStorage 'disk': zones: at least one zone of the cluster's nodes is needed"),
        (
            {"access_mode": AccessMode.RWX},
            "EssdStorage 'disk': access_mode: 'ReadWriteMany' is not allowed; a disk is ReadWriteOncePod or ReadWriteOnce",
        ),
        ({"attributes_class": True}, "EssdStorage 'disk': attributes_class: with exactly one type; "),
        ({"tags": {"acs:x": "y"}}, "EssdStorage 'disk': tag 'acs:x': keys that begin with aliyun or acs: belong to "),
    ],
)
def test_wrong_arguments(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        essd_claim("disk", arguments(**changes))
    assert str(refused.value).startswith(message)


def test_a_key_that_is_made_by_the_same_run(pulumi_run: Callable[..., Any]) -> None:
    def program() -> None:
        key: pulumi.Output[str] = pulumi.Output.from_input(KEY)
        EssdStorage("disk", arguments(key_id=key, attributes_class=True, types=[DiskType.ESSD], snapshot_class=True))

    for preview in (True, False):
        assert pulumi_run(program, preview=preview).one(CLASS).inputs["parameters"]["kmsKeyId"] == KEY
