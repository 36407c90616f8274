"""A disk of the stack's own: zone, key, snapshots, and the volume on it."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.block.ecs_disk import EcsDiskStorage, EcsDiskStorageArgs, ecs_disk_claim
from components.contract import AccessMode, Locks, Medium
from components.essd_rules import DiskType, PerformanceLevel

KEY = "key-hzz6540example"
DISK = "alicloud:ecs/ecsDisk:EcsDisk"
POLICY = "alicloud:ecs/autoSnapshotPolicy:AutoSnapshotPolicy"
ATTACHED = "alicloud:ecs/ecsAutoSnapshotPolicyAttachment:EcsAutoSnapshotPolicyAttachment"
PV = "kubernetes:core/v1:PersistentVolume"
PVC = "kubernetes:core/v1:PersistentVolumeClaim"


def arguments(**changes: Any) -> EcsDiskStorageArgs:
    fixed = {"namespace": "kotaemon", "cloud_name": "kotaemon-prod", "key_id": KEY, "zone": "cn-hangzhou-h"}
    return EcsDiskStorageArgs(**{**fixed, **changes})


def made(pulumi_run: Callable[..., Any], **changes: Any) -> Any:
    return pulumi_run(lambda: {"id": EcsDiskStorage("disk", arguments(**changes)).disk_id})


def test_the_claim_is_known_before_anything_is_made() -> None:
    assert ecs_disk_claim("disk", arguments()) == {
        "name": "disk",
        "access_mode": AccessMode.RWOP,
        "medium": Medium.BLOCK,
        "backend": "disk",
        "size_gib": 20,
        "zones": ["cn-hangzhou-h"],
        "encrypted_by": "KMS, key of your own",
        "locks": Locks.ONE_NODE,
        "fs_group": True,
    }


def test_the_disk(pulumi_run: Callable[..., Any]) -> None:
    run = made(pulumi_run, tags={"app": "kotaemon"}, resource_group_id="rg-acfmexample")
    assert run.one(DISK).inputs == {
        "diskName": "kotaemon-prod-disk",
        "zoneId": "cn-hangzhou-h",
        "category": "cloud_auto",
        "size": 20,
        "type": "online",
        "encrypted": True,
        "kmsKeyId": KEY,
        "paymentType": "PayAsYouGo",
        "deleteWithInstance": False,
        "deleteAutoSnapshot": False,
        "resourceGroupId": "rg-acfmexample",
        "tags": {"app": "kotaemon"},
    }
    assert run.outputs["id"].value == "disk-disk-id"


def test_performance(pulumi_run: Callable[..., Any]) -> None:
    auto = made(pulumi_run, provisioned_iops=4000, bursting=True).one(DISK).inputs
    assert (auto["provisionedIops"], auto["burstingEnabled"]) == (4000, True)
    fixed = made(pulumi_run, disk_type=DiskType.ESSD, performance_level=PerformanceLevel.PL0).one(DISK).inputs
    assert (fixed["category"], fixed["performanceLevel"]) == ("cloud_essd", "PL0")
    assert "burstingEnabled" not in fixed


def test_snapshots_every_day(pulumi_run: Callable[..., Any]) -> None:
    run = made(pulumi_run, snapshot_days=7, tags={"app": "kotaemon"})
    assert run.one(POLICY).inputs == {
        "autoSnapshotPolicyName": "kotaemon-prod-disk",
        "repeatWeekdays": ["1", "2", "3", "4", "5", "6", "7"],
        "timePoints": ["2"],
        "retentionDays": 7,
        "tags": {"app": "kotaemon"},
    }
    assert run.one(ATTACHED).inputs == {"autoSnapshotPolicyId": "disk-snapshots-id", "diskId": "disk-disk-id"}


def test_the_volume_is_tied_to_the_zone_by_the_standard_key(pulumi_run: Callable[..., Any]) -> None:
    volume = made(pulumi_run).one(PV)
    assert volume.inputs["metadata"] == {"name": "kotaemon.disk"}
    assert volume.inputs["spec"] == {
        "capacity": {"storage": "20Gi"},
        "accessModes": ["ReadWriteOncePod"],
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "",
        "volumeMode": "Filesystem",
        "claimRef": {"namespace": "kotaemon", "name": "disk"},
        "mountOptions": ["noatime"],
        "csi": {"driver": "diskplugin.csi.alibabacloud.com", "volumeHandle": "disk-disk-id", "fsType": "ext4"},
        "nodeAffinity": {
            "required": {
                "nodeSelectorTerms": [
                    {
                        "matchExpressions": [
                            {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["cn-hangzhou-h"]}
                        ]
                    }
                ]
            }
        },
    }


def test_the_claim_object(pulumi_run: Callable[..., Any]) -> None:
    claim = made(pulumi_run, claim_name="data", size="1Ti").one(PVC)
    assert claim.inputs["metadata"] == {"name": "data", "namespace": "kotaemon"}
    assert claim.inputs["spec"] == {
        "accessModes": ["ReadWriteOncePod"],
        "resources": {"requests": {"storage": "1024Gi"}},
        "storageClassName": "",
        "volumeMode": "Filesystem",
        "volumeName": "kotaemon.data",
    }


@pytest.mark.parametrize("protect", [True, False])
def test_what_holds_data_is_kept(pulumi_run: Callable[..., Any], protect: bool) -> None:
    run = made(pulumi_run, protect=protect)
    policy = "alicloud:ecs/autoSnapshotPolicy:AutoSnapshotPolicy"
    of_disk = "alicloud:ecs/ecsAutoSnapshotPolicyAttachment:EcsAutoSnapshotPolicyAttachment"
    for kind in (DISK, PV, PVC, policy, of_disk):
        assert (run.one(kind).protect, run.one(kind).retain_on_delete) == (protect, True)
    children = [r for r in run.registrations if r.name != "disk"]
    assert all([parent.name for parent in run.parents(child)] == ["disk"] for child in children)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"disk_type": DiskType.REGIONAL},
            "EcsDiskStorage 'disk': cloud_regional_disk_auto: the provider cannot make it; use a claim of kind essd",
        ),
        ({"snapshot_days": 0}, "EcsDiskStorage 'disk': snapshots are kept 0 days; ECS takes 1 to 65536"),
        (
            {"cloud_name": "1-kotaemon"},
            "EcsDiskStorage 'disk': cloud_name '1-kotaemon-disk': must have 3 to 64 letters, digits, '-' or '_' and "
            "begin with a letter",
        ),
        (
            {"provisioned_iops": 99_999},
            "EcsDiskStorage 'disk': 99999 provisioned IOPS; a disk of 20 GiB takes 1 to 17000: "
            "min{1,000 x size - baseline of 3000, 50,000}",
        ),
    ],
)
def test_wrong_arguments(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        ecs_disk_claim("disk", arguments(**changes))
    assert str(refused.value) == message


def test_nothing_reads_an_unknown(pulumi_run: Callable[..., Any]) -> None:
    def program() -> None:
        key = pulumi.Output.from_input(KEY)
        EcsDiskStorage("disk", arguments(key_id=key, namespace=pulumi.Output.from_input("kotaemon")))

    assert len(pulumi_run(program, preview=True).registrations) == 6
