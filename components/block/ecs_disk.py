"""One ESSD disk that the stack makes itself: its zone, its key and its snapshots are settled before any pod."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.core.v1 import CSIPersistentVolumeSourceArgs, PersistentVolumeSpecArgs
from typing_extensions import NotRequired

from ..alicloud import refused_cloud_name, refused_tags
from ..contract import AccessMode, Claim, Locks, Medium
from ..encryption.kept import KEEPS_ITS_KEY
from ..essd_rules import (
    Disk,
    DiskType,
    PerformanceLevel,
    refused_snapshot_days,
    refused_static_disk,
)
from ..quantity import gib, refused_size
from ..refusal import because, reasons, refuse
from ..volumes.essd_disk import kept_disk
from ..volumes.static import static_claim, volume_spec
from .essd import DRIVER, ENCRYPTED_BY


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


def disk_volume_spec(claim: Claim, disk_id: Input[str], namespace: Input[str]) -> PersistentVolumeSpecArgs:
    """The static volume, tied to the zone by the label that every autoscaler knows (karpenter-alibabacloud#257)."""
    source = CSIPersistentVolumeSourceArgs(driver=DRIVER, volume_handle=disk_id, fs_type="ext4")
    return volume_spec(claim, namespace, source, ["noatime"])


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
        self.disk_id = kept_disk(
            name, cloud_name(name, args), asked_disk(name, args), args, as_made=KEEPS_ITS_KEY, parent=self
        ).id
        spec = disk_volume_spec(self.claim, self.disk_id, args["namespace"])
        protect = args.get("protect", True)
        static_claim(name, self.claim, args["namespace"], spec, parent=self, protect=protect)
        self.register_outputs({"claim": self.claim, "disk_id": self.disk_id})
