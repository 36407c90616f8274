"""A prefix of an OSS bucket as a claim, mounted by ossfs through the CSI driver of ACK."""

from typing import TypedDict

import pulumi
from pulumi import Input, ResourceOptions
from pulumi_kubernetes.core.v1 import CSIPersistentVolumeSourceArgs, PersistentVolumeSpecArgs
from typing_extensions import NotRequired

from ..ack.rrsa import OssRole, OssRoleArgs
from ..alicloud import oss_endpoint, refused_cloud_name
from ..contract import BucketDialect, Claim
from ..refusal import because, refuse
from ..volumes.names import cluster_wide
from ..volumes.static import static_claim, volume_spec
from .mounted import SIZE, mounted_claim, mounted_mistakes
from .rules import MOUNTED

DRIVER = "ossplugin.csi.alibabacloud.com"
FUSE_NAMESPACE, FUSE_ACCOUNT = "ack-csi-fuse", "csi-fuse-ossfs"
"""Namespace and service account of the pods in which the driver runs ossfs (alibaba-cloud-csi-driver:
pkg/mounter/fuse_pod_manager/fuse_pod_manager.go)."""


class RrsaCluster(TypedDict):
    """What the role of a new mount trusts: the tokens of one cluster with RRSA."""

    oidc_issuer: Input[str]
    """Issuer of the cluster's tokens (ACK console: RRSA OIDC, provider URL)."""
    oidc_provider_arn: Input[str]
    """`acs:ram::<account>:oidc-provider/ack-rrsa-<cluster id>`."""


class OssfsStorageArgs(TypedDict):
    """Arguments of OssfsStorage."""

    namespace: Input[str]
    """Namespace that the claim is made in: that of the application."""
    bucket_name: str
    """Name of the bucket, as it stands in the role's policy."""
    bucket: NotRequired[Input[str]]
    """The same name, known once the bucket is there; default: `bucket_name`."""
    region: str
    """Region of the bucket; it is mounted by the endpoint inside of the VPC."""
    role_name: str
    """Name of the RAM role that ossfs takes (RRSA); with `cluster` it is made."""
    cluster: NotRequired[RrsaCluster]
    """The cluster whose tokens the role trusts. Default: the role is there already, and is left as it is."""
    key_id: NotRequired[Input[str]]
    """Id of the KMS key of the bucket, which a role that is made may use; default: the key that OSS keeps."""
    prefix: NotRequired[str]
    """Folder of the bucket that is mounted, with a `/` at its end; default files/."""
    claim_name: NotRequired[str]
    """Name of the PersistentVolumeClaim; default: the component's name."""
    size: NotRequired[str]
    """Size of the claim in Gi or Ti; default 1Ti. Nobody enforces it."""
    uid: NotRequired[int]
    """User to whom every file belongs; default 1001."""
    gid: NotRequired[int]
    """Group to which every file belongs; default 1001."""
    read_only: NotRequired[bool]
    """Mount it read-only; default false."""
    encrypted_by: NotRequired[str]
    """Who encrypts the bucket, for the storage table; default "KMS, key of your own"."""
    protect: NotRequired[bool]
    """Refuse to delete volume, claim and role; default true. They are kept on deletion in any case."""


def check(name: str, args: OssfsStorageArgs) -> list[str]:
    """Mistakes in the arguments of OssfsStorage(name, args); none: it can be made."""
    return [
        *mounted_mistakes(args, BucketDialect.OSS),
        *because(f"role_name {args['role_name']!r}", refused_cloud_name(args["role_name"])),
    ]


def ossfs_claim(name: str, args: OssfsStorageArgs) -> Claim:
    """The claim that OssfsStorage(name, args) makes, before it makes it. Raises pulumi.RunError."""
    refuse("OssfsStorage", name, check(name, args))
    return mounted_claim(
        args.get("claim_name", name),
        args.get("size", SIZE),
        read_only=args.get("read_only", False),
        encrypted_by=args.get("encrypted_by", "KMS, key of your own"),
    )


def fuse_options(args: OssfsStorageArgs) -> str:
    """Options of ossfs 1 (OSS, "Common options of ossfs"): without `allow_other` only root sees the files, and every
    file belongs to the user of the pods."""
    options = [
        f"uid={int(args.get('uid', 1001))}",
        f"gid={int(args.get('gid', 1001))}",
        "umask=007",
        "mp_umask=007",
        "allow_other",
        *(["ro"] if args.get("read_only", False) else []),
    ]
    return " ".join(f"-o {option}" for option in options)


def ossfs_volume(args: OssfsStorageArgs, claim: Claim, role_name: Input[str]) -> PersistentVolumeSpecArgs:
    """The static volume. Parameters: alibaba-cloud-csi-driver, docs/oss.md and pkg/oss/utils.go."""
    source = CSIPersistentVolumeSourceArgs(
        driver=DRIVER,
        volume_handle=cluster_wide(args["namespace"], claim["name"]),
        volume_attributes={
            "bucket": args.get("bucket", args["bucket_name"]),
            # The bucket refuses plain HTTP, and an address without a scheme would be plain.
            "url": oss_endpoint(args["region"]),
            "path": f"/{args.get('prefix', MOUNTED).rstrip('/')}",
            "fuseType": "ossfs",
            "authType": "rrsa",
            "roleName": role_name,
            "sigVersion": "v4",
            "region": args["region"],
            "otherOpts": fuse_options(args),
        },
    )
    return volume_spec(claim, args["namespace"], source)


class OssfsStorage(pulumi.ComponentResource):
    """The role of the mount, and a static volume and claim on the prefix. No object is ever deleted by it."""

    claim: Claim
    """The claim in plain values, known before anything exists."""

    def __init__(self, name: str, args: OssfsStorageArgs, opts: ResourceOptions | None = None) -> None:
        claim = ossfs_claim(name, args)
        super().__init__("kotaemon:index:OssfsStorage", name, None, opts)
        self.claim = claim
        protect = args.get("protect", True)
        role_name: Input[str] = args["role_name"]
        if "cluster" in args:
            role = OssRoleArgs(
                role_name=args["role_name"],
                oidc_issuer=args["cluster"]["oidc_issuer"],
                oidc_provider_arn=args["cluster"]["oidc_provider_arn"],
                namespace=FUSE_NAMESPACE,
                service_account=FUSE_ACCOUNT,
                bucket=args["bucket_name"],
                prefix=args.get("prefix", MOUNTED),
                read_only=args.get("read_only", False),
                key_id=args.get("key_id", ""),
                protect=protect,
            )
            role_name = OssRole(f"{name}-role", role, ResourceOptions(parent=self)).role_name
        spec = ossfs_volume(args, claim, role_name)
        static_claim(name, claim, args["namespace"], spec, parent=self, protect=protect)
        self.register_outputs({"claim": self.claim})
