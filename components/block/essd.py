"""ESSD disks on Alibaba Cloud: a StorageClass of our own and a claim on it.

ACK's built-in classes are unencrypted and delete the disk with the claim, and most of them bind before the pod is
placed (alibaba-cloud-csi-driver: deploy/charts, storage-class.yaml).
"""

import re
from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.core.v1 import TopologySelectorLabelRequirementArgs, TopologySelectorTermArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.storage.v1 import StorageClassInitArgs
from typing_extensions import NotRequired

from ..alicloud import refused_tags
from ..contract import AccessMode, Claim, Locks, Medium
from ..essd_rules import (
    DEFAULT_LEVEL,
    DEFAULT_TYPES,
    Disk,
    DiskType,
    PerformanceLevel,
    TopologyKey,
    refused_attributes_class,
    refused_disk,
)
from ..quantity import gib, refused_size
from ..refusal import because, reasons, refuse
from ..volumes.names import cluster_wide
from ..volumes.on_class import claim_on_class, class_name, kept_class, refused_disk_mode, snapshot_class, volume_name

DRIVER = "diskplugin.csi.alibabacloud.com"
ENCRYPTED_BY = "KMS, key of your own"


class EssdStorageArgs(TypedDict):
    """Arguments of EssdStorage."""

    namespace: Input[str]
    """Namespace that the claim is made in: that of the application."""
    key_id: NotRequired[Input[str]]
    """Id of the KMS key; an alias or an ARN does not work here (see refused_key_id in components/alicloud.py). Default:
    the key that ECS keeps for the account (acs/ecs)."""
    zones: Sequence[str]
    """Zones in which disks may be made; the first pod decides which. A regional disk needs none."""
    claim_name: NotRequired[str]
    """Name of the PersistentVolumeClaim; default: the component's name."""
    size: NotRequired[str]
    """Size in Gi or Ti; default 20Gi: 500 documents took 17 GiB in one report. It can only grow."""
    access_mode: NotRequired[AccessMode]
    """Default ReadWriteOncePod: a second pod stays Pending instead of writing too."""
    types: NotRequired[Sequence[DiskType]]
    """Tried in order; default cloud_auto, cloud_essd. An old instance family takes neither (ali-csi#274)."""
    performance_level: NotRequired[PerformanceLevel]
    """cloud_essd only; default PL1, from 20 GiB on. PL2 starts at 461, PL3 at 1261 GiB."""
    provisioned_iops: NotRequired[int]
    """cloud_auto only: IOPS on top of the baseline of max{min{1,800 + 50 x GiB, 50,000}, 3,000}. Default none."""
    bursting: NotRequired[bool]
    """cloud_auto only: up to 1,000 IOPS for each GiB in bursts, billed by use; default false. For searches that read
    much at once and then nothing, as FAISS-like indexes do."""
    attributes_class: NotRequired[bool]
    """Put type and performance into a VolumeAttributesClass, so that they can change later; default false: it needs
    Kubernetes 1.34. With exactly one type."""
    snapshot_class: NotRequired[bool]
    """Make a VolumeSnapshotClass that keeps snapshots; default false: it needs the snapshot controller. The one that
    ACK ships deletes the snapshot with its object."""
    topology_key: NotRequired[TopologyKey]
    """Label by which `zones` are named; default the standard one."""
    resource_group_id: NotRequired[str]
    """Resource group of the disks; default: the account's default group."""
    tags: NotRequired[Mapping[str, str]]
    """Tags of the disks."""
    encrypted_by: NotRequired[str]
    """Whose key, for the storage table; default "KMS, key of your own"."""
    protect: NotRequired[bool]
    """Refuse to delete the class and the claim; default true. They are kept on deletion in any case."""


def asked_disk(name: str, args: EssdStorageArgs) -> Disk:
    """What EssdStorage(name, args) asks ECS for. Raises pulumi.RunError."""
    return Disk(
        size_gib=gib(args.get("size", "20Gi"), f"EssdStorage {name!r}: size"),
        types=[DiskType(kind) for kind in args.get("types", DEFAULT_TYPES)],
        level=PerformanceLevel(args["performance_level"]) if "performance_level" in args else None,
        iops=int(args["provisioned_iops"]) if "provisioned_iops" in args else None,
        bursting=args.get("bursting", False),
    )


def check(name: str, args: EssdStorageArgs) -> list[str]:
    """Mistakes in the arguments of EssdStorage(name, args); none: it can be made."""
    found = because("access_mode", refused_disk_mode(args.get("access_mode", AccessMode.RWOP)))
    found += reasons(refused_tags(args.get("tags", {})))
    if size := refused_size(args.get("size", "20Gi")):
        return [*because("size", size), *found]
    disk = asked_disk(name, args)
    found = reasons(refused_disk(disk)) + found
    found += reasons(refused_attributes_class(disk) if args.get("attributes_class", False) else "")
    if not disk.regional and not args["zones"]:
        found.append("zones: at least one zone of the cluster's nodes is needed")
    return found


