"""Kind `essd`: an ESSD disk of Alibaba Cloud that the driver makes."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pulumi
from pydantic import Field, field_validator, model_validator

from components.contract import AccessMode, Claim, Medium, Platform
from components.essd_rules import (
    DEFAULT_TYPES,
    Disk,
    DiskType,
    PerformanceLevel,
    TopologyKey,
    refused_attributes_class,
    refused_disk,
    refused_type,
)
from components.kubernetes_version import VOLUME_ATTRIBUTES_CLASS
from components.quantity import gib
from estimate.offers import Offer, Wanted
from estimate.products.essd import EssdDisk
from stacks.effects import (
    CLAIM_GROWS,
    CLAIM_SPEC,
    CLASS,
    KIND_ROW,
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
from stacks.platforms.alicloud.drivers_needed import needed_driver as of_driver
from stacks.platforms.alicloud.fields import Zone
from stacks.platforms.alicloud.settings import AlicloudSettings, encrypted_by, tags, zone_mistakes
from stacks.settings.claim import ClaimSettings
from stacks.settings.existing import ON_CLASS, Id
from stacks.settings.fields import Size, accept
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.block.essd import EssdStorageArgs

_LEVELS = Literal["PL0", "PL1", "PL2", "PL3"]


class EssdClaim(ClaimSettings):
    """An ESSD disk that the CSI driver makes when the first pod is placed, from a StorageClass of the stack's own."""

    kind: Literal["essd"]
    size: Size = Field("20Gi", description="Size of the disk; it can only grow.")
    access_mode: Literal["ReadWriteOncePod", "ReadWriteOnce"] = Field(
        "ReadWriteOncePod", description="ReadWriteOncePod keeps a second pod Pending."
    )
    types: list[str] = Field(
        default_factory=lambda: [kind.value for kind in DEFAULT_TYPES],
        description="Disk categories, tried in order; cloud_regional_disk_auto alone follows its pod across zones.",
    )
    performance_level: _LEVELS | None = Field(None, description="Of cloud_essd; none: PL1.")
    provisioned_iops: int | None = Field(None, ge=1, description="Of cloud_auto, on top of the baseline.")
    bursting: bool = Field(False, description="Of cloud_auto: bursts, billed by use.")
    zones: list[Zone] | None = Field(None, description="Where disks may be made; none: all zones of the section.")
    topology_key: Literal["topology.kubernetes.io/zone", "topology.diskplugin.csi.alibabacloud.com/zone"] = Field(
        "topology.kubernetes.io/zone", description="Node label by which the class names the zones."
    )
    attributes_class: bool = Field(False, description="Type and performance can change later; Kubernetes 1.34.")
    snapshot_class: bool = Field(False, description="A VolumeSnapshotClass that keeps snapshots.")

    @field_validator("types")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        for kind in value:
            if reason := refused_type(kind):
                raise ValueError(f"holds {kind!r}, which is not allowed: {reason}")
        return value

    @model_validator(mode="after")
    def _possible(self) -> "EssdClaim":
        disk = Disk(
            size_gib=gib(self.size, "size"),
            types=[DiskType(kind) for kind in self.types],
            level=PerformanceLevel(self.performance_level) if self.performance_level else None,
            iops=self.provisioned_iops,
            bursting=self.bursting,
        )
        accept(refused_disk(disk) or (refused_attributes_class(disk) if self.attributes_class else ""))
        return self

    @property
    def parts(self) -> Mapping[str, Id]:
        """The claim and its class."""
        return ON_CLASS

    @property
    def medium(self) -> Medium:
        """ESSD is a disk."""
        return Medium.BLOCK


_WITH_CLASS = When("with `attributesClass`", lambda before, after: bool(after.get("attributesClass")))
_CLASS_GONE = When("it is switched off", lambda before, after: bool(before.get("attributesClass")))
_SPEED = new_only(
    CLASS,
    "the living disk keeps its type and performance; `attributesClass: true` lets them change in place",
    (_WITH_CLASS, late(in_place("alibaba-cloud-csi-driver: pkg/disk/constants.go, mutable parameters"))),
)


