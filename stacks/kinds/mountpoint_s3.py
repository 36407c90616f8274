"""Kind `mountpoint-s3`: a prefix of the stack's S3 bucket, mounted by Mountpoint for Amazon S3."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

import pulumi

from components.contract import Claim, Platform
from guard.object_mounts import MOUNTPOINT
from stacks.effects import Effects
from stacks.kinds import mounted
from stacks.kinds.base import Context, Identity, Kind, Made, NeededDriver
from stacks.platforms.aws import ids
from stacks.platforms.aws.drivers_needed import needed_driver as of_driver
from stacks.platforms.aws.settings import AwsSettings, encrypted_by
from stacks.settings.existing import VOLUME, Id
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.object.mountpoint import MountpointStorageArgs


class MountpointClaim(mounted.MountedClaim):
    """A prefix of the stack's S3 bucket, for files that are written once and read."""

    kind: Literal["mountpoint-s3"]

    @property
    def parts(self) -> Mapping[str, Id]:
        """The volume, its claim, and the right of the driver to the prefix."""
        return {**VOLUME, "access": ids.ATTACHED}


class MountpointKind(Kind[MountpointClaim]):
    """The stack's S3 bucket, mounted by Mountpoint for Amazon S3."""

    settings = MountpointClaim
    platforms = (Platform.AWS,)
    in_account = True
    fill_elsewhere = "CloudWatch, AWS/S3 BucketSizeBytes: a bucket has no size (mountpoint-s3: doc/SEMANTICS.md)"
    effects: ClassVar[Effects] = mounted.EFFECTS

    def planned(self, at: Context[MountpointClaim]) -> Claim:
        """The claim as plain values."""
        from components.object.mountpoint import mountpoint_claim

        return mountpoint_claim(at.component, _args(at))

    def identity(self, at: Context[MountpointClaim]) -> Identity:
        """Bucket and prefix."""
        return mounted.identity(at)

    def needed_driver(self, chosen: MountpointClaim, settings: Settings) -> NeededDriver | None:
        """The driver, unless the stack installs it."""
        return of_driver("s3.csi.aws.com", "s3", settings)

    def renames(self, chosen: MountpointClaim) -> bool:
        """A file appears whole when it is closed, and keeps its name."""
        return MOUNTPOINT.renames

    def bucket_prefix(self, chosen: MountpointClaim) -> str:
        """The prefix that it mounts."""
        return chosen.prefix

    def make(self, at: Context[MountpointClaim], opts: pulumi.ResourceOptions) -> Made:
        """The driver's right to the prefix, volume and claim. Says which right an adopted driver has to have."""
        from components.object.mountpoint import MountpointStorage

        args = _args(at)
        if "role_name" not in args:
            _tell_policy(at, args)
        return Made(MountpointStorage(at.component, args, opts))


def _tell_policy(at: Context[MountpointClaim], args: "MountpointStorageArgs") -> None:
    from components.object.mountpoint import access_policy

    section = at.settings.section(AwsSettings)
    who = section.drivers.s3.role or "of the driver s3.csi.aws.com"
    chosen = at.settings.bucket
    known = section.key_arn if chosen is None or chosen.made else chosen.key or ""
    # Said in a preview as well, where the key of the stack may not be there yet.
    policy = access_policy(args, "<ARN of the stack's key>" if known is None else known)
    pulumi.log.warn(
        f"kotaemon:storage.claims.{at.name}: the driver is not the stack's (kotaemon:aws.drivers.s3), so the IAM role "
        f"{who} has to have this policy: {json.dumps(policy)}"
    )


def _args(at: Context[MountpointClaim]) -> "MountpointStorageArgs":
    from components.object.mountpoint import MountpointStorageArgs

    aws = at.settings.section(AwsSettings)
    args = MountpointStorageArgs(
        namespace=at.namespace,
        bucket_name=mounted.bucket_name(at),
        bucket=mounted.bucket(at),
        region=aws.region,
        prefix=at.chosen.prefix,
        size=at.chosen.size,
        uid=at.settings.uid,
        gid=at.settings.gid,
        read_only=at.chosen.read_only,
        encrypted_by=mounted.encrypted(at, encrypted_by(aws)),
        protect=at.settings.protect,
    )
    if at.place.bucket_role is not None:
        args["role_name"], args["key_arn"] = at.place.bucket_role, mounted.key(at)
    return args


KIND = MountpointKind()
