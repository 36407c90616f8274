"""Amazon EFS: regional NFS without sizing, as a ReadWriteMany claim through an access point."""

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import efs
from pulumi_kubernetes.core.v1 import CSIPersistentVolumeSourceArgs
from typing_extensions import NotRequired

from ..aws import efs_refused, tags_refused, zone_refused
from ..contract import AccessMode, Claim, Locks, Medium
from ..eks.security_group import Ports, storage_group
from ..encryption.kept import KEEPS_ITS_KEY
from ..quantity import gib, refused_size
from ..refusal import because, refuse
from ..volumes.static import static_claim, volume_spec


class EfsStorageArgs(TypedDict):
    """Arguments of EfsStorage."""

    namespace: Input[str]
    """Namespace that the claim is made in: that of the application."""
    key_arn: Input[str]
    """Full ARN of the KMS key. It cannot be changed later: a file system keeps its key for ever."""
    region: str
    """Region of the cluster."""
    vpc_id: Input[str]
    """VPC of the nodes."""
    subnets: Mapping[str, Input[str]]
    """Zone -> subnet, one for each zone that has pods: the file system's name resolves only in zones with a mount
    target (EFS user guide, mounting-fs-mount-helper)."""
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
    one_zone: NotRequired[bool]
    """Keep the data in the one zone of `subnets`: half the price, lost with the zone. Default false."""
    backup: NotRequired[bool]
    """Daily backups by AWS Backup's default plan, kept for 35 days; default true."""
    tags: NotRequired[Mapping[str, str]]
    """Added to everything that AWS can tag."""
    encrypted_by: NotRequired[str]
    """Who encrypts the data, for the storage table; default "KMS, key of your own"."""
    protect: NotRequired[bool]
    """Refuse to delete file system, access point, volume and claim; default true. They are kept in any case."""


def check(name: str, args: EfsStorageArgs) -> list[str]:
    """Mistakes in the arguments of EfsStorage(name, args); none: it can be made."""
    zones = list(args["subnets"])
    return [
        *(mistake for zone in zones for mistake in because(f"subnets: {zone!r}", zone_refused(zone, args["region"]))),
        *because("subnets", efs_refused(zones, args.get("one_zone", False))),
        *because("size", refused_size(args.get("size", "100Gi"))),
        *because("tags", tags_refused(args.get("tags", {}))),
    ]


def efs_claim(name: str, args: EfsStorageArgs, component: str = "EfsStorage") -> Claim:
    """The claim that EfsStorage(name, args) makes, before it makes it. Raises pulumi.RunError, naming `component`."""
    refuse(component, name, check(name, args))
    return Claim(
        name=args.get("claim_name", name),
        access_mode=AccessMode.RWX,
        medium=Medium.FILE,
        backend="efs",
        size_gib=gib(args.get("size", "100Gi"), "size"),
        zones=list(args["subnets"]),
        encrypted_by=args.get("encrypted_by", "KMS, key of your own"),
        locks=Locks.SHARED,  # NFS 4.1: the server arbitrates
        fs_group=False,  # the access point answers every chown with EPERM
    )


def file_system(args: EfsStorageArgs) -> efs.FileSystemArgs:
    """Arguments of the file system, from those of the component."""
    return efs.FileSystemArgs(
        encrypted=True,
        kms_key_id=args["key_arn"],
        performance_mode="generalPurpose",  # maxIO trades latency, and small files are all latency
        throughput_mode="elastic",  # bursting gives 50 KiB/s for each GiB stored: a small file system starves
        availability_zone_name=next(iter(args["subnets"])) if args.get("one_zone", False) else None,
        tags={**args.get("tags", {}), "Name": "kotaemon"},
    )


def access_point(args: EfsStorageArgs, file_system_id: Input[str]) -> efs.AccessPointArgs:
    """One directory, which EFS makes for the user at the first mount; every access is made as that user."""
    uid, gid = int(args.get("uid", 1001)), int(args.get("gid", 1001))
    return efs.AccessPointArgs(
        file_system_id=file_system_id,
        posix_user=efs.AccessPointPosixUserArgs(uid=uid, gid=gid),
        root_directory=efs.AccessPointRootDirectoryArgs(
            path="/kotaemon",
            creation_info=efs.AccessPointRootDirectoryCreationInfoArgs(
                owner_uid=uid, owner_gid=gid, permissions="0770"
            ),
        ),
        tags=args.get("tags"),
    )


