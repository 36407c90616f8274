"""Kind `s3-files`: a prefix of the stack's S3 bucket by S3 Files, as NFS with renames and appends."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

import pulumi
from pydantic import Field

from components.contract import Claim, Medium, Platform
from components.object.rules import MOUNTED
from estimate.products.s3_files import S3Files
from guard.object_mounts import S3_FILES
from stacks.effects import KIND_ROW, VOLUME_TAKES, VOLUME_ZONES, Effects, in_place, names, new_only, refused
from stacks.kinds import mounted
from stacks.kinds.base import Buys, Context, Identity, Kind, Made
from stacks.platforms.aws import ids
from stacks.platforms.aws.effects import SUBNET_CHANGES
from stacks.platforms.aws.settings import AwsSettings, RoleArn, boundary, encrypted_by, network_mistakes, tags
from stacks.settings.claim import ClaimSettings
from stacks.settings.existing import VOLUME, Id
from stacks.settings.fields import Size
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.object.s3_files import S3FilesStorageArgs


class S3FilesClaim(ClaimSettings):
    """A prefix of the stack's S3 bucket as a file system of S3 Files, in every zone of the stack."""

    kind: Literal["s3-files"]
    prefix: mounted.Prefix = Field(
        MOUNTED, description="Folder of the bucket that the file system has; pods see its folder kotaemon/."
    )
    size: Size = Field("1Ti", description="Size of the claim; nobody enforces it.")
    mount_role: RoleArn | None = Field(
        None,
        description="ARN of the IAM role with which the driver's pods on the nodes run (service account "
        "efs-csi-node-sa), which may then mount it. Default: none, and a run prints what that role has to be let do.",
    )

    @property
    def parts(self) -> Mapping[str, Id]:
        """The file system with what guards it, its mount targets, the role of S3 Files, and what stands on it."""
        return {
            "files": ids.FILE_SYSTEM,
            "policy": ids.FILE_SYSTEM,
            "point": ids.ACCESS_POINT,
            "s3-files-role": ids.IAM_ROLE,
            "access": ids.ATTACHED,
            **VOLUME,
            **ids.network("from"),
            r"[a-z]{2}(-[a-z]+)+-[0-9][a-z]": ids.MOUNT_TARGET,
        }

    @property
    def medium(self) -> Medium:
        """Objects, mounted as files."""
        return Medium.OBJECT


_UPSTREAM = "terraform-provider-aws: internal/service/s3files/file_system.go"


class S3FilesKind(Kind[S3FilesClaim]):
    """The stack's S3 bucket as a file system of S3 Files."""

    settings = S3FilesClaim
    platforms = (Platform.AWS,)
    in_account = True
    fill_elsewhere = "CloudWatch, AWS/S3 BucketSizeBytes: a bucket has no size"
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        "prefix": names(f"{_UPSTREAM}, prefix", "objects do not move: copy them to the other prefix first"),
        "size": in_place(VOLUME_TAKES, "a bucket knows no sizes; the claim keeps its request"),
        "mount_role": in_place("S3 Files: PutFileSystemPolicy", "a node takes it at its next mount"),
    }
    section_effects: ClassVar[Effects] = dict.fromkeys(
        ("subnets", "zones"),
        new_only(
            VOLUME_ZONES,
            "a new zone gets its mount target; the living volume keeps its pods in the zones that it began with",
            (
                SUBNET_CHANGES,
                refused("terraform-provider-aws: internal/service/s3files/mount_target.go, subnet_id", "leave it"),
            ),
        ),
    )

    def planned(self, at: Context[S3FilesClaim]) -> Claim:
        """The claim as plain values."""
        from components.object.s3_files import s3_files_claim

        return s3_files_claim(at.component, _args(at))

    def identity(self, at: Context[S3FilesClaim]) -> Identity:
        """Bucket and prefix."""
        return mounted.identity(at)

    def products(self, at: Context[S3FilesClaim]) -> list[Buys]:
        """The cache in front of the bucket, which is bought as such."""
        return [Buys(f"{at.component}-files", S3Files())]

    def renames(self, chosen: S3FilesClaim) -> bool:
        """A file can be renamed; its object is written anew."""
        return S3_FILES.renames

    def bucket_prefix(self, chosen: S3FilesClaim) -> str:
        """The prefix that it has: objects in an archive class cannot be read through it."""
        return chosen.prefix

    def key_users(self, chosen: S3FilesClaim) -> tuple[str, ...]:
        """S3 Files, which is built on EFS."""
        return ("elasticfilesystem",)

    def make(self, at: Context[S3FilesClaim], opts: pulumi.ResourceOptions) -> Made:
        """File system, volume and claim. Says what the driver's role has to be let do, where the stack names none."""
        from components.object.s3_files import S3FilesStorage, mount_statement

        if at.chosen.mount_role is None:
            wanted = json.dumps(mount_statement("<ARN of the access point>"))
            pulumi.log.warn(
                f"kotaemon:storage.claims.{at.name}.mountRole: missing, so the IAM role of the driver's pods on the "
                f"nodes (efs-csi-node-sa) has to have this statement, or mounts are refused: {wanted}"
            )
        made = S3FilesStorage(at.component, _args(at), opts)
        return Made(made, id=made.file_system_id)

    def mistakes(self, chosen: S3FilesClaim, settings: Settings) -> Iterator[str]:
        """A network that is not known, a bucket of somebody else, and a driver that is too old."""
        from components.object.s3_files import DRIVER_SINCE

        aws = settings.section(AwsSettings)
        yield from network_mistakes(aws, 1)
        if settings.bucket is not None and not settings.bucket.made:
            yield (
                f"kind: needs a bucket with versions, and of {settings.bucket.name!r}, which is there already, they "
                "are not known; let the stack make its bucket, or name a claim on S3 Files by kind existing-claim"
            )
        version = aws.drivers.efs.version
        if version is not None and (major := re.match(r"v?([0-9]+)\.", version)) and int(major[1]) < DRIVER_SINCE:
            yield (
                f"kind: needs version {DRIVER_SINCE} of the driver efs.csi.aws.com, and aws.drivers.efs.version is "
                f"{version}; raise it"
            )

    def warnings(self, chosen: S3FilesClaim) -> Iterator[str]:
        """What the cluster has to have, which the stack file does not say."""
        yield (
            ": needs version 3 of the driver efs.csi.aws.com, of 3.2 a later one than 3.2.0 (kubernetes-sigs/"
            "aws-efs-csi-driver#1907); it is not mounted on Fargate, Windows and hybrid nodes"
        )


def _args(at: Context[S3FilesClaim]) -> "S3FilesStorageArgs":
    from components.object.s3_files import S3FilesStorageArgs

    aws = at.settings.section(AwsSettings)
    args = S3FilesStorageArgs(
        namespace=at.namespace,
        bucket_name=mounted.bucket_name(at),
        bucket=mounted.bucket(at),
        account=at.place.account,
        region=aws.region,
        prefix=at.chosen.prefix,
        key_arn=at.key,
        vpc_id=at.place.vpc,
        subnets=at.place.subnets,
        client_security_groups=at.place.groups,
        size=at.chosen.size,
        uid=at.settings.uid,
        gid=at.settings.gid,
        tags=tags(aws),
        encrypted_by=encrypted_by(aws),
        protect=at.settings.protect,
        **boundary(aws),
    )
    if at.chosen.mount_role is not None:
        args["mount_role_arn"] = at.chosen.mount_role
    return args


KIND = S3FilesKind()
