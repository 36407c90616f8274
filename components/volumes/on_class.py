"""A claim on a StorageClass, whose driver makes the volume."""

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Resource, ResourceOptions
from pulumi_kubernetes import _utilities
from pulumi_kubernetes.core.v1 import PersistentVolumeClaimSpecArgs, VolumeResourceRequirementsArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from ..contract import AccessMode, Claim

FILLED_IN = ["spec.volumeName", "spec.volumeMode"]
"""Fields that the cluster fills in. Their changes are ignored: an imported claim has them in its state, and their
absence here would replace it."""

CLASS_KEEPS = ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode", "allowedTopologies", "mountOptions"]
"""What the class of a living claim keeps. The first four are immutable (API server: ValidateStorageClassUpdate), and
the claim can neither change its class nor lose it: a replacement would be refused, as the class is protected, and with
it every later run. All of them are for disks that are made, and the disk of this class is there."""


def refused_disk_mode(mode: AccessMode) -> str:
    """Why a disk cannot have this access mode; empty when it can."""
    if mode in (AccessMode.RWOP, AccessMode.RWO):
        return ""
    return f"{AccessMode(mode).value!r} is not allowed; a disk is ReadWriteOncePod or ReadWriteOnce"


def claim_spec(
    claim: Claim, storage_class: Input[str], attributes_class: Input[str] | None = None
) -> PersistentVolumeClaimSpecArgs:
    """The claim on the class. `attributes_class`: name of the VolumeAttributesClass, where there is one."""
    return PersistentVolumeClaimSpecArgs(
        access_modes=[claim["access_mode"].value],
        resources=VolumeResourceRequirementsArgs(requests={"storage": f"{claim['size_gib']}Gi"}),
        storage_class_name=storage_class,
        volume_attributes_class_name=attributes_class,
    )


def claim_on_class(
    name: str,
    claim: Claim,
    namespace: Input[str],
    storage_class: Input[str],
    *,
    parent: Resource,
    protect: bool,
    attributes_class: Input[str] | None = None,
    unchanging: Sequence[str] = (),
    after: Sequence[Resource] = (),
) -> k8s.core.v1.PersistentVolumeClaim:
    """The claim as a child of `parent`, made when everything in `after` is there, and kept on deletion.

    Kept also where the class deletes its disks: they go with the claim. `unchanging`: fields besides FILLED_IN whose
    changes are ignored.
    """
    return k8s.core.v1.PersistentVolumeClaim(
        f"{name}-claim",
        metadata=ObjectMetaArgs(name=claim["name"], namespace=namespace),
        spec=claim_spec(claim, storage_class, attributes_class),
        opts=ResourceOptions(
            parent=parent,
            protect=protect,
            retain_on_delete=True,
            ignore_changes=[*FILLED_IN, *unchanging],
            depends_on=list(after),
        ),
    )


def volume_name(claim: k8s.core.v1.PersistentVolumeClaim) -> pulumi.Output[str]:
    """Name of the volume that the driver makes for a claim, known once the claim exists and not only when it is bound.

    kubernetes-csi/external-provisioner calls it `pvc-<uid of the claim>`, so a claim made anew has another volume.
    """
    return claim.metadata.apply(lambda metadata: f"pvc-{metadata.uid}" if metadata.uid else "")


def kept_class(
    name: str, args: "k8s.storage.v1.StorageClassInitArgs", *, parent: Resource, protect: bool
) -> "k8s.storage.v1.StorageClass":
    """The class of one claim, as a child of `parent`. It is kept with its disk: a claim can grow only while its class
    is there. A new value of CLASS_KEEPS does not reach the living class."""
    return k8s.storage.v1.StorageClass(
        f"{name}-class",
        args=args,
        opts=ResourceOptions(parent=parent, protect=protect, retain_on_delete=True, ignore_changes=CLASS_KEEPS),
    )


def class_name(made: "k8s.storage.v1.StorageClass | k8s.storage.v1.VolumeAttributesClass") -> pulumi.Output[str]:
    """Name of a class, once it exists: a claim waits for its class (pulumi-kubernetes #3130)."""
    return made.metadata.apply(lambda metadata: metadata.name or "")


def snapshot_class(name: str, full_name: Input[str], driver: str, *, parent: Resource) -> None:
    """A VolumeSnapshotClass that keeps snapshots when their objects are deleted."""
    # The SDK's own CustomResource class knows no fields but `spec`, and this kind has none.
    pulumi.CustomResource(
        "kubernetes:snapshot.storage.k8s.io/v1:VolumeSnapshotClass",
        f"{name}-snapshots",
        props={
            "apiVersion": "snapshot.storage.k8s.io/v1",
            "kind": "VolumeSnapshotClass",
            "metadata": {"name": full_name},
            "driver": driver,
            "deletionPolicy": "Retain",
        },
        opts=ResourceOptions(parent=parent, version=_utilities.get_version()),
    )
