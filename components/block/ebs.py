"""Disks of Amazon EBS: a class of your own (encrypted, tied to zones, kept) and a claim on it."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.core.v1 import TopologySelectorLabelRequirementArgs, TopologySelectorTermArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from typing_extensions import NotRequired

from ..aws import EbsType, ebs_refused, tags_refused
from ..contract import AccessMode, Claim, Locks, Medium
from ..quantity import gib, refused_size
from ..refusal import because, reasons, refuse
from ..volumes.names import cluster_wide
from ..volumes.on_class import claim_on_class, class_name, kept_class, refused_disk_mode, snapshot_class, volume_name
from ..volumes.static import ZONE_KEY

_AUTO_MODE_KEY = "eks.amazonaws.com/compute-type"


class EbsDriver(str, Enum):
    """Who makes and attaches the disks. The two do not share volumes: changing over means a snapshot."""

    STANDARD = "ebs.csi.aws.com"
    """The driver as an EKS add-on."""
    AUTO_MODE = "ebs.csi.eks.amazonaws.com"
    """The one built into EKS Auto Mode."""


class FileSystemType(str, Enum):
    """File system on the disk."""

    EXT4 = "ext4"
    XFS = "xfs"
    """It makes inodes when they are needed, so it suits very many small files."""


class EbsStorageArgs(TypedDict):
    """Arguments of EbsStorage."""

    namespace: Input[str]
    """Namespace that the claim is made in: that of the application."""
    key_arn: Input[str]
    """Full ARN of the KMS key. Without one AWS takes its own default key, and without `encrypted` none at all."""
    zones: Input[Sequence[str]]
    """Availability zones of the cluster's nodes; disks are made in no other. The first pod's zone decides."""
    claim_name: NotRequired[str]
    """Name of the PersistentVolumeClaim; default: the component's name."""
    size: NotRequired[str]
    """Size of the disk in Gi or Ti; default 20Gi. It can only grow, and once in six hours."""
    kind: NotRequired[EbsType]
    """Default gp3: 3000 IOPS and 125 MiB/s at any size."""
    iops: NotRequired[int]
    """gp3: 3000 (default) to 80000, at most 500 for each GiB. io2: required, 100 to 256000, at most 1000 a GiB."""
    throughput: NotRequired[int]
    """gp3 only, MiB/s: 125 (default) to 2000, at most a quarter of the IOPS."""
    driver: NotRequired[EbsDriver]
    """Driver that makes and attaches the disk; default ebs.csi.aws.com."""
    file_system: NotRequired[FileSystemType]
    """File system on the disk; default ext4."""
    access_mode: NotRequired[AccessMode]
    """Default ReadWriteOncePod: a second pod stays Pending instead of writing too. ReadWriteOnce is per node only."""
    attributes_class: NotRequired[bool]
    """Put type, IOPS and throughput into a VolumeAttributesClass, so that they can change later; default false:
    it needs Kubernetes 1.34."""
    snapshot_class: NotRequired[bool]
    """Make a VolumeSnapshotClass that keeps snapshots; default false: it needs the snapshot controller add-on."""
    tags: NotRequired[Mapping[str, str]]
    """Added to every disk."""
    encrypted_by: NotRequired[str]
    """Who encrypts the disks, for the storage table; default "KMS, key of your own"."""
    protect: NotRequired[bool]
    """Refuse to delete the class and the claim; default true. They are kept on deletion in any case."""


def check(name: str, args: EbsStorageArgs) -> list[str]:
    """Mistakes in the arguments of EbsStorage(name, args); none: it can be made."""
    size = args.get("size", "20Gi")
    disk = ""
    if not refused_size(size):
        disk = ebs_refused(_kind(args), gib(size, "size"), args.get("iops"), args.get("throughput"))
    return [
        *because("access_mode", refused_disk_mode(args.get("access_mode", AccessMode.RWOP))),
        *because("size", refused_size(size)),
        *reasons(disk),
        *because("tags", tags_refused(args.get("tags", {}))),
    ]


def ebs_claim(name: str, args: EbsStorageArgs) -> Claim:
    """The claim that EbsStorage(name, args) makes, before it makes it. Raises pulumi.RunError."""
    refuse("EbsStorage", name, check(name, args))
    zones = args["zones"]
    return Claim(
        name=args.get("claim_name", name),
        access_mode=AccessMode(args.get("access_mode", AccessMode.RWOP)),
        medium=Medium.BLOCK,
        backend="disk",
        size_gib=gib(args.get("size", "20Gi"), "size"),
        zones=list(zones) if isinstance(zones, list | tuple) else [],
        encrypted_by=args.get("encrypted_by", "KMS, key of your own"),
        locks=Locks.ONE_NODE,
        fs_group=True,  # a new disk's root belongs to root
    )


