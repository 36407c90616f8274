"""S3 Files: a prefix of an S3 bucket as NFS 4.1, through an access point, mounted by the CSI driver of EFS."""

import json
from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import iam, s3
from pulumi_kubernetes.core.v1 import CSIPersistentVolumeSourceArgs
from typing_extensions import NotRequired

from ..aws import dns_suffix, partition, tags_refused, zone_refused
from ..contract import BucketDialect, Claim
from ..eks.security_group import Ports, storage_group
from ..encryption.kept import KEEPS_ITS_KEY
from ..refusal import because, refuse
from ..volumes.static import static_claim, volume_spec
from .mounted import SIZE, mounted_claim, mounted_mistakes
from .rules import MOUNTED

DRIVER = "efs.csi.aws.com"
DRIVER_SINCE = 3
"""First major version of the driver that mounts S3 Files (EKS user guide, "Use Amazon S3 file system storage with the
Amazon EFS CSI driver", read 29 November 2026)."""
ROOT = "/kotaemon"
"""Folder of the prefix that is mounted. The root of a file system belongs to root, and so does what is in the bucket
already; this folder is made for the user of the pods at the first mount."""
_SERVICE = "elasticfilesystem.amazonaws.com"


class S3FilesStorageArgs(TypedDict):
    """Arguments of S3FilesStorage."""

    namespace: Input[str]
    """Namespace that the claim is made in: that of the application."""
    bucket_name: str
    """Name of the bucket. It must have versions, as every bucket of S3Bucket has."""
    bucket: NotRequired[Input[str]]
    """The same name, known once the versions are on; default: `bucket_name`."""
    account: Input[str]
    """Account of bucket and file system, 12 digits."""
    region: str
    """Region of the bucket and of the cluster."""
    prefix: NotRequired[str]
    """Folder of the bucket that the file system has, with a `/` at its end; default files/. Pods see its folder
    `kotaemon/`."""
    key_arn: Input[str]
    """Full ARN of the KMS key of the bucket and of the file system, which keeps it for ever."""
    vpc_id: Input[str]
    """VPC of the nodes."""
    subnets: Mapping[str, Input[str]]
    """Zone -> subnet, one for each zone that has pods."""
    client_security_groups: Mapping[str, Input[str]]
    """Security groups of the nodes. The keys are names of your own; they become part of the rules' names."""
    mount_role_arn: NotRequired[Input[str]]
    """ARN of the IAM role with which the driver's node pods run, which may then mount it. Default: none is named, and
    whoever runs the driver lets its role do so (`mount_statement`)."""
    claim_name: NotRequired[str]
    """Name of the PersistentVolumeClaim; default: the component's name."""
    size: NotRequired[str]
    """Size of the claim in Gi or Ti; default 1Ti. Nobody enforces it."""
    uid: NotRequired[int]
    """User that every access is made as; default 1001."""
    gid: NotRequired[int]
    """Group that every access is made as; default 1001."""
    permissions_boundary: NotRequired[Input[str]]
    """ARN of the IAM policy that is the permissions boundary of the role; default none."""
    tags: NotRequired[Mapping[str, str]]
    """Added to everything that AWS can tag."""
    encrypted_by: NotRequired[str]
    """Who encrypts bucket and file system, for the storage table; default "KMS, key of your own"."""
    protect: NotRequired[bool]
    """Refuse to delete file system, access point, volume and claim; default true. They are kept in any case."""


def check(name: str, args: S3FilesStorageArgs) -> list[str]:
    """Mistakes in the arguments of S3FilesStorage(name, args); none: it can be made."""
    zones = list(args["subnets"])
    return [
        *mounted_mistakes(args, BucketDialect.S3),
        *(mistake for zone in zones for mistake in because(f"subnets: {zone!r}", zone_refused(zone, args["region"]))),
        *because("subnets", "" if zones else "no zone; each zone with pods needs a mount target"),
        *because("tags", tags_refused(args.get("tags", {}))),
    ]


def s3_files_claim(name: str, args: S3FilesStorageArgs) -> Claim:
    """The claim that S3FilesStorage(name, args) makes, before it makes it. Raises pulumi.RunError.

    It is judged as a bucket: what is written reaches the objects a minute later, and a rename writes them anew.
    """
    refuse("S3FilesStorage", name, check(name, args))
    return mounted_claim(
        args.get("claim_name", name),
        args.get("size", SIZE),
        read_only=False,
        encrypted_by=args.get("encrypted_by", "KMS, key of your own"),
    )


