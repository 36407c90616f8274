"""One ESSD disk that the stack makes itself: its zone, its key and its snapshots are settled before any pod."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
import pulumi_alicloud as alicloud
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.core.v1 import CSIPersistentVolumeSourceArgs, PersistentVolumeSpecArgs
from typing_extensions import NotRequired

from ..alicloud import refused_cloud_name, refused_tags
from ..contract import AccessMode, Claim, Locks, Medium
from ..encryption.kept import KEEPS_ITS_KEY
from ..quantity import gib, refused_size
from ..refusal import because, reasons, refuse
from ..volumes.static import static_claim, volume_spec
from .essd import DRIVER, ENCRYPTED_BY
from .essd_rules import (
    Disk,
    DiskType,
    PerformanceLevel,
    refused_snapshot_days,
    refused_static_disk,
)

SNAPSHOT_HOURS = ("2",)
"""Hour of the daily snapshot. ECS counts it in UTC+8 in every region (API CreateAutoSnapshotPolicy, timePoints)."""
EVERY_DAY = ("1", "2", "3", "4", "5", "6", "7")


class EcsDiskStorageArgs(TypedDict):
    """Arguments of EcsDiskStorage."""

    namespace: Input[str]
    """Namespace that the claim is made in: that of the application."""
    cloud_name: str
    """Prefix of the names in the account, for example <project>-<stack>."""
    key_id: NotRequired[Input[str]]
    """Id of the KMS key; an alias or an ARN does not work here (see refused_key_id in components/alicloud.py). Default:
    the key that ECS keeps for the account (acs/ecs)."""
    zone: str
    """Zone of the disk, and so of the pod for ever."""
    claim_name: NotRequired[str]
    """Name of the PersistentVolumeClaim; default: the component's name."""
    size: NotRequired[str]
    """Size in Gi or Ti; default 20Gi. It can only grow: the disk does so at once, its file system when a pod mounts it
    next (kubelet, operation_generator.go: a volume that is larger than its claim's status)."""
    disk_type: NotRequired[DiskType]
    """Default cloud_auto; not regional: the provider cannot make those."""
    performance_level: NotRequired[PerformanceLevel]
    """cloud_essd only; default PL1."""
    provisioned_iops: NotRequired[int]
    """cloud_auto only: IOPS on top of the baseline; default none."""
    bursting: NotRequired[bool]
    """cloud_auto only; default false."""
    copy_region: NotRequired[str]
    """Region to which each snapshot is copied, encrypted; default: none."""
    copy_days: NotRequired[int]
    """Days that the copies are kept, 1 to 65536; default 30."""
    copy_key_id: NotRequired[Input[str]]
    """Id of the KMS key of the copies, of `copy_region`; default or empty: the key that ECS keeps there for the
    account."""
    snapshot_days: NotRequired[int]
    """Days that the daily snapshots of 02:00 (UTC+8) are kept, 1 to 65536; default 30."""
    resource_group_id: NotRequired[str]
    """Resource group of disk and policy."""
    tags: NotRequired[Mapping[str, str]]
    """Tags of disk and policy."""
    encrypted_by: NotRequired[str]
    """Whose key, for the storage table; default "KMS, key of your own"."""
    protect: NotRequired[bool]
    """Refuse to delete disk, volume and claim; default true. They are kept on deletion in any case."""


def cloud_name(name: str, args: EcsDiskStorageArgs) -> str:
    """Name in the account of all that EcsDiskStorage(name, args) makes there."""
    return f"{args['cloud_name']}-{args.get('claim_name', name)}"


def asked_disk(name: str, args: EcsDiskStorageArgs) -> Disk:
    """What EcsDiskStorage(name, args) asks ECS for. Raises pulumi.RunError."""
    return Disk(
        size_gib=gib(args.get("size", "20Gi"), f"EcsDiskStorage {name!r}: size"),
        types=[DiskType(args.get("disk_type", DiskType.AUTO))],
        level=PerformanceLevel(args["performance_level"]) if "performance_level" in args else None,
        iops=int(args["provisioned_iops"]) if "provisioned_iops" in args else None,
        bursting=args.get("bursting", False),
    )


def check(name: str, args: EcsDiskStorageArgs) -> list[str]:
    """Mistakes in the arguments of EcsDiskStorage(name, args); none: it can be made."""
    size, full_name = refused_size(args.get("size", "20Gi")), cloud_name(name, args)
    return [
        *because("size", size),
        *reasons(
            "" if size else refused_static_disk(asked_disk(name, args)),
            refused_snapshot_days(int(args.get("snapshot_days", 30))),
            refused_snapshot_days(int(args.get("copy_days", 30))),
            refused_tags(args.get("tags", {})),
        ),
        *because(f"cloud_name {full_name!r}", refused_cloud_name(full_name)),
    ]


