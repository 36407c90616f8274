"""A claim on a StorageClass that the cluster already has: a disk, or files if its driver makes files."""

from typing import TypedDict

import pulumi
from pulumi import Input, ResourceOptions
from typing_extensions import NotRequired

from ..contract import AccessMode, Claim
from ..quantity import refused_size
from ..refusal import because, refuse
from .foreign import DISK, foreign_claim, refused_mode
from .on_class import claim_on_class, volume_name


class ExistingClassClaimArgs(TypedDict):
    """Arguments of ExistingClassClaim."""

    namespace: Input[str]
    """Namespace that the claim is made in: that of the application."""
    storage_class: Input[str]
    """Name of the StorageClass. It should bind with WaitForFirstConsumer, so that the pod's zone decides."""
    claim_name: NotRequired[str]
    """Name of the PersistentVolumeClaim; default: the component's name."""
    size: NotRequired[str]
    """Size of the disk in Gi or Ti; default 20Gi: 500 documents took 17 GiB in one report. It can only grow."""
    access_mode: NotRequired[AccessMode]
    """Default ReadWriteOncePod: a second pod stays Pending instead of writing too. ReadWriteOnce: without CSI.
    ReadWriteMany: shared files, where the driver of the class makes them."""
    backend: NotRequired[str]
    """What the driver of the class makes, as the guard calls it: disk (default), node, nfs4, nfs3, efs, openzfs,
    lustre, nas4, nas3, juicefs, cephfs, smb, seaweedfs, object, or unknown."""
    shared_locks: NotRequired[bool]
    """Whether a lock that one node holds is seen by all others, for files; default true."""
    zones: NotRequired[list[str]]
    """Zones the class makes disks in, for the storage table; default: every zone."""
    encrypted_by: NotRequired[str]
    """Who encrypts the disks, for the storage table; default "nobody known"."""
    protect: NotRequired[bool]
    """Refuse to delete the claim; default true. It is kept on deletion in any case."""


def check(name: str, args: ExistingClassClaimArgs) -> list[str]:
    """Mistakes in the arguments of ExistingClassClaim(name, args); none: it can be made."""
    return [
        *because("access_mode", refused_mode(args.get("backend", DISK), _mode(args))),
        *because("size", refused_size(args.get("size", "20Gi"))),
    ]


def existing_class_claim(name: str, args: ExistingClassClaimArgs) -> Claim:
    """The claim that ExistingClassClaim(name, args) makes, before it makes it. Raises pulumi.RunError."""
    refuse("ExistingClassClaim", name, check(name, args))
    return foreign_claim(
        args.get("claim_name", name),
        backend=args.get("backend", DISK),
        mode=_mode(args),
        size=args.get("size", "20Gi"),
        shared_locks=args.get("shared_locks", True),
        zones=args.get("zones", []),
        encrypted_by=args.get("encrypted_by", "nobody known"),
    )


def _mode(args: ExistingClassClaimArgs) -> AccessMode:
    return AccessMode(args.get("access_mode", AccessMode.RWOP))


class ExistingClassClaim(pulumi.ComponentResource):
    """A claim on an existing StorageClass.

    With WaitForFirstConsumer the claim stays Pending until the pod is scheduled. Pulumi counts that as ready
    (pulumi-kubernetes >= 4.27; #3130, #4181), so nothing may wait for Bound here.
    """

    claim: Claim
    """The claim in plain values, known before anything exists."""

    def __init__(self, name: str, args: ExistingClassClaimArgs, opts: ResourceOptions | None = None) -> None:
        claim = existing_class_claim(name, args)
        super().__init__("kotaemon:index:ExistingClassClaim", name, None, opts)
        self.claim = claim
        protect = args.get("protect", True)
        made = claim_on_class(name, claim, args["namespace"], args["storage_class"], parent=self, protect=protect)
        self.volume_name = volume_name(made)
        self.register_outputs({"claim": self.claim})