def trust_policy(account: str, region: str) -> dict[str, Any]:
    """S3 Files takes the role as EFS, for file systems of this account and region only (S3 user guide, "S3 Files
    prerequisites", as the samples of AWS have it: aws-samples.github.io/sample-eks-nitro-sandbox, 29 November 2026)."""
    statement = {
        "Sid": "S3FilesTakesTheRole",
        "Effect": "Allow",
        "Principal": {"Service": _SERVICE},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {"aws:SourceArn": f"arn:{partition(region)}:s3files:{region}:{account}:file-system/*"},
        },
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def synchronization_policy(args: S3FilesStorageArgs, account: str, key_arn: Any) -> dict[str, Any]:
    """What S3 Files may do in the role: the prefix, the key through S3, and the rules of EventBridge by which it hears
    of changes (the same page). Narrower than there: objects of the prefix only, and rules of this account and region.
    """
    region = args["region"]
    front, arn = f"arn:{partition(region)}", f"arn:{partition(region)}:s3:::{args['bucket_name']}"
    own = {"StringEquals": {"aws:ResourceAccount": account}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ListTheBucket",
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:ListBucketVersions"],
                "Resource": arn,
                "Condition": own,
            },
            {
                "Sid": "ObjectsOfThePrefix",
                "Effect": "Allow",
                "Action": ["s3:AbortMultipartUpload", "s3:DeleteObject*", "s3:GetObject*", "s3:List*", "s3:PutObject*"],
                "Resource": f"{arn}/{args.get('prefix', MOUNTED)}*",
                "Condition": own,
            },
            {
                "Sid": "KeyThroughS3",
                "Effect": "Allow",
                "Action": [
                    "kms:GenerateDataKey",
                    "kms:Encrypt",
                    "kms:Decrypt",
                    "kms:ReEncryptFrom",
                    "kms:ReEncryptTo",
                ],
                "Resource": key_arn,
                "Condition": {
                    "StringLike": {
                        "kms:ViaService": f"s3.{region}.{dns_suffix(region)}",
                        "kms:EncryptionContext:aws:s3:arn": [arn, f"{arn}/*"],
                    }
                },
            },
            {
                "Sid": "OwnRulesOfEventBridge",
                "Effect": "Allow",
                "Action": [
                    "events:DeleteRule",
                    "events:DisableRule",
                    "events:EnableRule",
                    "events:PutRule",
                    "events:PutTargets",
                    "events:RemoveTargets",
                ],
                "Resource": f"{front}:events:{region}:{account}:rule/DO-NOT-DELETE-S3-Files*",
                "Condition": {"StringEquals": {"events:ManagedBy": _SERVICE}},
            },
            {
                "Sid": "ReadRulesOfEventBridge",
                "Effect": "Allow",
                "Action": [
                    "events:DescribeRule",
                    "events:ListRuleNamesByTarget",
                    "events:ListRules",
                    "events:ListTargetsByRule",
                ],
                "Resource": f"{front}:events:{region}:{account}:rule/*",
            },
        ],
    }


def mount_statement(access_point_arn: Any) -> dict[str, Any]:
    """What the driver's role needs: mount and write through the access point, and never as root."""
    return {
        "Sid": "MountThroughTheAccessPoint",
        "Effect": "Allow",
        "Action": ["s3files:ClientMount", "s3files:ClientWrite"],
        "Resource": "*",
        "Condition": {"ArnEquals": {"s3files:AccessPointArn": access_point_arn}},
    }


def file_system_policy(access_point_arn: Any, mount_role_arn: Any = None) -> dict[str, Any]:
    """Nobody mounts it but through the access point, and nobody is root (S3 user guide, "Control client access to an S3
    Files file system", read 29 November 2026: a denial here outlives a change of a role's own policy)."""
    other = {"ArnNotEquals": {"s3files:AccessPointArn": access_point_arn}}
    nobody = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Resource": "*"}
    statements: list[dict[str, Any]] = [
        {"Sid": "NoOtherAccessPoint", **nobody, "Action": "s3files:ClientMount", "Condition": other},
        {"Sid": "NobodyIsRoot", **nobody, "Action": "s3files:ClientRootAccess"},
    ]
    if mount_role_arn:
        statements.append({**mount_statement(access_point_arn), "Principal": {"AWS": mount_role_arn}})
    return {"Version": "2012-10-17", "Statement": statements}


