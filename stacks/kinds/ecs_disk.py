"""Kind `ecs-disk`: an ESSD disk of Alibaba Cloud that the stack makes itself."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pulumi
from pydantic import Field, field_validator, model_validator

from components.contract import Claim, Medium, Platform
from components.essd_rules import (
    Disk,
    DiskType,
    PerformanceLevel,
    refused_snapshot_days,
    refused_static_disk,
    refused_type,
)
from components.quantity import gib
from estimate.products.alicloud_backups import Backups
from estimate.products.essd import EssdDisk
from stacks.effects import KIND_ROW, Effects, grows, in_place, refused
from stacks.kinds.base import Buys, Context, Identity, Kind, Made, NeededDriver
from stacks.platforms.alicloud import ids
from stacks.platforms.alicloud.drivers_needed import needed_driver as of_driver
from stacks.platforms.alicloud.fields import Zone
from stacks.platforms.alicloud.settings import AlicloudSettings, cloud_name, encrypted_by, tags, zone_mistakes
from stacks.settings.claim import ClaimSettings
from stacks.settings.existing import VOLUME, Id
from stacks.settings.fields import Size, accept
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.block.ecs_disk import EcsDiskStorageArgs

_LEVELS = Literal["PL0", "PL1", "PL2", "PL3"]


class EcsDiskClaim(ClaimSettings):
    """An ESSD disk that the stack makes itself: in a zone that you choose, with daily snapshots."""

    kind: Literal["ecs-disk"]
    size: Size = Field("20Gi", description="Size of the disk; it can only grow.")
    zone: Zone | None = Field(
        None, description="Zone of the disk and its pod for ever; none: the first of `vswitches` by name."
    )
    type: str = Field("cloud_auto", description="Disk category; not regional.")
    performance_level: _LEVELS | None = Field(None, description="Of cloud_essd; none: PL1.")
    provisioned_iops: int | None = Field(None, ge=1, description="Of cloud_auto, on top of the baseline.")
    bursting: bool = Field(False, description="Of cloud_auto: bursts, billed by use.")
    snapshot_days: int = Field(30, description="Days that the daily snapshots are kept.")

    @field_validator("type")
    @classmethod
    def _known(cls, value: str) -> str:
        accept(refused_type(value))
        return value

    @field_validator("snapshot_days")
    @classmethod
    def _kept(cls, value: int) -> int:
        accept(refused_snapshot_days(value))
        return value

    @model_validator(mode="after")
    def _possible(self) -> "EcsDiskClaim":
        disk = Disk(
            size_gib=gib(self.size, "size"),
            types=[DiskType(self.type)],
            level=PerformanceLevel(self.performance_level) if self.performance_level else None,
            iops=self.provisioned_iops,
            bursting=self.bursting,
        )
        accept(refused_static_disk(disk))
        return self

    @property
    def parts(self) -> Mapping[str, Id]:
        """The disk, its snapshots, and what stands on it."""
        return {
            "disk": ids.DISK,
            "snapshots": ids.SNAPSHOT_POLICY,
            "snapshots-of-disk": ids.POLICY_OF_DISK,
            **VOLUME,
        }

    @property
    def medium(self) -> Medium:
        """ESSD is a disk."""
        return Medium.BLOCK


_UPSTREAM = "terraform-provider-alicloud v1.285.0: resource_alicloud_ecs_disk.go"


class EcsDiskKind(Kind[EcsDiskClaim]):
    """An ESSD disk in a zone that the stack file names, with daily snapshots."""

    settings = EcsDiskClaim
    platforms = (Platform.ALICLOUD,)
    in_account = True
    drivers = ("diskplugin.csi.alibabacloud.com",)
    snapshots = True
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        "size": grows(f"{_UPSTREAM}, size; ECS ResizeDisk"),
        "zone": refused(f"{_UPSTREAM}, zone_id"),
        "type": in_place(f"{_UPSTREAM}, category"),
        "performance_level": in_place(f"{_UPSTREAM}, performance_level"),
        "provisioned_iops": in_place(f"{_UPSTREAM}, provisioned_iops"),
        "bursting": in_place(f"{_UPSTREAM}, bursting_enabled"),
        "snapshot_days": in_place("terraform-provider-alicloud: resource_alicloud_ecs_auto_snapshot_policy.go"),
    }

    def own_backup(self, chosen: EcsDiskClaim) -> str:
        """Daily snapshots by a policy of ECS."""
        return f"daily snapshots by ECS, kept {chosen.snapshot_days} days"

    def copied(self, chosen: EcsDiskClaim, settings: Settings) -> bool:
        """Always: the policy that makes its snapshots copies them."""
        return True

    def planned(self, at: Context[EcsDiskClaim]) -> Claim:
        """The claim as plain values."""
        from components.block.ecs_disk import ecs_disk_claim

        return ecs_disk_claim(at.component, _ecs_disk_args(at))

    def filled_in(self, at: Context[EcsDiskClaim]) -> dict[str, Any]:
        """The first zone of the section, where none is given."""
        return {"zone": at.chosen.zone or at.settings.section(AlicloudSettings).zones[0]}

    def identity(self, at: Context[EcsDiskClaim]) -> Identity:
        """A disk in another zone is another disk."""
        return {**super().identity(at), "zone": at.chosen.zone or at.settings.section(AlicloudSettings).zones[0]}

    def products(self, at: Context[EcsDiskClaim]) -> list[Buys]:
        """One disk and its snapshots."""
        chosen = at.chosen
        disk = EssdDisk(
            gib(chosen.size, "size"),
            chosen.type,
            chosen.performance_level or "PL1",
            chosen.provisioned_iops or 0,
            chosen.bursting,
        )
        return [
            Buys(f"{at.component}-disk", disk),
            Buys(f"{at.component}-snapshots-of-disk", Backups("ecs.snapshot")),
        ]

    def make(self, at: Context[EcsDiskClaim], opts: pulumi.ResourceOptions) -> Made:
        """The disk with its snapshot schedule, volume and claim."""
        from components.block.ecs_disk import EcsDiskStorage

        made = EcsDiskStorage(at.component, _ecs_disk_args(at), opts)
        return Made(made, id=made.disk_id)

    def needed_driver(self, chosen: EcsDiskClaim, settings: Settings) -> NeededDriver:
        """The driver of the component csi-plugin."""
        return of_driver("diskplugin.csi.alibabacloud.com")

    def mistakes(self, chosen: EcsDiskClaim, settings: Settings) -> Iterator[str]:
        """A zone without a vSwitch."""
        yield from zone_mistakes(settings.section(AlicloudSettings), "zone", [chosen.zone] if chosen.zone else [])


def _ecs_disk_args(at: Context[EcsDiskClaim]) -> "EcsDiskStorageArgs":
    from components.block.ecs_disk import EcsDiskStorageArgs

    alicloud = at.settings.section(AlicloudSettings)
    args = EcsDiskStorageArgs(
        namespace=at.namespace,
        cloud_name=cloud_name(),
        zone=at.chosen.zone or alicloud.zones[0],
        size=at.chosen.size,
        disk_type=DiskType(at.chosen.type),
        bursting=at.chosen.bursting,
        snapshot_days=at.chosen.snapshot_days,
        tags=tags(alicloud),
        encrypted_by=encrypted_by(alicloud),
        protect=at.settings.protect,
    )
    if not alicloud.service_key:
        args["key_id"] = at.key
    if at.chosen.performance_level is not None:
        args["performance_level"] = PerformanceLevel(at.chosen.performance_level)
    if at.chosen.provisioned_iops is not None:
        args["provisioned_iops"] = at.chosen.provisioned_iops
    if at.elsewhere is not None:
        args["copy_region"], args["copy_days"] = at.elsewhere.region, at.elsewhere.days
        args["copy_key_id"] = at.elsewhere.key
    if alicloud.resource_group_id is not None:
        args["resource_group_id"] = alicloud.resource_group_id
    return args


KIND = EcsDiskKind()
