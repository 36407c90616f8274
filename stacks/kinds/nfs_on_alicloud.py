"""How Alibaba Cloud makes an NFS server on a disk: an ECS instance, an ESSD disk, and an address of its own."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pulumi

from components.essd_rules import Disk, DiskType, baseline_iops, refused_snapshot_days, refused_static_disk
from components.nfs_server.ecs_rules import (
    INSTANCE_TYPE,
    ROOT_GIB,
    SOME_DISK,
    USER_DATA_BYTES,
    architecture,
    clients_refused,
    device,
    image_refused,
    instance_type_refused,
)
from components.quantity import gib
from estimate.offers import Offer, Part, Wanted
from estimate.products.alicloud_backups import Backups
from estimate.products.ecs import EcsInstance
from estimate.products.essd import EssdDisk
from stacks.effects import Values
from stacks.kinds.base import Buys, Context
from stacks.kinds.nfs_machine import MachineSettings, MadeServer, served_mistakes
from stacks.offered import file_claim
from stacks.platforms.alicloud import ids
from stacks.platforms.alicloud.settings import AlicloudSettings, cloud_name, encrypted_by, tags, zone_mistakes
from stacks.settings.existing import Id
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.nfs_server.alicloud_instance import NfsOnEssdArgs

_TYPES = (DiskType.AUTO.value, DiskType.ESSD.value)
"""cloud_essd_entry is attached by some families only."""


def is_ecs(instance_type: str | None) -> bool:
    """Whether a type of a machine is one of ECS."""
    return (instance_type or "").startswith("ecs.")


class AlicloudMachine:
    """ECS and ESSD."""

    parts: Mapping[str, Id] = {
        "disk": ids.DISK,
        "address": ids.INTERFACE,
        "snapshots": ids.SNAPSHOT_POLICY,
        "snapshots-of-disk": ids.POLICY_OF_DISK,
        "group": ids.GROUP,
        "from-.+": ids.RULE,
    }

    def zone(self, chosen: MachineSettings, settings: Settings) -> str:
        """The given zone, or the first that has a vSwitch."""
        return chosen.zone or settings.section(AlicloudSettings).zones[0]

    def check(self, at: Context[Any]) -> None:
        """Raise pulumi.RunError for what cannot be made."""
        from components.nfs_server.alicloud_instance import check
        from components.refusal import refuse

        refuse("NfsOnEssd", at.component, check(at.component, self._args(at)))

    def mistakes(self, chosen: MachineSettings, settings: Settings) -> Iterator[str]:
        """Types, images, zones and disks that ECS would refuse."""
        section = settings.section(AlicloudSettings)
        yield from zone_mistakes(section, "zone", [chosen.zone] if chosen.zone else [])
        yield from served_mistakes(chosen, settings, device(SOME_DISK), USER_DATA_BYTES)
        if reason := clients_refused(list(chosen.clients)):
            yield f"clients: {reason}"
        if reason := refused_snapshot_days(chosen.snapshot_days):
            yield f"snapshotDays: {reason}"
        if reason := instance_type_refused(chosen.instance_type or INSTANCE_TYPE):
            yield f"instanceType: {reason}"
        if reason := image_refused(chosen.image):
            yield f"image: {reason}"
        if chosen.throughput is not None:
            yield "throughput: an ESSD disk has no throughput of its own to choose; leave it out, or give iops"
        yield from _disk_mistakes(chosen)

    def other_processor(self, before: Values, after: Values) -> bool:
        """Whether it is arm64 in place of x86_64, or the other way."""
        old, new = (architecture(of.get("instanceType") or INSTANCE_TYPE) for of in (before, after))
        return old != new

    def encrypted_by(self, settings: Settings) -> str:
        """The key of the section."""
        return encrypted_by(settings.section(AlicloudSettings))

    def products(self, at: Context[Any]) -> list[Buys]:
        """One instance, one disk and its snapshots."""
        chosen: MachineSettings = at.chosen
        disk = EssdDisk(gib(chosen.size, "size"), _disk_type(chosen).value, provisioned_iops=_provisioned(chosen) or 0)
        return [
            Buys(f"{at.component}-server", EcsInstance(chosen.instance_type or INSTANCE_TYPE, ROOT_GIB)),
            Buys(f"{at.component}-disk", disk),
            Buys(f"{at.component}-snapshots-of-disk", Backups("ecs.snapshot")),
        ]

    def make(self, at: Context[Any], opts: pulumi.ResourceOptions) -> MadeServer:
        """Register the component."""
        from components.nfs_server.alicloud_instance import NfsOnEssd

        made = NfsOnEssd(at.component, self._args(at), opts)
        return MadeServer(made, made.address, made.disk_id)

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """The default."""
        size = wanted.gib(Part.FILES)
        said = {"kind": "nfs-on-disk", "clients": ["10.0.0.0/16"], "size": f"{size}Gi", "zone": wanted.zones[0]}
        disk = EssdDisk(size, DiskType.AUTO.value)
        bought = (EcsInstance(INSTANCE_TYPE, ROOT_GIB), disk, Backups("ecs.snapshot"))
        yield Offer(Part.FILES, bought, file_claim(Part.FILES, size, "nfs4", "KMS"), said)

    def _args(self, at: Context[Any]) -> "NfsOnEssdArgs":
        from components.nfs_server.alicloud_instance import NfsOnEssdArgs

        chosen: MachineSettings = at.chosen
        section = at.settings.section(AlicloudSettings)
        zone = self.zone(chosen, at.settings)
        args = NfsOnEssdArgs(
            cloud_name=cloud_name(),
            region=section.region,
            zone=zone,
            vpc_id=section.vpc_id,
            vswitch_id=section.vswitches[zone],
            serving=chosen.serving(at.settings.uid, at.settings.gid),
            size=chosen.size,
            disk_type=_disk_type(chosen),
            instance_type=chosen.instance_type or INSTANCE_TYPE,
            snapshot_days=chosen.snapshot_days,
            tags=tags(section),
            protect=at.settings.protect,
        )
        if not section.service_key:
            args["key_id"] = at.key
        if at.elsewhere is not None:
            args["copy_region"], args["copy_days"] = at.elsewhere.region, at.elsewhere.days
            args["copy_key_id"] = at.elsewhere.key
        if section.resource_group_id is not None:
            args["resource_group_id"] = section.resource_group_id
        if (iops := _provisioned(chosen)) is not None:
            args["provisioned_iops"] = iops
        if chosen.address is not None:
            args["address"] = chosen.address
        if chosen.image is not None:
            args["image"] = chosen.image
        return args


def _disk_mistakes(chosen: MachineSettings) -> Iterator[str]:
    if chosen.disk_type not in (None, *_TYPES):
        yield f"diskType: {chosen.disk_type!r} is not allowed; it must be {' or '.join(_TYPES)}"
        return
    size = gib(chosen.size, "size")
    if chosen.iops is not None and chosen.disk_type == DiskType.ESSD.value:
        yield "iops: cloud_essd has what its size gives; leave it out, or take diskType: cloud_auto"
    elif chosen.iops is not None and chosen.iops <= baseline_iops(size):
        yield f"iops: {chosen.iops} is not above the {baseline_iops(size)} that {size} GiB have anyway; leave it out"
    elif reason := refused_static_disk(Disk(size, [_disk_type(chosen)], iops=_provisioned(chosen))):
        yield f"diskType: {reason}"


def _provisioned(chosen: MachineSettings) -> int | None:
    """IOPS above the baseline, which is what Alibaba Cloud sells; `iops` is what the disk has in all."""
    if chosen.iops is None:
        return None
    return chosen.iops - baseline_iops(gib(chosen.size, "size"))


def _disk_type(chosen: MachineSettings) -> DiskType:
    return DiskType(chosen.disk_type or DiskType.AUTO)


ALICLOUD = AlicloudMachine()
