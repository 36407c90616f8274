"""How AWS makes an NFS server on a disk: an EC2 instance, an EBS disk, and an address of its own."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pulumi

from components.aws import EbsType, ebs_refused
from components.nfs_server.ec2_rules import (
    INSTANCE_TYPE,
    MOST_SNAPSHOTS,
    SOME_DISK,
    USER_DATA_BYTES,
    architecture,
    image_refused,
    instance_type_refused,
)
from components.nfs_server.on_disk import ROOT_GIB, snapshot_days_refused
from components.quantity import gib
from estimate.offers import Offer, Part, Wanted
from estimate.products.ebs import EbsDisk
from estimate.products.ebs_snapshots import EbsSnapshots
from estimate.products.ec2 import Ec2Instance
from stacks.effects import Values
from stacks.kinds.base import Buys, Context
from stacks.kinds.nfs_machine import MachineSettings, MadeServer, served_mistakes
from stacks.offered import file_claim
from stacks.platforms.aws import ids
from stacks.platforms.aws.settings import AwsSettings, boundary, encrypted_by, network_mistakes, tags, zone_mistakes
from stacks.settings.existing import Id
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.nfs_server.aws_instance import NfsOnEbsArgs


class AwsMachine:
    """EC2 and EBS."""

    parts: Mapping[str, Id] = {
        "disk": ids.DISK,
        "address": ids.INTERFACE,
        "snapshots": ids.SNAPSHOT_POLICY,
        "snapshots-role": ids.IAM_ROLE,
        "snapshots-policy": ids.ATTACHED,
        **ids.network("from", "to"),
    }

    def zone(self, chosen: MachineSettings, settings: Settings) -> str:
        """The given zone, or the first of the stack's."""
        known = settings.section(AwsSettings).known_zones
        return chosen.zone or (known[0] if known else "")

    def check(self, at: Context[Any]) -> None:
        """Raise pulumi.RunError for what cannot be made."""
        from components.nfs_server.aws_instance import check
        from components.refusal import refuse

        refuse("NfsOnEbs", at.component, check(at.component, self._args(at)))

    def mistakes(self, chosen: MachineSettings, settings: Settings) -> Iterator[str]:
        """Types, images, zones and disks that EC2 would refuse, and a network that is not known."""
        aws = settings.section(AwsSettings)
        yield from zone_mistakes(aws, "zone", [chosen.zone] if chosen.zone else [])
        yield from network_mistakes(aws, 1)
        yield from served_mistakes(chosen, settings, SOME_DISK, USER_DATA_BYTES)
        if reason := snapshot_days_refused(chosen.snapshot_days, MOST_SNAPSHOTS):
            yield f"snapshotDays: {reason}"
        if reason := instance_type_refused(chosen.instance_type or INSTANCE_TYPE):
            yield f"instanceType: {reason}"
        if reason := image_refused(chosen.image, aws.region):
            yield f"image: {reason}"
        types = [kind.value for kind in EbsType]
        if chosen.disk_type not in (None, *types):
            yield f"diskType: {chosen.disk_type!r} is not allowed; it must be {' or '.join(types)}"
        elif reason := ebs_refused(_disk_type(chosen), gib(chosen.size, "size"), chosen.iops, chosen.throughput):
            yield f"diskType: {reason}"

    def other_processor(self, before: Values, after: Values) -> bool:
        """Whether it is arm64 in place of x86_64, or the other way."""
        old, new = (architecture(of.get("instanceType") or INSTANCE_TYPE) for of in (before, after))
        return old != new

    def encrypted_by(self, settings: Settings) -> str:
        """The stack's key."""
        return encrypted_by(settings.section(AwsSettings))

    def products(self, at: Context[Any]) -> list[Buys]:
        """One instance, one disk and its snapshots."""
        chosen: MachineSettings = at.chosen
        disk = EbsDisk(gib(chosen.size, "size"), _disk_type(chosen).value, chosen.iops, chosen.throughput)
        return [
            Buys(f"{at.component}-server", Ec2Instance(chosen.instance_type or INSTANCE_TYPE, ROOT_GIB)),
            Buys(f"{at.component}-disk", disk),
            Buys(f"{at.component}-snapshots", EbsSnapshots()),
        ]

    def make(self, at: Context[Any], opts: pulumi.ResourceOptions) -> MadeServer:
        """Register the component."""
        from components.nfs_server.aws_instance import NfsOnEbs

        made = NfsOnEbs(at.component, self._args(at), opts)
        return MadeServer(made, made.address, made.disk_id)

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """The default. A faster disk is none of them: so small an instance reaches its speed in bursts only."""
        size = wanted.gib(Part.FILES)
        said = {"kind": "nfs-on-disk", "clients": ["10.0.0.0/16"], "size": f"{size}Gi"}
        bought = (Ec2Instance(INSTANCE_TYPE, ROOT_GIB), EbsDisk(size, "gp3"), EbsSnapshots())
        yield Offer(Part.FILES, bought, file_claim(Part.FILES, size, "nfs4", "KMS"), said)

    def _args(self, at: Context[Any]) -> "NfsOnEbsArgs":
        from components.nfs_server.aws_instance import NfsOnEbsArgs

        chosen: MachineSettings = at.chosen
        aws = at.settings.section(AwsSettings)
        zone = self.zone(chosen, at.settings)
        args = NfsOnEbsArgs(
            key_arn=at.key,
            cloud_name=f"{pulumi.get_project()}-{pulumi.get_stack()}",
            region=aws.region,
            zone=zone,
            vpc_id=at.place.vpc,
            subnet=at.place.subnets.get(zone, ""),
            serving=chosen.serving(at.settings.uid, at.settings.gid),
            size=chosen.size,
            kind=_disk_type(chosen),
            instance_type=chosen.instance_type or INSTANCE_TYPE,
            snapshot_days=chosen.snapshot_days,
            **boundary(aws),
            tags=tags(aws),
            protect=at.settings.protect,
        )
        if chosen.iops is not None:
            args["iops"] = chosen.iops
        if chosen.throughput is not None:
            args["throughput"] = chosen.throughput
        if chosen.address is not None:
            args["address"] = chosen.address
        if chosen.image is not None:
            args["image"] = chosen.image
        return args


def _disk_type(chosen: MachineSettings) -> EbsType:
    return EbsType(chosen.disk_type or EbsType.GP3)


AWS = AwsMachine()
