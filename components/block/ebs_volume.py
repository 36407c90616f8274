"""One disk of Amazon EBS that exists before its claim: for a known zone, or from a snapshot."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
from pulumi import Input, ResourceOptions
from pulumi_aws import ebs
from pulumi_kubernetes.core.v1 import CSIPersistentVolumeSourceArgs
from typing_extensions import NotRequired

from ..aws import EbsType, ebs_refused, tags_refused, zone_refused
from ..contract import AccessMode, Claim, Locks, Medium
from ..encryption.kept import KEEPS_ITS_KEY
from ..quantity import gib, refused_size
from ..refusal import because, reasons, refuse
from ..volumes.static import static_claim, volume_spec
from .ebs import FileSystemType

CLUSTER_TAG = "ebs.csi.aws.com/cluster"
"""AmazonEBSCSIDriverPolicyV2 lets the driver attach only volumes that carry it (aws-ebs-csi-driver#2918)."""


class EbsVolumeArgs(TypedDict):
    """Arguments of EbsVolume."""

    namespace: Input[str]
    """Namespace that the claim is made in: that of the application."""
    key_arn: Input[str]
    """Full ARN of the KMS key."""
    region: str
    """Region of the cluster."""
    zone: str
    """Availability zone of the disk: pods that use it run there and nowhere else."""
    claim_name: NotRequired[str]
    """Name of the PersistentVolumeClaim; default: the component's name."""
    size: NotRequired[str]
    """Size in Gi or Ti; default 20Gi. It can only grow: the disk does so at once, its file system when a pod mounts it
    next (kubelet, operation_generator.go: a volume that is larger than its claim's status)."""
    kind: NotRequired[EbsType]
    """Type of the disk; default gp3."""
    iops: NotRequired[int]
    """IOPS of the disk, with the same limits as in EbsStorage."""
    throughput: NotRequired[int]
    """Throughput in MiB/s, with the same limits as in EbsStorage."""
    snapshot_id: NotRequired[Input[str]]
    """Snapshot to start from; default: an empty disk."""
    file_system: NotRequired[FileSystemType]
    """File system on the disk; default ext4. With a snapshot it has to be that of the snapshot."""
    tags: NotRequired[Mapping[str, str]]
    """Added to the disk."""
    encrypted_by: NotRequired[str]
    """Who encrypts the disk, for the storage table; default "KMS, key of your own"."""
    protect: NotRequired[bool]
    """Refuse to delete disk, volume and claim; default true. They are kept on deletion in any case."""


def check(name: str, args: EbsVolumeArgs) -> list[str]:
    """Mistakes in the arguments of EbsVolume(name, args); none: it can be made."""
    size, kind = args.get("size", "20Gi"), EbsType(args.get("kind", EbsType.GP3))
    disk = ""
    if not refused_size(size):
        disk = ebs_refused(kind, gib(size, "size"), args.get("iops"), args.get("throughput"))
    return [
        *because("size", refused_size(size)),
        *because(f"zone {args['zone']!r}", zone_refused(args["zone"], args["region"])),
        *reasons(disk),
        *because("tags", tags_refused(args.get("tags", {}))),
    ]


def ebs_volume_claim(name: str, args: EbsVolumeArgs) -> Claim:
    """The claim that EbsVolume(name, args) makes, before it makes it. Raises pulumi.RunError."""
    refuse("EbsVolume", name, check(name, args))
    return Claim(
        name=args.get("claim_name", name),
        access_mode=AccessMode.RWOP,
        medium=Medium.BLOCK,
        backend="disk",
        size_gib=gib(args.get("size", "20Gi"), "size"),
        zones=[args["zone"]],
        encrypted_by=args.get("encrypted_by", "KMS, key of your own"),
        locks=Locks.ONE_NODE,
        fs_group=True,
    )


def disk(args: EbsVolumeArgs, size_gib: int) -> ebs.VolumeArgs:
    """Arguments of the disk, from those of the component."""
    return ebs.VolumeArgs(
        availability_zone=args["zone"],
        size=size_gib,
        type=EbsType(args.get("kind", EbsType.GP3)).value,
        iops=args.get("iops"),
        throughput=args.get("throughput"),
        encrypted=True,
        kms_key_id=args["key_arn"],
        snapshot_id=args.get("snapshot_id"),
        final_snapshot=True,
        tags={**args.get("tags", {}), CLUSTER_TAG: "true"},
    )


class EbsVolume(pulumi.ComponentResource):
    """A disk, the static volume on it with the zone as node affinity, and the claim."""

    claim: Claim
    """The claim in plain values, known before anything exists."""

    def __init__(self, name: str, args: EbsVolumeArgs, opts: ResourceOptions | None = None) -> None:
        claim = ebs_volume_claim(name, args)
        super().__init__("kotaemon:index:EbsVolume", name, None, opts)
        self.claim = claim
        protect = args.get("protect", True)
        made = ebs.Volume(
            f"{name}-disk",
            args=disk(args, self.claim["size_gib"]),
            opts=ResourceOptions(parent=self, protect=protect, retain_on_delete=True, ignore_changes=KEEPS_ITS_KEY),
        )
        source = CSIPersistentVolumeSourceArgs(
            driver="ebs.csi.aws.com",
            volume_handle=made.id,
            fs_type=FileSystemType(args.get("file_system", FileSystemType.EXT4)).value,
        )
        self.disk_id = made.id
        spec = volume_spec(self.claim, args["namespace"], source)
        static_claim(name, self.claim, args["namespace"], spec, parent=self, protect=protect)
        self.register_outputs({"claim": self.claim})