def access_point(args: S3FilesStorageArgs, file_system_id: Input[str]) -> s3.FilesAccessPointArgs:
    """One folder, made for the user at the first mount; every access is made as that user."""
    uid, gid = int(args.get("uid", 1001)), int(args.get("gid", 1001))
    return s3.FilesAccessPointArgs(
        file_system_id=file_system_id,
        posix_users=[s3.FilesAccessPointPosixUserArgs(uid=uid, gid=gid)],
        root_directories=[
            s3.FilesAccessPointRootDirectoryArgs(
                path=ROOT,
                creation_permissions=[
                    s3.FilesAccessPointRootDirectoryCreationPermissionArgs(
                        owner_uid=uid, owner_gid=gid, permissions="0770"
                    )
                ],
            )
        ],
        tags=args.get("tags"),
    )


class S3FilesStorage(pulumi.ComponentResource):
    """The file system on the prefix, a mount target in each zone, an access point, and a volume and claim on it.

    Objects stay in the bucket whatever happens to it.
    """

    claim: Claim
    """The claim in plain values, known before anything exists."""
    file_system_id: Output[str]
    """Id of the file system."""

    def __init__(self, name: str, args: S3FilesStorageArgs, opts: ResourceOptions | None = None) -> None:
        claim = s3_files_claim(name, args)
        super().__init__("kotaemon:index:S3FilesStorage", name, None, opts)
        self.claim = claim
        protect = args.get("protect", True)
        self._kept = ResourceOptions(parent=self, protect=protect, retain_on_delete=True)
        files = self._files(name, args)
        self.file_system_id = files.id
        point = s3.FilesAccessPoint(f"{name}-point", args=access_point(args, files.id), opts=self._kept)
        policy = s3.FilesFileSystemPolicy(
            f"{name}-policy",
            file_system_id=files.id,
            policy=Output.all(point.arn, args.get("mount_role_arn")).apply(
                lambda known: json.dumps(file_system_policy(*known))
            ),
            opts=self._kept,
        )
        source = CSIPersistentVolumeSourceArgs(
            driver=DRIVER,
            # Without `s3files:` the driver takes it for EFS (kubernetes-sigs/aws-efs-csi-driver#1845).
            volume_handle=Output.concat("s3files:", files.id, "::", point.id),
        )
        spec = volume_spec(claim, args["namespace"], source)
        after = [policy, *self._mount_targets(name, args)]
        static_claim(name, claim, args["namespace"], spec, parent=self, protect=protect, after=after)
        self.register_outputs({"claim": self.claim, "fileSystemId": self.file_system_id})

    def _files(self, name: str, args: S3FilesStorageArgs) -> s3.FilesFileSystem:
        """The role by which S3 Files reads and writes the prefix, and the file system."""
        region = args["region"]
        account = Output.from_input(args["account"])
        role = iam.Role(
            f"{name}-s3-files-role",
            description="S3 Files keeps a bucket and a file system the same",
            assume_role_policy=account.apply(lambda known: json.dumps(trust_policy(known, region))),
            permissions_boundary=args.get("permissions_boundary"),
            tags=args.get("tags"),
            opts=self._kept,
        )
        allowed = iam.RolePolicy(
            f"{name}-access",
            role=role.name,
            policy=Output.all(account, args["key_arn"]).apply(
                lambda known: json.dumps(synchronization_policy(args, *known))
            ),
            opts=self._kept,
        )
        return s3.FilesFileSystem(
            f"{name}-files",
            bucket=Output.concat(f"arn:{partition(region)}:s3:::", args.get("bucket", args["bucket_name"])),
            prefix=args.get("prefix", MOUNTED),
            role_arn=role.arn,
            kms_key_id=args["key_arn"],
            tags=args.get("tags"),
            opts=ResourceOptions(
                parent=self,
                protect=args.get("protect", True),
                retain_on_delete=True,
                ignore_changes=KEEPS_ITS_KEY,
                depends_on=[allowed],
            ),
        )

    def _mount_targets(self, name: str, args: S3FilesStorageArgs) -> list[pulumi.Resource]:
        """A mount target in each zone, open to the nodes only."""
        protect = args.get("protect", True)
        group = storage_group(
            name,
            "S3 Files of Kotaemon: NFS from the nodes",
            args["vpc_id"],
            [Ports(2049, 2049)],
            args["client_security_groups"],
            parent=self,
            keep=True,
            protect=protect,
            tags=args.get("tags"),
        )
        return [
            *group.rules,
            *(
                s3.FilesMountTarget(
                    f"{name}-{zone}",
                    file_system_id=self.file_system_id,
                    subnet_id=subnet,
                    security_groups=[group.id],
                    # It stays as long as the protected volume, which is made after it.
                    opts=ResourceOptions(parent=self, retain_on_delete=not protect),
                )
                for zone, subnet in args["subnets"].items()
            ),
        ]