def file_system_policy(file_system_arn: Any, access_point_arn: Any, operator: str = "StringEquals") -> dict[str, Any]:
    """Only through the access point and a mount target, only with TLS; nobody is root.

    `operator`: how the ARN of the access point is compared.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "MountThroughTheAccessPoint",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
                "Resource": file_system_arn,
                "Condition": {
                    "Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"},
                    operator: {"elasticfilesystem:AccessPointArn": access_point_arn},
                },
            },
            {
                "Sid": "NothingWithoutTls",
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "Action": "*",
                "Resource": file_system_arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }


def encrypted_files(name: str, args: EfsStorageArgs, parent: pulumi.Resource) -> efs.FileSystem:
    """The file system and its backups, as children of `parent`."""
    kept = ResourceOptions(
        parent=parent, protect=args.get("protect", True), retain_on_delete=True, ignore_changes=KEEPS_ITS_KEY
    )
    made = efs.FileSystem(f"{name}-files", args=file_system(args), opts=kept)
    status = "ENABLED" if args.get("backup", True) else "DISABLED"
    efs.BackupPolicy(
        f"{name}-backup",
        file_system_id=made.id,
        backup_policy=efs.BackupPolicyBackupPolicyArgs(status=status),
        opts=ResourceOptions(parent=parent),
    )
    return made


def mount_targets(
    name: str, args: EfsStorageArgs, file_system_id: Input[str], parent: pulumi.Resource
) -> list[pulumi.Resource]:
    """A mount target in each zone, open to the nodes only; with the rules, for whoever has to wait for them."""
    group = storage_group(
        name,
        "EFS of Kotaemon: NFS from the nodes",
        args["vpc_id"],
        [Ports(2049, 2049)],
        args["client_security_groups"],
        parent=parent,
        tags=args.get("tags"),
    )
    return [
        *group.rules,
        *(
            efs.MountTarget(
                f"{name}-{zone}",
                file_system_id=file_system_id,
                subnet_id=subnet,
                security_groups=[group.id],
                opts=ResourceOptions(parent=parent),
            )
            for zone, subnet in args["subnets"].items()
        ),
    ]


class EfsStorage(pulumi.ComponentResource):
    """A file system, a mount target in each zone, an access point, and a static volume and claim on it."""

    claim: Claim
    """The claim in plain values, known before anything exists."""
    file_system_id: Output[str]

    def __init__(self, name: str, args: EfsStorageArgs, opts: ResourceOptions | None = None) -> None:
        claim = efs_claim(name, args)
        super().__init__("kotaemon:index:EfsStorage", name, None, opts)
        self.claim = claim
        protect = args.get("protect", True)
        made = encrypted_files(name, args, self)
        self.file_system_id = made.id
        point = efs.AccessPoint(
            f"{name}-point",
            args=access_point(args, made.id),
            opts=ResourceOptions(parent=self, protect=protect, retain_on_delete=True),
        )
        policy = efs.FileSystemPolicy(
            f"{name}-policy",
            file_system_id=made.id,
            policy=Output.json_dumps(file_system_policy(made.arn, point.arn)),
            opts=ResourceOptions(parent=self),
        )
        source = CSIPersistentVolumeSourceArgs(
            driver="efs.csi.aws.com",
            # Two colons: no path, the access point has its own (aws-efs-csi-driver docs, access points).
            volume_handle=Output.concat(made.id, "::", point.id),
            volume_attributes={"encryptInTransit": "true"},
        )
        spec = volume_spec(self.claim, args["namespace"], source)
        after = [policy, *mount_targets(name, args, made.id, self)]
        static_claim(name, self.claim, args["namespace"], spec, parent=self, protect=protect, after=after)
        self.register_outputs({"claim": self.claim, "fileSystemId": self.file_system_id})
