"""An ESSD disk that a stack makes itself, with its daily snapshots: the same for a pod and for an NFS server."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from pulumi import Input, Output, Resource, ResourceOptions
from pulumi_alicloud import ecs
from typing_extensions import NotRequired

from ..essd_rules import Disk

SNAPSHOT_HOURS = ("2",)
"""Hour of the daily snapshot. ECS counts it in UTC+8 in every region (API CreateAutoSnapshotPolicy, timePoints)."""
EVERY_DAY = ("1", "2", "3", "4", "5", "6", "7")


class KeptDisk(TypedDict):
    """Where a disk is, whose key it has, and how long its snapshots are kept."""

    zone: str
    """Zone of the disk."""
    key_id: NotRequired[Input[str]]
    """Id of the KMS key; default: the key that ECS keeps for the account (acs/ecs)."""
    snapshot_days: NotRequired[int]
    """Days that the daily snapshots are kept; default 30."""
    copy_region: NotRequired[str]
    """Region to which each snapshot is copied, encrypted; default: none."""
    copy_days: NotRequired[int]
    """Days that the copies are kept; default 30."""
    copy_key_id: NotRequired[Input[str]]
    """Id of the KMS key of the copies, of `copy_region`; default or empty: the key that ECS keeps there for the
    account."""
    resource_group_id: NotRequired[str]
    """Resource group of disk and policy."""
    tags: NotRequired[Mapping[str, str]]
    """Tags of disk and policy."""
    protect: NotRequired[bool]
    """Refuse to delete disk and policy; default true."""


def disk_args(args: KeptDisk, disk: Disk, disk_name: str) -> ecs.EcsDiskArgs:
    """The disk. Never with an instance: it is attached by itself, and an instance would set key and tags aside."""
    return ecs.EcsDiskArgs(
        disk_name=disk_name,
        zone_id=args["zone"],
        category=disk.types[0].value,
        performance_level=disk.level.value if disk.level else None,
        provisioned_iops=disk.iops,
        bursting_enabled=True if disk.bursting else None,
        size=disk.size_gib,
        type="online",  # how it grows; offline, the default, waits for a restart of the machine (ECS ResizeDisk)
        encrypted=True,
        kms_key_id=args.get("key_id"),
        payment_type="PayAsYouGo",
        delete_with_instance=False,
        delete_auto_snapshot=False,  # the last way back outlives the disk
        resource_group_id=args.get("resource_group_id"),
        tags=args.get("tags", {}),
    )


def snapshot_policy(args: KeptDisk, policy_name: str) -> ecs.AutoSnapshotPolicyArgs:
    """Daily snapshots. Snapshots of an encrypted disk are encrypted with its key."""
    made = ecs.AutoSnapshotPolicyArgs(
        auto_snapshot_policy_name=policy_name,
        repeat_weekdays=list(EVERY_DAY),
        time_points=list(SNAPSHOT_HOURS),
        retention_days=int(args.get("snapshot_days", 30)),
        resource_group_id=args.get("resource_group_id"),
        tags=args.get("tags", {}),
    )
    if "copy_region" in args:
        made.enable_cross_region_copy = True
        made.target_copy_regions = [args["copy_region"]]
        made.copied_snapshots_retention_days = int(args.get("copy_days", 30))
        # Without a key it is the one that ECS keeps (API CreateAutoSnapshotPolicy, CopyEncryptionConfiguration).
        key = Output.from_input(args.get("copy_key_id", "")).apply(lambda given: given or None)
        made.copy_encryption_configuration = ecs.AutoSnapshotPolicyCopyEncryptionConfigurationArgs(
            encrypted=True, kms_key_id=key
        )
    return made


def kept_disk(
    name: str, cloud_name: str, disk: Disk, args: KeptDisk, *, as_made: Sequence[str], parent: Resource
) -> ecs.EcsDisk:
    """Register the disk, the policy, and the policy's hold on the disk; all are protected and kept.

    `as_made`: inputs that stay as they were when the disk was made.
    """
    kept = ResourceOptions(
        parent=parent, protect=args.get("protect", True), retain_on_delete=True, ignore_changes=list(as_made)
    )
    made = ecs.EcsDisk(f"{name}-disk", args=disk_args(args, disk, cloud_name), opts=kept)
    policy = ecs.AutoSnapshotPolicy(f"{name}-snapshots", args=snapshot_policy(args, cloud_name), opts=kept)
    ecs.EcsAutoSnapshotPolicyAttachment(
        f"{name}-snapshots-of-disk",
        auto_snapshot_policy_id=policy.id,
        disk_id=made.id,
        opts=kept,
    )
    return made