def performance(args: EbsStorageArgs) -> dict[str, str]:
    """Type, IOPS and throughput as the driver takes them (aws-ebs-csi-driver docs/parameters.md)."""
    wanted = {"type": _kind(args).value, "iops": args.get("iops"), "throughput": args.get("throughput")}
    return {key: str(int(v) if isinstance(v, float) else v) for key, v in wanted.items() if v is not None}


def class_parameters(args: EbsStorageArgs) -> dict[str, Input[str]]:
    """Parameters of the StorageClass."""
    parameters: dict[str, Input[str]] = {
        **({"type": _kind(args).value} if args.get("attributes_class", False) else performance(args)),
        "csi.storage.k8s.io/fstype": FileSystemType(args.get("file_system", FileSystemType.EXT4)).value,
        "encrypted": "true",
        "kmsKeyId": args["key_arn"],
    }
    for number, (key, value) in enumerate(sorted(args.get("tags", {}).items()), start=1):
        parameters[f"tagSpecification_{number}"] = f"{key}={value}"
    return parameters


def allowed_topologies(driver: EbsDriver, zones: Input[Sequence[str]]) -> list[TopologySelectorTermArgs]:
    """Where disks may be made. Auto Mode's driver works on its own nodes only (EKS, create-storage-class)."""
    labels = [TopologySelectorLabelRequirementArgs(key=ZONE_KEY, values=zones)]
    if driver == EbsDriver.AUTO_MODE:
        labels.append(TopologySelectorLabelRequirementArgs(key=_AUTO_MODE_KEY, values=["auto"]))
    return [TopologySelectorTermArgs(match_label_expressions=labels)]


def storage_class(args: EbsStorageArgs, class_name: Input[str]) -> k8s.storage.v1.StorageClassInitArgs:
    """The class, named after its claim. What CLASS_KEEPS lists never changes: a new claim gets a new class."""
    driver = EbsDriver(args.get("driver", EbsDriver.STANDARD))
    return k8s.storage.v1.StorageClassInitArgs(
        metadata=ObjectMetaArgs(name=class_name),
        provisioner=driver.value,
        parameters=class_parameters(args),
        reclaim_policy="Retain",
        volume_binding_mode="WaitForFirstConsumer",  # before a pod is placed nobody knows the zone
        allow_volume_expansion=True,
        allowed_topologies=allowed_topologies(driver, args["zones"]),
    )


class EbsStorage(pulumi.ComponentResource):
    """A StorageClass for one claim, and the claim. The disk is made when the first pod is placed."""

    claim: Claim
    """The claim in plain values, known before anything exists."""
    snapshot_class: Output[str] | None
    """Name of the VolumeSnapshotClass, when one was asked for."""

    def __init__(self, name: str, args: EbsStorageArgs, opts: ResourceOptions | None = None) -> None:
        claim = ebs_claim(name, args)
        super().__init__("kotaemon:index:EbsStorage", name, None, opts)
        self.claim = claim
        full_name = cluster_wide(args["namespace"], self.claim["name"])
        protect = args.get("protect", True)
        made = kept_class(name, storage_class(args, full_name), parent=self, protect=protect)
        made_claim = claim_on_class(
            name,
            self.claim,
            args["namespace"],
            class_name(made),
            parent=self,
            protect=protect,
            attributes_class=self._attributes(name, args, full_name) if args.get("attributes_class", False) else None,
        )
        self.volume_name = volume_name(made_claim)
        self.snapshot_class = None
        if args.get("snapshot_class", False):
            self.snapshot_class = full_name
            driver = EbsDriver(args.get("driver", EbsDriver.STANDARD)).value
            snapshot_class(name, full_name, driver, parent=self)
        self.register_outputs({"claim": self.claim, "snapshotClass": self.snapshot_class})

    def _attributes(self, name: str, args: EbsStorageArgs, full_name: Output[str]) -> Output[str]:
        """Named after its values: they cannot change, the claim moves on to another one."""
        wanted = performance(args)
        made = k8s.storage.v1.VolumeAttributesClass(
            f"{name}-attributes-{'-'.join(wanted.values())}",
            metadata=ObjectMetaArgs(name=full_name.apply(lambda full: ".".join([full, *wanted.values()]))),
            driver_name=EbsDriver(args.get("driver", EbsDriver.STANDARD)).value,
            parameters=wanted,
            opts=ResourceOptions(parent=self),
        )
        return class_name(made)


def _kind(args: EbsStorageArgs) -> EbsType:
    return EbsType(args.get("kind", EbsType.GP3))