class EssdKind(Kind[EssdClaim]):
    """An ESSD disk that the CSI driver makes when the first pod is placed."""

    settings = EssdClaim
    platforms = (Platform.ALICLOUD,)
    in_account = True
    drivers = ("diskplugin.csi.alibabacloud.com",)
    snapshots = True
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        "size": late(grows(CLAIM_GROWS)),
        "access_mode": refused(CLAIM_SPEC),
        **dict.fromkeys(("types", "performance_level", "provisioned_iops", "bursting"), _SPEED),
        **dict.fromkeys(("zones", "topology_key"), new_only(CLASS, "the living disk stays in its zone")),
        "attributes_class": late(
            in_place(
                "API server: a claim can get a VolumeAttributesClass",
                "from then on type and performance change in place",
                (_CLASS_GONE, refused("API server: a claim cannot lose its VolumeAttributesClass", "leave it on")),
            )
        ),
        "snapshot_class": in_place("a VolumeSnapshotClass is an object of its own"),
    }
    section_effects: ClassVar[Effects] = {
        **dict.fromkeys(("tags", "resource_group_id"), new_only(CLASS, "the disk keeps its own")),
        "vswitches": new_only(CLASS, "the disk stays in its zone"),
    }

    def planned(self, at: Context[EssdClaim]) -> Claim:
        """The claim as plain values."""
        from components.block.essd import essd_claim

        return essd_claim(at.component, _essd_args(at))

    def filled_in(self, at: Context[EssdClaim]) -> dict[str, Any]:
        """The zones of the section, where none are given."""
        return {"zones": at.chosen.zones or at.settings.section(AlicloudSettings).zones}

    def identity(self, at: Context[EssdClaim]) -> Identity:
        """The disk belongs to the claim of its namespace."""
        return {**super().identity(at), "claim": f"{at.settings.namespace}/{at.component}"}

    def needs(self, chosen: EssdClaim) -> Mapping[str, tuple[int, int]]:
        """VolumeAttributesClass, where the claim asks for one."""
        return {"attributesClass": VOLUME_ATTRIBUTES_CLASS} if chosen.attributes_class else {}

    def products(self, at: Context[EssdClaim]) -> list[Buys]:
        """One disk, of the first of its types."""
        chosen = at.chosen
        disk = EssdDisk(
            gib(chosen.size, "size"),
            chosen.types[0],
            chosen.performance_level or "PL1",
            chosen.provisioned_iops or 0,
            chosen.bursting,
        )
        return [Buys(f"{at.component}-claim", disk)]

    def make(self, at: Context[EssdClaim], opts: pulumi.ResourceOptions) -> Made:
        """A claim with a class of its own."""
        from components.block.essd import EssdStorage

        made = EssdStorage(at.component, _essd_args(at), opts)
        return Made(made, id=made.volume_name)

    def needed_driver(self, chosen: EssdClaim, settings: Settings) -> NeededDriver:
        """The driver of the component csi-plugin."""
        return of_driver("diskplugin.csi.alibabacloud.com")

    def mistakes(self, chosen: EssdClaim, settings: Settings) -> Iterator[str]:
        """Zones without a vSwitch."""
        yield from zone_mistakes(settings.section(AlicloudSettings), "zones", chosen.zones or [])

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """AutoPL as it is and faster, and the disk that follows its pod across zones."""
        for part in DISKS:
            size = wanted.gib(part)
            auto = [EssdDisk(size, "cloud_auto", provisioned_iops=iops) for iops in (0, 5000, 20_000)]
            for product in (*auto, EssdDisk(size, "cloud_regional_disk_auto")):
                said = {"kind": "essd", "size": f"{size}Gi", "types": [product.category]}
                faster = given({"provisionedIops": product.provisioned_iops or None})
                yield Offer(part, (product,), disk_claim(part, size, "KMS"), {**said, **faster})


def _essd_args(at: Context[EssdClaim]) -> "EssdStorageArgs":
    from components.block.essd import EssdStorageArgs

    alicloud = at.settings.section(AlicloudSettings)
    args = EssdStorageArgs(
        namespace=at.namespace,
        zones=at.chosen.zones or alicloud.zones,
        size=at.chosen.size,
        access_mode=AccessMode(at.chosen.access_mode),
        types=[DiskType(kind) for kind in at.chosen.types],
        bursting=at.chosen.bursting,
        attributes_class=at.chosen.attributes_class,
        snapshot_class=at.chosen.snapshot_class,
        topology_key=TopologyKey(at.chosen.topology_key),
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
    if alicloud.resource_group_id is not None:
        args["resource_group_id"] = alicloud.resource_group_id
    return args


KIND = EssdKind()
