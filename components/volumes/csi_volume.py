"""A volume that is there already, by the name that its CSI driver gives it."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
from pulumi import Input, ResourceOptions
from pulumi_kubernetes.core.v1 import CSIPersistentVolumeSourceArgs, SecretReferenceArgs
from typing_extensions import NotRequired

from ..contract import AccessMode, Claim
from ..refusal import because, refuse
from .foreign import foreign_claim, mistakes
from .static import static_claim, volume_spec


class NodeSecret(TypedDict):
    """A Secret that the driver reads on the node, for example for a bucket's keys."""

    namespace: Input[str]
    name: Input[str]


class CsiVolumeClaimArgs(TypedDict):
    """Arguments of CsiVolumeClaim."""

    namespace: Input[str]
    """Namespace of the claim: that of the application."""
    driver: str
    """Name of the CSI driver, for example csi.example.com. It is installed already."""
    handle: Input[str]
    """The volume's handle, as the driver knows it."""
    access_mode: AccessMode
    """Access mode of volume and claim. ReadWriteOncePod or ReadWriteOnce for a disk."""
    backend: str
    """What serves it, as the guard calls it: disk, node (a folder on one node), nfs4, nfs3, efs, openzfs, lustre, nas4,
    nas3, juicefs, cephfs, smb, seaweedfs or object."""
    attributes: NotRequired[Mapping[str, str]]
    """Attributes that the driver wants beside the handle; default none."""
    mount_options: NotRequired[list[str]]
    """Options of the mount, as the driver takes them; default none."""
    node_secret: NotRequired[NodeSecret]
    """Secret for staging and publishing on the node; default none."""
    size: NotRequired[str]
    """Size in Gi or Ti; default 20Gi. The driver of a volume that is there does not enforce it."""
    shared_locks: NotRequired[bool]
    """Whether a lock that one node holds is seen by all others; default true. A mount with nolock has none."""
    zones: NotRequired[list[str]]
    """Zones that it can be used in; default: every zone."""
    encrypted_by: NotRequired[str]
    """Who encrypts the data at rest, for the storage table; default "nobody known"."""
    protect: NotRequired[bool]
    """Refuse to delete volume and claim; default true. They are kept on deletion in any case."""


def check(name: str, args: CsiVolumeClaimArgs) -> list[str]:
    """Mistakes in the arguments of CsiVolumeClaim(name, args); none: it can be made."""
    handle = args["handle"]
    return [
        *because("driver", "" if args["driver"] else "empty; it is the name of a CSI driver"),
        *because("handle", "empty; it is what the driver calls the volume" if handle == "" else ""),
        *mistakes(args["backend"], AccessMode(args["access_mode"]), args.get("size", "20Gi")),
    ]


def csi_volume_claim(name: str, args: CsiVolumeClaimArgs) -> Claim:
    """The claim that CsiVolumeClaim(name, args) makes, before it makes it. Raises pulumi.RunError."""
    refuse("CsiVolumeClaim", name, check(name, args))
    return foreign_claim(
        name,
        backend=args["backend"],
        mode=AccessMode(args["access_mode"]),
        size=args.get("size", "20Gi"),
        shared_locks=args.get("shared_locks", True),
        zones=args.get("zones", []),
        encrypted_by=args.get("encrypted_by", "nobody known"),
    )


def source(args: CsiVolumeClaimArgs) -> CSIPersistentVolumeSourceArgs:
    """The volume, as its driver finds it."""
    secret = args.get("node_secret")
    reference = SecretReferenceArgs(name=secret["name"], namespace=secret["namespace"]) if secret else None
    return CSIPersistentVolumeSourceArgs(
        driver=args["driver"],
        volume_handle=args["handle"],
        volume_attributes=args.get("attributes"),
        node_stage_secret_ref=reference,
        node_publish_secret_ref=reference,
    )


class CsiVolumeClaim(pulumi.ComponentResource):
    """Volume and claim on storage that somebody else made. Deleting them deletes none of its data."""

    claim: Claim
    """The claim in plain values, known before anything exists."""

    def __init__(self, name: str, args: CsiVolumeClaimArgs, opts: ResourceOptions | None = None) -> None:
        claim = csi_volume_claim(name, args)
        super().__init__("kotaemon:index:CsiVolumeClaim", name, None, opts)
        self.claim = claim
        spec = volume_spec(claim, args["namespace"], source(args), args.get("mount_options", ()))
        static_claim(name, claim, args["namespace"], spec, parent=self, protect=args.get("protect", True))
        self.register_outputs({"claim": self.claim})
