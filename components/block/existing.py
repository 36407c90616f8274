"""A disk from a StorageClass that the cluster already has."""

from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, ResourceOptions
from pulumi_kubernetes.core.v1 import PersistentVolumeClaimSpecArgs, VolumeResourceRequirementsArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from typing_extensions import NotRequired

from components.contract import AccessMode, Claim, Locks, Medium
from components.quantity import gib

FILLED_IN = ["spec.volumeName", "spec.volumeMode"]
"""What the cluster fills in. An imported claim has them in its state, and their absence here would replace it."""


class ExistingClassClaimArgs(TypedDict):
    """Arguments of ExistingClassClaim."""

    namespace: Input[str]
    """Namespace of the claim: the application's."""
    storage_class: Input[str]
    """Name of the StorageClass. It should bind with WaitForFirstConsumer, so that the pod's zone decides."""
    claim_name: NotRequired[str]
    """Name of the PersistentVolumeClaim; default: the component's name."""
    size: NotRequired[str]
    """Size of the disk in Gi or Ti; default 20Gi: 500 documents took 17 GiB in one report. It can only grow."""
    access_mode: NotRequired[AccessMode]
    """Default ReadWriteOncePod: a second pod stays Pending instead of writing too. ReadWriteOnce: without CSI."""
    zones: NotRequired[list[str]]
    """Zones the class makes disks in, for the storage table; default: every zone."""
    encrypted_by: NotRequired[str]
    """Who encrypts the disks, for the storage table; default "nobody known"."""
    protect: NotRequired[bool]
    """Refuse to delete the claim; default true. It is kept on deletion in any case."""


def existing_class_claim(name: str, args: ExistingClassClaimArgs) -> Claim:
    """The claim that ExistingClassClaim(name, args) makes, before it makes it. Raises pulumi.RunError."""
    mode = AccessMode(args.get("access_mode", AccessMode.RWOP))
    if mode not in (AccessMode.RWOP, AccessMode.RWO):
        raise pulumi.RunError(
            f"ExistingClassClaim {name!r}: access_mode: {mode.value!r} is not allowed; "
            "a disk is ReadWriteOncePod or ReadWriteOnce"
        )
    return Claim(
        name=args.get("claim_name", name),
        access_mode=mode,
        medium=Medium.BLOCK,
        backend="disk",
        size_gib=gib(args.get("size", "20Gi"), f"ExistingClassClaim {name!r}: size"),
        zones=args.get("zones", []),
        encrypted_by=args.get("encrypted_by", "nobody known"),
        locks=Locks.ONE_NODE,
        fs_group=True,  # a new disk's root belongs to root
    )


def existing_class_spec(args: ExistingClassClaimArgs, claim: Claim) -> PersistentVolumeClaimSpecArgs:
    """The claim on the class."""
    return PersistentVolumeClaimSpecArgs(
        access_modes=[claim["access_mode"].value],
        resources=VolumeResourceRequirementsArgs(requests={"storage": f"{claim['size_gib']}Gi"}),
        storage_class_name=args["storage_class"],
    )


class ExistingClassClaim(pulumi.ComponentResource):
    """A claim on an existing StorageClass.

    With WaitForFirstConsumer the claim stays Pending until the pod is scheduled. Pulumi counts that as ready
    (pulumi-kubernetes >= 4.27; #3130, #4181), so nothing may wait for Bound here.
    """

    claim: Claim
    """The claim, as plain values."""

    def __init__(self, name: str, args: ExistingClassClaimArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:ExistingClassClaim", name, None, opts)
        self.claim = existing_class_claim(name, args)
        k8s.core.v1.PersistentVolumeClaim(
            f"{name}-claim",
            metadata=ObjectMetaArgs(name=self.claim["name"], namespace=args["namespace"]),
            spec=existing_class_spec(args, self.claim),
            # Kept even when the class deletes its disks: they go with the claim.
            opts=ResourceOptions(
                parent=self, protect=args.get("protect", True), retain_on_delete=True, ignore_changes=FILLED_IN
            ),
        )
        self.register_outputs({"claim": self.claim})