def ecs_disk_claim(name: str, args: EcsDiskStorageArgs) -> Claim:
    """The claim that EcsDiskStorage(name, args) makes, before it makes it. Raises pulumi.RunError."""
    refuse("EcsDiskStorage", name, check(name, args))
    disk = asked_disk(name, args)
    return Claim(
        name=args.get("claim_name", name),
        access_mode=AccessMode.RWOP,
        medium=Medium.BLOCK,
        backend="disk",
        size_gib=disk.size_gib,
        zones=[args["zone"]],
        encrypted_by=args.get("encrypted_by", ENCRYPTED_BY),
        locks=Locks.ONE_NODE,
        fs_group=True,
    )


def disk_args(args: EcsDiskStorageArgs, disk: Disk, disk_name: str) -> alicloud.ecs.EcsDiskArgs:
    """The disk. Never with an instance: the CSI driver attaches it, and an instance would set key and tags aside."""
    return alicloud.ecs.EcsDiskArgs(
        disk_name=disk_name,
        zone_id=args["zone"],
        category=disk.types[0].value,
        performance_level=disk.level.value if disk.level else None,
        provisioned_iops=disk.iops,
        bursting_enabled=True if disk.bursting else None,
        size=disk.size_gib,
        type="online",  # how it grows; offline, the default, waits for a restart of the node (ECS ResizeDisk)
        encrypted=True,
        kms_key_id=args.get("key_id"),
        payment_type="PayAsYouGo",
        delete_with_instance=False,
        delete_auto_snapshot=False,  # the last way back outlives the disk
        resource_group_id=args.get("resource_group_id"),
        tags=args.get("tags", {}),
    )


def disk_volume_spec(claim: Claim, disk_id: Input[str], namespace: Input[str]) -> PersistentVolumeSpecArgs:
    """The static volume, tied to the zone by the label that every autoscaler knows (karpenter-alibabacloud#257)."""
    source = CSIPersistentVolumeSourceArgs(driver=DRIVER, volume_handle=disk_id, fs_type="ext4")
    return volume_spec(claim, namespace, source, ["noatime"])


def snapshot_policy(args: EcsDiskStorageArgs, policy_name: str) -> alicloud.ecs.AutoSnapshotPolicyArgs:
    """Daily snapshots. Snapshots of an encrypted disk are encrypted with its key."""
    days: Sequence[str] = EVERY_DAY
    made = alicloud.ecs.AutoSnapshotPolicyArgs(
        auto_snapshot_policy_name=policy_name,
        repeat_weekdays=list(days),
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
        made.copy_encryption_configuration = alicloud.ecs.AutoSnapshotPolicyCopyEncryptionConfigurationArgs(
            encrypted=True, kms_key_id=key
        )
    return made


class EcsDiskStorage(pulumi.ComponentResource):
    """A disk, daily snapshots of it, and the volume and claim on it."""

    claim: Claim
    """The claim in plain values, known before anything exists."""
    disk_id: Output[str]
    """Id of the disk."""

    def __init__(self, name: str, args: EcsDiskStorageArgs, opts: ResourceOptions | None = None) -> None:
        claim = ecs_disk_claim(name, args)
        super().__init__("kotaemon:index:EcsDiskStorage", name, None, opts)
        self.claim = claim
        full_name = cloud_name(name, args)
        kept = ResourceOptions(
            parent=self, protect=args.get("protect", True), retain_on_delete=True, ignore_changes=KEEPS_ITS_KEY
        )
        disk = alicloud.ecs.EcsDisk(f"{name}-disk", args=disk_args(args, asked_disk(name, args), full_name), opts=kept)
        self.disk_id = disk.id
        policy = alicloud.ecs.AutoSnapshotPolicy(f"{name}-snapshots", args=snapshot_policy(args, full_name), opts=kept)
        alicloud.ecs.EcsAutoSnapshotPolicyAttachment(
            f"{name}-snapshots-of-disk",
            auto_snapshot_policy_id=policy.id,
            disk_id=disk.id,
            opts=kept,
        )
        spec = disk_volume_spec(self.claim, disk.id, args["namespace"])
        protect = args.get("protect", True)
        static_claim(name, self.claim, args["namespace"], spec, parent=self, protect=protect)
        self.register_outputs({"claim": self.claim, "disk_id": self.disk_id})
