"""Kind `ebs`: a disk of Amazon EBS."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

import pulumi
from pydantic import Field, model_validator

from components.aws import EbsType, ebs_refused
from components.contract import AccessMode, Claim, Medium, Platform
from components.kubernetes_version import VOLUME_ATTRIBUTES_CLASS
from components.quantity import gib
from estimate.offers import Offer, Wanted
from estimate.products.ebs import EbsDisk
from stacks.effects import (
    CLAIM_GROWS,
    CLAIM_SPEC,
    CLASS,
    KIND_ROW,
    VOLUME_SOURCE,
    Effects,
    When,
    grows,
    in_place,
    late,
    new_only,
    refused,
)
from stacks.kinds.base import Buys, Context, Identity, Kind, Made, NeededDriver
from stacks.offered import DISKS, disk_claim, given
from stacks.platforms.aws import ids
from stacks.platforms.aws.drivers_needed import needed_driver as of_driver
from stacks.platforms.aws.settings import AwsSettings, disk_tags, encrypted_by, tags, zone_mistakes
from stacks.settings.claim import ClaimSettings
from stacks.settings.existing import ON_CLASS, VOLUME, Id
from stacks.settings.fields import Size, accept
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.block.ebs import EbsStorageArgs
    from components.block.ebs_volume import EbsVolumeArgs


class EbsClaim(ClaimSettings):
    """A disk of Amazon EBS, encrypted with the stack's key, in the zone of the first pod."""

    kind: Literal["ebs"]
    size: Size = Field("20Gi", description="Size of the disk; it can only grow.")
    volume_type: EbsType = Field(EbsType.GP3, description="gp3, or io2 for a disk that never waits.")
    iops: int | None = Field(None, description="gp3: 3000 (default) to 80000, 500 for each GiB; io2: required.")
    throughput: int | None = Field(None, description="gp3, MiB/s: 125 (default) to 2000, a quarter of the IOPS.")
    file_system: Literal["ext4", "xfs"] = Field("ext4", description="xfs for very many small files.")
    zone: str | None = Field(None, description="Make the disk now, in this zone; none: in the zone of the first pod.")
    snapshot: str | None = Field(None, description="Snapshot to start from; needs zone.")
    access_mode: Literal["ReadWriteOncePod", "ReadWriteOnce"] = Field(
        "ReadWriteOncePod", description="ReadWriteOncePod keeps a second pod Pending; ReadWriteOnce is per node only."
    )
    attributes_class: bool = Field(False, description="IOPS and throughput can change later; needs Kubernetes 1.34.")
    snapshot_class: bool = Field(False, description="Make a VolumeSnapshotClass; needs the snapshot controller add-on.")

    @model_validator(mode="after")
    def _limits(self) -> "EbsClaim":
        accept(ebs_refused(self.volume_type, gib(self.size, "size"), self.iops, self.throughput))
        if self.snapshot is not None and self.zone is None:
            raise ValueError("snapshot needs zone: the driver starts from a snapshot only through a VolumeSnapshot")
        if self.zone is not None and (self.attributes_class or self.snapshot_class):
            raise ValueError("attributesClass and snapshotClass need a class, and a disk in a given zone has none")
        return self

    @property
    def parts(self) -> Mapping[str, Id]:
        """With a zone the disk and its volume; without one the claim and its class."""
        return ON_CLASS if self.zone is None else {"disk": ids.DISK, **VOLUME}

    @property
    def medium(self) -> Medium:
        """EBS is a disk."""
        return Medium.BLOCK


