"""A prefix of an S3 bucket as a claim, mounted by the CSI driver of Mountpoint for Amazon S3."""

import json
from typing import Any, TypedDict

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import iam
from pulumi_kubernetes.core.v1 import CSIPersistentVolumeSourceArgs, PersistentVolumeSpecArgs
from typing_extensions import NotRequired

from ..aws import dns_suffix, partition
from ..contract import BucketDialect, Claim
from ..refusal import refuse
from ..volumes.names import cluster_wide
from ..volumes.static import static_claim, volume_spec
from .mounted import SIZE, mounted_claim, mounted_mistakes
from .rules import MOUNTED

DRIVER = "s3.csi.aws.com"


class MountpointStorageArgs(TypedDict):
    """Arguments of MountpointStorage."""

    namespace: Input[str]
    """Namespace that the claim is made in: that of the application."""
    bucket_name: str
    """Name of the bucket, as it stands in the driver's IAM policy."""
    bucket: NotRequired[Input[str]]
    """The same name, known once the bucket is there; default: `bucket_name`."""
    region: str
    """Region of the bucket."""
    prefix: NotRequired[str]
    """Folder of the bucket that is mounted, with a `/` at its end; default files/."""
    role_name: NotRequired[Input[str]]
    """Name of the IAM role with which the driver runs: it gets the right to this prefix and the key, and to nothing
    else. Default: none, and whoever runs the driver gives its role that right (`access_policy`)."""
    key_arn: NotRequired[Input[str]]
    """Full ARN of the KMS key of the bucket, which the role may then use; default: the bucket has none of its own."""
    claim_name: NotRequired[str]
    """Name of the PersistentVolumeClaim; default: the component's name."""
    size: NotRequired[str]
    """Size of the claim in Gi or Ti; default 1Ti. Nobody enforces it."""
    uid: NotRequired[int]
    """User to whom every file belongs; default 1001."""
    gid: NotRequired[int]
    """Group to which every file belongs; default 1001."""
    read_only: NotRequired[bool]
    """Mount it read-only; default false: new files can be written, and files deleted and overwritten as a whole."""
    encrypted_by: NotRequired[str]
    """Who encrypts the bucket, for the storage table; default "KMS, key of your own"."""
    protect: NotRequired[bool]
    """Refuse to delete volume, claim and policy; default true. They are kept on deletion in any case."""


def check(name: str, args: MountpointStorageArgs) -> list[str]:
    """Mistakes in the arguments of MountpointStorage(name, args); none: it can be made."""
    return mounted_mistakes(args, BucketDialect.S3)


def mountpoint_claim(name: str, args: MountpointStorageArgs) -> Claim:
    """The claim that MountpointStorage(name, args) makes, before it makes it. Raises pulumi.RunError."""
    refuse("MountpointStorage", name, check(name, args))
    return mounted_claim(
        args.get("claim_name", name),
        args.get("size", SIZE),
        read_only=args.get("read_only", False),
        encrypted_by=args.get("encrypted_by", "KMS, key of your own"),
    )


def mount_options(args: MountpointStorageArgs) -> list[str]:
    """Options of the mount (mountpoint-s3: doc/CONFIGURATION.md).

    Without `allow-other` only root sees the files; without `allow-delete` and `allow-overwrite` nothing can be removed
    or replaced. The bucket encrypts with its own key, so no key is named.
    """
    writable = [] if args.get("read_only", False) else ["allow-delete", "allow-overwrite"]
    return [
        f"region {args['region']}",
        f"prefix {args.get('prefix', MOUNTED)}",
        f"uid={int(args.get('uid', 1001))}",
        f"gid={int(args.get('gid', 1001))}",
        "allow-other",
        "file-mode=0640",
        "dir-mode=0750",
        *(writable or ["read-only"]),
    ]


def access_policy(args: MountpointStorageArgs, key_arn: Any) -> dict[str, Any]:
    """What the driver may do: list the prefix, read, write and delete its objects, and use the key through S3 only
    (mountpoint-s3: doc/CONFIGURATION.md, IAM permissions)."""
    prefix, region = args.get("prefix", MOUNTED), args["region"]
    arn = f"arn:{partition(region)}:s3:::{args['bucket_name']}"
    write = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"]
    read_only = args.get("read_only", False)
    statements: list[dict[str, Any]] = [
        {
            "Sid": "ListThePrefix",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": arn,
            "Condition": {"StringLike": {"s3:prefix": [prefix, f"{prefix}*"]}},
        },
        {
            "Sid": "ObjectsOfThePrefix",
            "Effect": "Allow",
            "Action": ["s3:GetObject", *([] if read_only else write)],
            "Resource": f"{arn}/{prefix}*",
        },
    ]
    if key_arn:
        statements.append(
            {
                "Sid": "KeyOfTheBucket",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", *([] if read_only else ["kms:GenerateDataKey"])],
                "Resource": key_arn,
                "Condition": {"StringEquals": {"kms:ViaService": f"s3.{region}.{dns_suffix(region)}"}},
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def mountpoint_volume(name: str, args: MountpointStorageArgs, claim: Claim) -> PersistentVolumeSpecArgs:
    """The static volume: the driver knows no others."""
    source = CSIPersistentVolumeSourceArgs(
        driver=DRIVER,
        # Unique in the cluster: of two volumes with one handle only one is mounted.
        volume_handle=cluster_wide(args["namespace"], claim["name"]),
        volume_attributes={"bucketName": args.get("bucket", args["bucket_name"]), "authenticationSource": "driver"},
    )
    return volume_spec(claim, args["namespace"], source, mount_options(args))


class MountpointStorage(pulumi.ComponentResource):
    """The driver's right to the prefix, and a static volume and claim on it. No object is ever deleted by it."""

    claim: Claim
    """The claim in plain values, known before anything exists."""

    def __init__(self, name: str, args: MountpointStorageArgs, opts: ResourceOptions | None = None) -> None:
        claim = mountpoint_claim(name, args)
        super().__init__("kotaemon:index:MountpointStorage", name, None, opts)
        self.claim = claim
        protect, after = args.get("protect", True), list[pulumi.Resource]()
        if "role_name" in args:
            policy = iam.RolePolicy(
                f"{name}-access",
                role=args["role_name"],
                policy=Output.from_input(args.get("key_arn", "")).apply(
                    lambda key: json.dumps(access_policy(args, key))
                ),
                # Without it the driver that stays can read nothing of the volume that stays.
                opts=ResourceOptions(parent=self, protect=protect, retain_on_delete=True),
            )
            after.append(policy)
        spec = mountpoint_volume(name, args, claim)
        static_claim(name, claim, args["namespace"], spec, parent=self, protect=protect, after=after)
        self.register_outputs({"claim": self.claim})
