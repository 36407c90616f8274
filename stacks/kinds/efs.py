"""Kind `efs`: Amazon EFS."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

import pulumi
from pydantic import Field, model_validator

from components.contract import Claim, Medium, Platform
from components.quantity import gib
from estimate.offers import Offer, Part, Wanted
from estimate.products.efs import Efs
from stacks.effects import KIND_ROW, VOLUME_TAKES, VOLUME_ZONES, Effects, When, in_place, new_only, refused
from stacks.kinds.base import Buys, Context, Identity, Kind, Made, NeededDriver, Watched
from stacks.offered import file_claim, given
from stacks.platforms.aws import ids
from stacks.platforms.aws.drivers_needed import needed_driver as of_driver
from stacks.platforms.aws.effects import SUBNET_CHANGES
from stacks.platforms.aws.settings import AwsSettings, encrypted_by, network_mistakes, tags, zone_mistakes
from stacks.settings.claim import ClaimSettings
from stacks.settings.existing import ON_CLASS, VOLUME, Id
from stacks.settings.fields import Size
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.file.efs import EfsStorageArgs
    from components.file.efs_dynamic import EfsDynamicStorageArgs


class EfsClaim(ClaimSettings):
    """Amazon EFS: NFS without sizing, in every zone of the stack."""

    kind: Literal["efs"]
    size: Size = Field("100Gi", description="Size of the claim; EFS does not enforce it.")
    one_zone: str | None = Field(None, description="Keep the data in this zone only: half the price, lost with it.")
    backup: bool = Field(True, description="Daily backups, kept for 35 days.")
    provisioning: Literal["static", "dynamic"] = Field(
        "static",
        description="Who makes the volume. static: the stack, and a claim made anew finds its data again. dynamic: the "
        "driver, through a StorageClass; its controller needs AWS permissions, and a claim made anew is empty.",
    )

    @model_validator(mode="after")
    def _ways(self) -> "EfsClaim":
        if self.provisioning == "dynamic" and self.one_zone is not None:
            raise ValueError(
                "oneZone belongs to provisioning static: the driver's volume does not keep pods in the zone; "
                "leave oneZone out, or set provisioning to static"
            )
        return self

    @property
    def parts(self) -> Mapping[str, Id]:
        """The file system with what guards it, its mount targets, and what stands on it."""
        return {
            "files": ids.FILE_SYSTEM,
            "backup": ids.FILE_SYSTEM,
            "policy": ids.FILE_SYSTEM,
            **({"point": ids.ACCESS_POINT, **VOLUME} if self.provisioning == "static" else ON_CLASS),
            **ids.network("from"),
            r"[a-z]{2}(-[a-z]+)+-[0-9][a-z]": ids.MOUNT_TARGET,
        }

    @property
    def medium(self) -> Medium:
        """EFS is shared."""
        return Medium.FILE


_UPSTREAM = "terraform-provider-aws: internal/service/efs/file_system.go"
_SUBNET = refused(
    "terraform-provider-aws: internal/service/efs/mount_target.go, subnet_id",
    "pods that mount through the subnet of a zone would hang; leave the zones that are there as they are",
)
_DYNAMIC = When("provisioning is dynamic", lambda before, after: after.get("provisioning") == "dynamic")


class EfsKind(Kind[EfsClaim]):
    """A file system of Amazon EFS, with an access point of the stack's own or volumes that the driver makes."""

    settings = EfsClaim
    platforms = (Platform.AWS,)
    fill_elsewhere = (
        "CloudWatch, AWS/EFS StorageBytes: the driver reports no fill unless it is told to walk through all files "
        "(aws-efs-csi-driver#691, aws/containers-roadmap#2642)"
    )
    in_account = True
    arn = "elasticfilesystem:file-system"
    drivers = ("efs.csi.aws.com",)
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        "size": in_place(VOLUME_TAKES, "EFS knows no sizes; the claim keeps its request"),
        "one_zone": refused(f"{_UPSTREAM}, availability_zone_name"),
        "backup": in_place("terraform-provider-aws: internal/service/efs/backup_policy.go"),
        "provisioning": refused("the driver's volume is another directory of the file system (stacks/kinds/efs.py)"),
    }
    section_effects: ClassVar[Effects] = {
        **dict.fromkeys(
            ("subnets", "zones"),
            new_only(
                VOLUME_ZONES,
                "a new zone gets its mount target; the living volume keeps its pods in the zones that it began with",
                (SUBNET_CHANGES, _SUBNET),
                (_DYNAMIC, in_place("components/file/efs_dynamic.py: its volume is in no zone")),
            ),
        ),
    }

    def own_backup(self, chosen: EfsClaim) -> str:
        """Daily backups by AWS Backup's default plan, where they are on."""
        return "daily backups by AWS Backup, kept 35 days" if chosen.backup else ""

    def planned(self, at: Context[EfsClaim]) -> Claim:
        """The claim as plain values."""
        from components.file.efs import efs_claim
        from components.file.efs_dynamic import efs_dynamic_claim

        if at.chosen.provisioning == "dynamic":
            return efs_dynamic_claim(at.component, _efs_dynamic_args(at))
        return efs_claim(at.component, _efs_args(at))

    def identity(self, at: Context[EfsClaim]) -> Identity:
        """In one zone or in all, and made by the stack or by the driver: each is a file system of its own."""
        words = {**super().identity(at), "zone": at.chosen.one_zone or "all"}
        dynamic = {"claim": f"{at.settings.namespace}/{at.component}"}
        return {**words, **(dynamic if at.chosen.provisioning == "dynamic" else {})}

    def products(self, at: Context[EfsClaim]) -> list[Buys]:
        """One file system. It bills what is stored, taken as the size of the claim."""
        size = gib(at.chosen.size, "size")
        return [Buys(f"{at.component}-files", Efs(size, at.chosen.one_zone is not None, at.chosen.backup))]

    def make(self, at: Context[EfsClaim], opts: pulumi.ResourceOptions) -> Made:
        """The file system with its mount targets, volume and claim. Its access point owns the folders."""
        from components.file.efs import EfsStorage
        from components.file.efs_dynamic import EfsDynamicStorage

        if at.chosen.provisioning == "dynamic":
            dynamic = EfsDynamicStorage(at.component, _efs_dynamic_args(at), opts)
            return Made(dynamic, id=dynamic.file_system_id)
        static = EfsStorage(at.component, _efs_args(at), opts)
        return Made(static, id=static.file_system_id)

    def mistakes(self, chosen: EfsClaim, settings: Settings) -> Iterator[str]:
        """A zone of others, and a network that is not known."""
        aws = settings.section(AwsSettings)
        yield from zone_mistakes(aws, "oneZone", [chosen.one_zone] if chosen.one_zone else [])
        yield from network_mistakes(aws, 1)

    def watched(self, chosen: EfsClaim) -> Watched:
        """What is stored, against the size that was planned: EFS itself has no end."""
        return Watched("efs", chosen.size)

    def needed_driver(self, chosen: EfsClaim, settings: Settings) -> NeededDriver | None:
        """The driver, unless the stack installs it."""
        return of_driver("efs.csi.aws.com", "efs", settings)

    def key_users(self, chosen: EfsClaim) -> tuple[str, ...]:
        """EFS itself, and AWS Backup for its copies."""
        return ("elasticfilesystem", "backup")

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """In all zones, and in one."""
        size = wanted.gib(Part.FILES)
        for zone in (None, wanted.zones[0]):
            said = given({"kind": "efs", "size": f"{size}Gi", "oneZone": zone})
            product = Efs(size, one_zone=zone is not None)
            yield Offer(Part.FILES, (product,), file_claim(Part.FILES, size, "efs", "KMS"), said)