_MODIFIED = f"{CLAIM_GROWS}; EC2 ModifyVolume"
_UPSTREAM = "terraform-provider-aws: internal/service/ec2/ebs_volume.go"
_IN_A_ZONE = When("with `zone`", lambda before, after: before.get("zone") is not None)
_WITH_CLASS = When("with `attributesClass`", lambda before, after: bool(after.get("attributesClass")))
_CLASS_GONE = When("it is switched off", lambda before, after: bool(before.get("attributesClass")))
_SPEED = new_only(
    CLASS,
    "the living disk keeps its type, IOPS and throughput; `attributesClass: true` lets them change in place",
    (_WITH_CLASS, late(in_place("aws-ebs-csi-driver docs/modify-volume.md: VolumeAttributesClass"))),
    (_IN_A_ZONE, in_place(f"{_UPSTREAM}, type, iops and throughput")),
)


class EbsKind(Kind[EbsClaim]):
    """A disk of Amazon EBS: made by the driver for the first pod, or by the stack in a zone that the file names."""

    settings = EbsClaim
    platforms = (Platform.AWS,)
    in_account = True
    arn = "ec2:volume"
    drivers = ("ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com")
    snapshots = True
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        "size": late(grows(_MODIFIED, (_IN_A_ZONE, in_place(_MODIFIED, "it can only grow")))),
        **dict.fromkeys(("volume_type", "iops", "throughput"), _SPEED),
        "file_system": new_only(CLASS, "the living disk keeps its file system", (_IN_A_ZONE, refused(VOLUME_SOURCE))),
        "zone": refused(f"{_UPSTREAM}, availability_zone"),
        "snapshot": refused(f"{_UPSTREAM}, snapshot_id"),
        "access_mode": refused(CLAIM_SPEC),
        "attributes_class": late(
            in_place(
                "API server: a claim can get a VolumeAttributesClass",
                "from then on volumeType, iops and throughput change in place",
                (_CLASS_GONE, refused("API server: a claim cannot lose its VolumeAttributesClass", "leave it on")),
            )
        ),
        "snapshot_class": in_place("a VolumeSnapshotClass is an object of its own"),
    }
    section_effects: ClassVar[Effects] = {
        "tags": new_only(CLASS, "the disk keeps its tags", (_IN_A_ZONE, in_place(f"{_UPSTREAM}, tags"))),
        "auto_mode_tags": new_only(CLASS, "the living disk keeps its tags"),
        "auto_mode": new_only(CLASS, "the disk keeps its driver: the two do not share disks"),
        **dict.fromkeys(("zones", "subnets"), new_only(CLASS, "the disk stays in its zone")),
    }

    def planned(self, at: Context[EbsClaim]) -> Claim:
        """The claim as plain values."""
        from components.block.ebs import ebs_claim
        from components.block.ebs_volume import ebs_volume_claim

        if at.chosen.zone is None:
            return ebs_claim(at.component, _ebs_args(at))
        return ebs_volume_claim(at.component, _ebs_volume_args(at))

    def identity(self, at: Context[EbsClaim]) -> Identity:
        """A disk in a given zone is another one elsewhere; a disk without one belongs to the claim of its namespace."""
        words = dict(super().identity(at))
        if at.chosen.zone is not None:
            return {**words, "zone": at.chosen.zone}
        return {**words, "claim": f"{at.settings.namespace}/{at.component}"}

    def needs(self, chosen: EbsClaim) -> Mapping[str, tuple[int, int]]:
        """VolumeAttributesClass, where the claim asks for one."""
        return {"attributesClass": VOLUME_ATTRIBUTES_CLASS} if chosen.attributes_class else {}

    def products(self, at: Context[EbsClaim]) -> list[Buys]:
        """One disk."""
        chosen = at.chosen
        disk = EbsDisk(gib(chosen.size, "size"), chosen.volume_type.value, chosen.iops, chosen.throughput)
        return [Buys(f"{at.component}-{'claim' if chosen.zone is None else 'disk'}", disk)]

    def make(self, at: Context[EbsClaim], opts: pulumi.ResourceOptions) -> Made:
        """A claim with a class of its own, or the disk with its volume and claim."""
        from components.block.ebs import EbsStorage
        from components.block.ebs_volume import EbsVolume

        if at.chosen.zone is None:
            made = EbsStorage(at.component, _ebs_args(at), opts)
            return Made(made, id=made.volume_name)
        disk = EbsVolume(at.component, _ebs_volume_args(at), opts)
        return Made(disk, id=disk.disk_id)

    def mistakes(self, chosen: EbsClaim, settings: Settings) -> Iterator[str]:
        """Zones of others, and disks that Auto Mode's driver does not take."""
        aws = settings.section(AwsSettings)
        yield from zone_mistakes(aws, "zone", [chosen.zone] if chosen.zone else [])
        if chosen.zone is not None and aws.auto_mode:
            yield "zone: EKS Auto Mode's driver takes no disks that were made elsewhere; leave zone out"

    def copied(self, chosen: EbsClaim, settings: Settings) -> bool:
        """Where its disks have the tags by which AWS Backup finds them."""
        return bool(disk_tags(settings.section(AwsSettings))) or chosen.zone is not None

    def needed_driver(self, chosen: EbsClaim, settings: Settings) -> NeededDriver | None:
        """The driver, unless the stack installs it or Auto Mode has it."""
        return of_driver("ebs.csi.aws.com", "ebs", settings)

    def key_users(self, chosen: EbsClaim) -> tuple[str, ...]:
        """The driver makes and attaches its disks with the key."""
        return ("ebs",)

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """gp3 as it is, and faster."""
        driver = {"drivers": {"ebs": {"role": "arn:aws:iam::111122223333:role/ebs-csi-driver"}}}
        for part in DISKS:
            size = wanted.gib(part)
            for iops, throughput in ((None, None), (6000, 500), (16_000, 1000)):
                said = {"kind": "ebs", "size": f"{size}Gi", "iops": iops, "throughput": throughput}
                product = EbsDisk(size, "gp3", iops, throughput)
                yield Offer(part, (product,), disk_claim(part, size, "KMS"), given(said), section=driver)


