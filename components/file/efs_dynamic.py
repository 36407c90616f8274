"""Amazon EFS with dynamic provisioning: the CSI driver makes an access point for the claim, and its directory."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import efs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from typing_extensions import NotRequired

from ..aws import partition
from ..contract import Claim
from ..volumes.names import cluster_wide
from ..volumes.on_class import claim_on_class, class_name, kept_class
from ..volumes.static import STATIC
from .efs import EfsStorageArgs, efs_claim, encrypted_files, file_system_policy, mount_targets
from .efs import check as check_files


class EfsDynamicStorageArgs(TypedDict):
    """Arguments of EfsDynamicStorage: those of EfsStorage but `one_zone`."""

    namespace: Input[str]
    """Namespace that the claim is made in: that of the application."""
    key_arn: Input[str]
    """Full ARN of the KMS key. It cannot be changed later: a file system keeps its key for ever."""
    region: str
    """Region of the cluster."""
    vpc_id: Input[str]
    """VPC of the nodes."""
    subnets: Mapping[str, Input[str]]
    """Zone -> subnet, one for each zone of the cluster's nodes: the driver's volume keeps no pod away from the others,
    and the file system's name resolves only in zones with a mount target."""
    client_security_groups: Mapping[str, Input[str]]
    """Security groups of the nodes. The keys are names of your own; they become part of the rules' names."""
    claim_name: NotRequired[str]
    """Name of the PersistentVolumeClaim; default: the component's name."""
    size: NotRequired[str]
    """Size of the claim in Gi or Ti; default 100Gi. EFS knows no sizes: it grows, and is paid for what it holds."""
    uid: NotRequired[int]
    """User that every access is made as; default 1001. Nobody's chown works, the application needs none."""
    gid: NotRequired[int]
    """Group that every access is made as; default 1001."""
    backup: NotRequired[bool]
    """Daily backups by AWS Backup's default plan, kept for 35 days; default true."""
    tags: NotRequired[Mapping[str, str]]
    """Added to what the component makes on AWS; the driver gives its access point tags of its own."""
    encrypted_by: NotRequired[str]
    """Who encrypts the data, for the storage table; default "KMS, key of your own"."""
    protect: NotRequired[bool]
    """Refuse to delete file system, class and claim; default true. They are kept in any case."""


def check(name: str, args: EfsDynamicStorageArgs) -> list[str]:
    """Mistakes in the arguments of EfsDynamicStorage(name, args); none: it can be made."""
    return check_files(name, EfsStorageArgs(**args))


def efs_dynamic_claim(name: str, args: EfsDynamicStorageArgs) -> Claim:
    """The claim that EfsDynamicStorage(name, args) makes, before it makes it. Raises pulumi.RunError."""
    return efs_claim(name, EfsStorageArgs(**args), "EfsDynamicStorage")


def access_points(region: str) -> str:
    """Pattern of the ARNs of access points: the driver gives them their ids, later."""
    return f"arn:{partition(region)}:elasticfilesystem:{region}:*:access-point/*"


def class_parameters(args: EfsDynamicStorageArgs, file_system_id: Input[str]) -> dict[str, Input[str]]:
    """Parameters of the StorageClass (aws-efs-csi-driver docs/parameters.md).

    No subPathPattern: the directory is named after the volume, so no two claims ever share one, and the path stays
    below the 100 characters that EFS takes.
    """
    return {
        "provisioningMode": "efs-ap",
        "fileSystemId": file_system_id,
        "basePath": "/kotaemon",
        "uid": str(int(args.get("uid", 1001))),
        "gid": str(int(args.get("gid", 1001))),
        "directoryPerms": "0750",  # every access is made as the owner
    }


def storage_class(
    args: EfsDynamicStorageArgs, class_name: Input[str], file_system_id: Input[str]
) -> k8s.storage.v1.StorageClassInitArgs:
    """The class, named after its claim. What CLASS_KEEPS lists never changes: a new claim gets a new class.

    No mount option tls: it is the driver's default, deprecated as an option, and the file system refuses without.
    """
    return k8s.storage.v1.StorageClassInitArgs(
        metadata=ObjectMetaArgs(name=class_name),
        provisioner="efs.csi.aws.com",
        parameters=class_parameters(args, file_system_id),
        reclaim_policy="Retain",
        # An access point is in no zone, so nothing waits for a pod, and a driver without permission fails `up`.
        volume_binding_mode="Immediate",
    )


class EfsDynamicStorage(pulumi.ComponentResource):
    """A file system, a mount target in each zone, a StorageClass for one claim, and the claim.

    The driver's controller needs a role with AmazonEFSCSIDriverPolicy. A claim made anew gets an empty directory; the
    old one stays in the file system, with its access point and its volume. EfsStorage finds its data again.
    """

    claim: Claim
    """The claim in plain values, known before anything exists."""
    file_system_id: Output[str]

    def __init__(self, name: str, args: EfsDynamicStorageArgs, opts: ResourceOptions | None = None) -> None:
        claim = efs_dynamic_claim(name, args)
        super().__init__("kotaemon:index:EfsDynamicStorage", name, None, opts)
        self.claim = claim
        files, protect = EfsStorageArgs(**args), args.get("protect", True)
        made = encrypted_files(name, files, self)
        self.file_system_id = made.id
        policy = efs.FileSystemPolicy(
            f"{name}-policy",
            file_system_id=made.id,
            policy=Output.json_dumps(file_system_policy(made.arn, access_points(args["region"]), "StringLike")),
            opts=ResourceOptions(parent=self),
        )
        class_args = storage_class(args, cluster_wide(args["namespace"], self.claim["name"]), made.id)
        storage = kept_class(name, class_args, parent=self, protect=protect)
        claim_on_class(
            name,
            self.claim,
            args["namespace"],
            class_name(storage),
            parent=self,
            protect=protect,
            unchanging=STATIC,  # the class has no expansion: EFS has no size
            after=[policy, *mount_targets(name, files, made.id, self)],
        )
        self.register_outputs({"claim": self.claim, "fileSystemId": self.file_system_id})