def _efs_args(at: Context[EfsClaim]) -> "EfsStorageArgs":
    from components.file.efs import EfsStorageArgs

    aws = at.settings.section(AwsSettings)
    zones = [at.chosen.one_zone] if at.chosen.one_zone else list(at.place.subnets)
    return EfsStorageArgs(
        namespace=at.namespace,
        key_arn=at.key,
        region=aws.region,
        vpc_id=at.place.vpc,
        subnets={zone: at.place.subnets[zone] for zone in zones},
        client_security_groups=at.place.groups,
        size=at.chosen.size,
        uid=at.settings.uid,
        gid=at.settings.gid,
        one_zone=at.chosen.one_zone is not None,
        backup=at.chosen.backup,
        tags=tags(aws),
        encrypted_by=encrypted_by(aws),
        protect=at.settings.protect,
    )


def _efs_dynamic_args(at: Context[EfsClaim]) -> "EfsDynamicStorageArgs":
    from components.file.efs_dynamic import EfsDynamicStorageArgs

    aws = at.settings.section(AwsSettings)
    return EfsDynamicStorageArgs(
        namespace=at.namespace,
        key_arn=at.key,
        region=aws.region,
        vpc_id=at.place.vpc,
        subnets=at.place.subnets,
        client_security_groups=at.place.groups,
        size=at.chosen.size,
        uid=at.settings.uid,
        gid=at.settings.gid,
        backup=at.chosen.backup,
        tags=tags(aws),
        encrypted_by=encrypted_by(aws),
        protect=at.settings.protect,
    )


KIND = EfsKind()
