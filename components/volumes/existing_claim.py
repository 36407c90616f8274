"""A PersistentVolumeClaim that is there already, whoever made it."""

from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from typing_extensions import NotRequired

from ..contract import AccessMode, Claim
from ..refusal import because, refuse, refused_label
from .foreign import foreign_claim, mistakes


class ExistingClaimArgs(TypedDict):
    """Arguments of ExistingClaim."""

    namespace: Input[str]
    """Namespace of the claim: that of the application. A claim cannot be used from another one."""
    claim_name: str
    """Name of the PersistentVolumeClaim."""
    access_mode: AccessMode
    """Its access mode. ReadWriteOncePod or ReadWriteOnce for a disk."""
    backend: str
    """What serves it, as the guard calls it: disk, node (a folder on one node), nfs4, nfs3, efs, openzfs, lustre, nas4,
    nas3, juicefs, cephfs, smb, seaweedfs or object."""
    size: NotRequired[str]
    """Its size in Gi or Ti, for tables and estimates; default 20Gi. Nothing is resized."""
    shared_locks: NotRequired[bool]
    """Whether a lock that one node holds is seen by all others; default true. A mount with nolock has none."""
    zones: NotRequired[list[str]]
    """Zones that it can be used in; default: every zone."""
    encrypted_by: NotRequired[str]
    """Who encrypts the data at rest, for the storage table; default "nobody known"."""


def check(name: str, args: ExistingClaimArgs) -> list[str]:
    """Mistakes in the arguments of ExistingClaim(name, args); none: it can be named."""
    return [
        *because("claim_name", refused_label(args["claim_name"])),
        *mistakes(args["backend"], AccessMode(args["access_mode"]), args.get("size", "20Gi")),
    ]


def existing_claim(name: str, args: ExistingClaimArgs) -> Claim:
    """The claim that ExistingClaim(name, args) names, before it is looked for. Raises pulumi.RunError."""
    refuse("ExistingClaim", name, check(name, args))
    return foreign_claim(
        args["claim_name"],
        backend=args["backend"],
        mode=AccessMode(args["access_mode"]),
        size=args.get("size", "20Gi"),
        shared_locks=args.get("shared_locks", True),
        zones=args.get("zones", []),
        encrypted_by=args.get("encrypted_by", "nobody known"),
    )


class ExistingClaim(pulumi.ComponentResource):
    """A claim that somebody else made and keeps. It is read, so that a run ends where it is missing; nothing is changed
    or deleted."""

    claim: Claim
    """The claim in plain values, known before it is looked for."""

    def __init__(self, name: str, args: ExistingClaimArgs, opts: ResourceOptions | None = None) -> None:
        claim = existing_claim(name, args)
        super().__init__("kotaemon:index:ExistingClaim", name, None, opts)
        self.claim = claim
        place = Output.concat(args["namespace"], "/", claim["name"])
        k8s.core.v1.PersistentVolumeClaim.get(f"{name}-claim", place, ResourceOptions(parent=self))
        self.register_outputs({"claim": self.claim})
