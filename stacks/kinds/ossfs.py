"""Kind `ossfs`: a prefix of the stack's OSS bucket, mounted by ossfs."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

import pulumi
from pydantic import Field

from components.contract import Claim, Platform
from stacks.effects import VOLUME_SOURCE, Effects, refused
from stacks.kinds import mounted
from stacks.kinds.base import Context, Identity, Kind, Made, NeededDriver
from stacks.platforms.alicloud import ids
from stacks.platforms.alicloud.drivers_needed import needed_driver as of_driver
from stacks.platforms.alicloud.settings import AlicloudSettings, cloud_name, encrypted_by
from stacks.settings.existing import VOLUME, Id
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.object.ossfs import OssfsStorageArgs


class OssfsClaim(mounted.MountedClaim):
    """A prefix of the stack's OSS bucket, for files that are written once and read."""

    kind: Literal["ossfs"]
    role_name: str | None = Field(
        None,
        min_length=1,
        description="RAM role that the mount takes (RRSA) and that is there already; default: the stack makes one.",
    )

    @property
    def parts(self) -> Mapping[str, Id]:
        """The volume, its claim, and the role of the mount."""
        return {**VOLUME, "role-(role|policy|attached)": ids.ROLE}


class OssfsKind(Kind[OssfsClaim]):
    """The stack's OSS bucket, mounted by ossfs."""

    settings = OssfsClaim
    platforms = (Platform.ALICLOUD,)
    in_account = True
    fill_elsewhere = "CloudMonitor, acs_oss MeteringStorageUtilization: a bucket has no size (OSS, metering metrics)"
    effects: ClassVar[Effects] = {**mounted.EFFECTS, "role_name": refused(VOLUME_SOURCE)}

    def planned(self, at: Context[OssfsClaim]) -> Claim:
        """The claim as plain values."""
        from components.object.ossfs import ossfs_claim

        return ossfs_claim(at.component, _args(at))

    def identity(self, at: Context[OssfsClaim]) -> Identity:
        """Bucket and prefix."""
        return mounted.identity(at)

    def needed_driver(self, chosen: OssfsClaim, settings: Settings) -> NeededDriver:
        """The driver of the component csi-plugin."""
        return of_driver("ossplugin.csi.alibabacloud.com")

    def bucket_prefix(self, chosen: OssfsClaim) -> str:
        """The prefix that it mounts."""
        return chosen.prefix

    def make(self, at: Context[OssfsClaim], opts: pulumi.ResourceOptions) -> Made:
        """The role of the mount, volume and claim."""
        from components.object.ossfs import OssfsStorage

        return Made(OssfsStorage(at.component, _args(at), opts))

    def mistakes(self, chosen: OssfsClaim, settings: Settings) -> Iterator[str]:
        """What a role of the stack's own needs to trust the cluster."""
        section = settings.section(AlicloudSettings)
        needed = {"account": section.account, "clusterId": section.cluster_id, "oidcIssuer": section.oidc_issuer}
        missing = [key for key, value in needed.items() if value is None]
        if chosen.role_name is None and missing:
            yield (
                f"roleName: missing; give a RAM role that is there, or {', '.join(missing)} in kotaemon:alicloud, and "
                "the stack makes one"
            )


def _args(at: Context[OssfsClaim]) -> "OssfsStorageArgs":
    from components.object.ossfs import OssfsStorageArgs, RrsaCluster

    section = at.settings.section(AlicloudSettings)
    args = OssfsStorageArgs(
        namespace=at.namespace,
        bucket_name=mounted.bucket_name(at),
        bucket=mounted.bucket(at),
        region=section.region,
        role_name=at.chosen.role_name or f"{cloud_name()}-{at.component}",
        key_id=mounted.key(at),
        prefix=at.chosen.prefix,
        size=at.chosen.size,
        uid=at.settings.uid,
        gid=at.settings.gid,
        read_only=at.chosen.read_only,
        encrypted_by=mounted.encrypted(at, encrypted_by(section)),
        protect=at.settings.protect,
    )
    if at.chosen.role_name is None and section.oidc_issuer is not None:
        provider = f"acs:ram::{section.account}:oidc-provider/ack-rrsa-{section.cluster_id}"
        args["cluster"] = RrsaCluster(oidc_issuer=section.oidc_issuer, oidc_provider_arn=provider)
    return args


KIND = OssfsKind()