def essd_claim(name: str, args: EssdStorageArgs) -> Claim:
    """The claim that EssdStorage(name, args) makes, before it makes it. Raises pulumi.RunError."""
    refuse("EssdStorage", name, check(name, args))
    disk = asked_disk(name, args)
    return Claim(
        name=args.get("claim_name", name),
        access_mode=AccessMode(args.get("access_mode", AccessMode.RWOP)),
        medium=Medium.BLOCK,
        backend="disk",
        size_gib=disk.size_gib,
        zones=[] if disk.regional else list(args["zones"]),
        encrypted_by=args.get("encrypted_by", ENCRYPTED_BY),
        locks=Locks.ONE_NODE,
        fs_group=True,  # a new disk's root belongs to root
    )


def performance(disk: Disk) -> dict[str, str]:
    """The parameters that ECS can change on a living disk (alibaba-cloud-csi-driver: pkg/disk/constants.go)."""
    parameters = {"type": ",".join(kind.value for kind in disk.types)}
    if disk.level is not None:
        parameters["performanceLevel"] = disk.level.value
    if disk.iops is not None:
        parameters["provisionedIops"] = str(disk.iops)
    if disk.bursting:
        parameters["burstingEnabled"] = "true"
    return parameters


def attributes(disk: Disk) -> dict[str, str]:
    """Type and performance for a VolumeAttributesClass. All values are named, because a value that is left out stays on
    the disk as it was."""
    kind = disk.types[0]
    whole = {"type": kind.value}
    if kind == DiskType.ESSD:
        whole["performanceLevel"] = (disk.level or DEFAULT_LEVEL).value
    if kind == DiskType.AUTO:
        whole["provisionedIops"] = str(disk.iops or 0)
        whole["burstingEnabled"] = "true" if disk.bursting else "false"
    return whole


def class_args(name: Input[str], args: EssdStorageArgs, disk: Disk) -> StorageClassInitArgs:
    """The class. `zoneId` stays unset: against allowedTopologies it gives no more than an event (ConflictingZone)."""
    parameters: dict[str, Input[str]] = {
        # what a VolumeAttributesClass changes later must not stand in the class, which can never change
        **(performance(Disk(disk.size_gib, disk.types)) if args.get("attributes_class", False) else performance(disk)),
        "csi.storage.k8s.io/fstype": "ext4",
        "encrypted": "true",  # without it the driver drops the key
        **({"kmsKeyId": args["key_id"]} if "key_id" in args else {}),
        **{f"diskTags/{key}": value for key, value in args.get("tags", {}).items()},
    }
    if "resource_group_id" in args:
        parameters["resourceGroupId"] = args["resource_group_id"]
    zones = TopologySelectorLabelRequirementArgs(
        key=TopologyKey(args.get("topology_key", TopologyKey.STANDARD)).value, values=list(args["zones"])
    )
    return StorageClassInitArgs(
        metadata=ObjectMetaArgs(name=name),
        provisioner=DRIVER,
        parameters=parameters,
        reclaim_policy="Retain",
        volume_binding_mode="WaitForFirstConsumer",
        allow_volume_expansion=True,
        mount_options=["noatime"],
        allowed_topologies=None if disk.regional else [TopologySelectorTermArgs(match_label_expressions=[zones])],
    )


def attributes_name(class_name: str, disk: Disk) -> str:
    """Name of the VolumeAttributesClass, after its values: they cannot change, the claim moves on to another class."""
    values = [f"{key}-{value}" for key, value in attributes(disk).items()]
    return ".".join([class_name, *(re.sub(r"[^a-z0-9-]", "-", value.lower()) for value in values)])


class EssdStorage(pulumi.ComponentResource):
    """A StorageClass with the customer's key in the customer's zones, and the claim on it.

    The claim stays Pending until the pod is scheduled, which Pulumi counts as ready, provided that it finds the class
    (pulumi-kubernetes #3130): so the class comes first.
    """

    claim: Claim
    """The claim in plain values, known before anything exists."""
    snapshot_class: Output[str] | None
    """Name of the VolumeSnapshotClass, when one was asked for."""

    def __init__(self, name: str, args: EssdStorageArgs, opts: ResourceOptions | None = None) -> None:
        claim = essd_claim(name, args)
        super().__init__("kotaemon:index:EssdStorage", name, None, opts)
        self.claim = claim
        disk = asked_disk(name, args)
        full_name = cluster_wide(args["namespace"], self.claim["name"])
        protect = args.get("protect", True)
        made = kept_class(name, class_args(full_name, args, disk), parent=self, protect=protect)
        changed_to = self._attributes(name, args, full_name, disk) if args.get("attributes_class", False) else None
        made_claim = claim_on_class(
            name,
            self.claim,
            args["namespace"],
            class_name(made),
            parent=self,
            protect=protect,
            attributes_class=changed_to,
        )
        self.volume_name = volume_name(made_claim)
        self.snapshot_class = None
        if args.get("snapshot_class", False):
            self.snapshot_class = full_name
            snapshot_class(name, full_name, DRIVER, parent=self)
        self.register_outputs({"claim": self.claim, "snapshot_class": self.snapshot_class})

    def _attributes(self, name: str, args: EssdStorageArgs, full_name: Output[str], disk: Disk) -> Output[str]:
        made = k8s.storage.v1.VolumeAttributesClass(
            attributes_name(f"{name}-attributes", disk),
            metadata=ObjectMetaArgs(name=full_name.apply(lambda full: attributes_name(full, disk))),
            driver_name=DRIVER,
            parameters=attributes(disk),
            # It stays as long as the protected claim that names it.
            opts=ResourceOptions(parent=self, retain_on_delete=not args.get("protect", True)),
        )
        return class_name(made)