def _ebs_args(at: Context[EbsClaim]) -> "EbsStorageArgs":
    from components.block.ebs import EbsDriver, EbsStorageArgs, FileSystemType

    aws = at.settings.section(AwsSettings)
    args = EbsStorageArgs(
        namespace=at.namespace,
        key_arn=at.key,
        zones=at.place.zones,
        size=at.chosen.size,
        kind=at.chosen.volume_type,
        driver=EbsDriver.AUTO_MODE if aws.auto_mode else EbsDriver.STANDARD,
        file_system=FileSystemType(at.chosen.file_system),
        access_mode=AccessMode(at.chosen.access_mode),
        attributes_class=at.chosen.attributes_class,
        snapshot_class=at.chosen.snapshot_class,
        tags=disk_tags(aws),
        encrypted_by=encrypted_by(aws),
        protect=at.settings.protect,
    )
    if at.chosen.iops is not None:
        args["iops"] = at.chosen.iops
    if at.chosen.throughput is not None:
        args["throughput"] = at.chosen.throughput
    return args


def _ebs_volume_args(at: Context[EbsClaim]) -> "EbsVolumeArgs":
    from components.block.ebs import FileSystemType
    from components.block.ebs_volume import EbsVolumeArgs

    aws = at.settings.section(AwsSettings)
    args = EbsVolumeArgs(
        namespace=at.namespace,
        key_arn=at.key,
        region=aws.region,
        zone=at.chosen.zone or "",
        size=at.chosen.size,
        kind=at.chosen.volume_type,
        file_system=FileSystemType(at.chosen.file_system),
        tags=tags(aws),
        encrypted_by=encrypted_by(aws),
        protect=at.settings.protect,
    )
    if at.chosen.iops is not None:
        args["iops"] = at.chosen.iops
    if at.chosen.throughput is not None:
        args["throughput"] = at.chosen.throughput
    if at.chosen.snapshot is not None:
        args["snapshot_id"] = at.chosen.snapshot
    return args


KIND = EbsKind()
