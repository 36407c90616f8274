"""Kind `nfs-on-disk`: a machine of the cloud that serves an encrypted disk by NFS, and may be replaced."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pulumi

from components.contract import Claim, Platform
from estimate.offers import Offer, Wanted
from stacks.effects import KIND_ROW, VOLUME_SOURCE, Effects, Values, When, grows, in_place, refused
from stacks.kinds import nfs_nodes
from stacks.kinds.base import Buys, Context, Identity, Kind, Made
from stacks.kinds.nfs_export import EXPORT_EFFECTS
from stacks.kinds.nfs_machine import ANOTHER_MACHINE, TOLD, Cloud, MachineSettings
from stacks.kinds.nfs_on_alicloud import ALICLOUD, is_ecs
from stacks.kinds.nfs_on_aws import AWS
from stacks.platforms.alicloud.effects import VSWITCH_CHANGES
from stacks.platforms.aws.effects import OWN_SUBNET_CHANGES
from stacks.settings.existing import VOLUME, Id
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.file.nfs import NfsStorageArgs

_CLOUDS: Mapping[Platform, Cloud] = {Platform.AWS: AWS, Platform.ALICLOUD: ALICLOUD}


def _either(one: Mapping[str, Id], other: Mapping[str, Id]) -> Mapping[str, Id]:
    """The parts of both clouds: the stack file says in which it is, and a claim does not."""
    return {
        part: Id(f"({one[part].pattern})|({other[part].pattern})", one[part].example, other[part].example)
        if part in one and part in other
        else {**one, **other}[part]
        for part in {**one, **other}
    }


_PARTS = {**_either(AWS.parts, ALICLOUD.parts), **VOLUME}


class NfsOnDiskClaim(MachineSettings):
    """A machine of the cloud that serves an encrypted disk by NFS to all pods (ReadWriteMany)."""

    kind: Literal["nfs-on-disk"]

    @property
    def parts(self) -> Mapping[str, Id]:
        """The disk, its snapshots, the address, who may reach it, and what stands on it. Not the machine."""
        return _PARTS


_AWS, _ALI = "terraform-provider-aws: internal/service/ec2", "terraform-provider-alicloud: resource_alicloud"
_VOLUME, _DISK = f"{_AWS}/ebs_volume.go", f"{_ALI}_ecs_disk.go"
_INTERFACE, _ENI = f"{_AWS}/vpc_network_interface.go", f"{_ALI}_ecs_network_interface.go"
_TYPE = f"{_AWS}/ec2_instance.go, instance_type; {_ALI}_instance.go, instance_type"
_ONCE = "it is chosen once, when the disk is empty; add a claim of this kind, move the data, then give the roles it"


def _other_processor(before: Values, after: Values) -> bool:
    if after.get("image") not in (None, before.get("image")):
        return False
    cloud: Cloud = ALICLOUD if any(is_ecs(of.get("instanceType")) for of in (before, after)) else AWS
    return cloud.other_processor(before, after)


class NfsOnDiskKind(Kind[NfsOnDiskClaim]):
    """A machine of the cloud that serves a disk by NFS."""

    settings = NfsOnDiskClaim
    platforms = tuple(_CLOUDS)
    in_account = True
    arn = "ec2:volume"
    effects: ClassVar[Effects] = {
        **{field: row for field, row in EXPORT_EFFECTS.items() if field in NfsOnDiskClaim.model_fields},
        "kind": KIND_ROW,
        **dict.fromkeys(("clients", "squash", "security", "threads", "alert_percent"), in_place(TOLD, ANOTHER_MACHINE)),
        "size": grows(f"{_VOLUME}, size; {_DISK}, size; the file system follows on the next machine: {TOLD}"),
        "file_system": refused("components/nfs_server/runtime/install.sh: only an empty disk is prepared", _ONCE),
        "zone": refused(f"{_VOLUME}, availability_zone; {_DISK}, zone_id"),
        "address": refused(f"{VOLUME_SOURCE}; {_INTERFACE}, private_ips; {_ENI}, primary_ip_address"),
        "instance_type": in_place(
            _TYPE,
            "the machine is stopped and started as another type: writes wait for some minutes",
            (
                When("the processor is another one (arm64, x86_64) and `image` stays", _other_processor),
                refused(_TYPE, "the machine keeps its image, which the new type cannot start; give `image` with it"),
            ),
        ),
        "image": in_place(f"{_AWS}/ec2_instance.go, ami; {_ALI}_instance.go, image_id", ANOTHER_MACHINE),
        **dict.fromkeys(
            ("disk_type", "iops"),
            in_place(f"{_VOLUME}, type and iops; {_DISK}, category and provisioned_iops"),
        ),
        "throughput": in_place(f"{_VOLUME}, throughput"),
        "snapshot_days": in_place(
            "terraform-provider-aws: internal/service/dlm/lifecycle_policy.go; "
            f"{_ALI}_ecs_auto_snapshot_policy.go, retention_days"
        ),
    }
    section_effects: ClassVar[Effects] = {
        "subnets": in_place(
            "the server uses the subnet of its own zone only",
            "the server stays in its zone",
            (OWN_SUBNET_CHANGES, refused(f"{_INTERFACE}, subnet_id", "leave its zone as it is")),
        ),
        "vswitches": in_place(
            "the server uses the vSwitch of its own zone only",
            "the server stays in its zone",
            (VSWITCH_CHANGES, refused(f"{_ENI}, vswitch_id")),
        ),
    }

    def own_backup(self, chosen: NfsOnDiskClaim) -> str:
        """Daily snapshots of the disk. Alibaba Cloud counts the days of each, which is the same number."""
        return f"daily snapshots of the disk, {chosen.snapshot_days} of them kept"

    def copied(self, chosen: NfsOnDiskClaim, settings: Settings) -> bool:
        """Always: AWS Backup finds the disk by its tags, and the policy of ECS copies each of its snapshots."""
        return True

    def planned(self, at: Context[NfsOnDiskClaim]) -> Claim:
        """The claim as plain values; what the machine is made from is checked with it."""
        from components.file.nfs import nfs_claim

        _cloud(at.settings).check(at)
        return nfs_claim(at.component, _claim_args(at, server=""))

    def filled_in(self, at: Context[NfsOnDiskClaim]) -> dict[str, Any]:
        """The first zone of the stack by name, where none is given."""
        return {"zone": _cloud(at.settings).zone(at.chosen, at.settings)}

    def identity(self, at: Context[NfsOnDiskClaim]) -> Identity:
        """A disk in another zone is another disk, and the volume names the directory for ever."""
        zone = _cloud(at.settings).zone(at.chosen, at.settings)
        return {**super().identity(at), "zone": zone, "path": at.chosen.path}

    def products(self, at: Context[NfsOnDiskClaim]) -> list[Buys]:
        """The machine, the disk and its snapshots."""
        return _cloud(at.settings).products(at)

    def make(self, at: Context[NfsOnDiskClaim], opts: pulumi.ResourceOptions) -> Made:
        """The machine with its disk, and the volume on its address. The application waits for all of it; the volume
        waits for the address only, or else it would keep the machine when the stack is taken down."""
        from components.file.nfs import NfsStorage

        made = _cloud(at.settings).make(at, opts)
        NfsStorage(at.component, _claim_args(at, server=made.address), pulumi.ResourceOptions(parent=made.component))
        return Made(made.component, id=made.disk_id)

    def mistakes(self, chosen: NfsOnDiskClaim, settings: Settings) -> Iterator[str]:
        """Nodes that do not mount it, and what the cloud does not have."""
        if not nfs_nodes.mount_it(settings):
            yield (
                "kind: it is mounted by mount.nfs of the node, which Bottlerocket and so every node of EKS Auto Mode "
                "lacks (bottlerocket-os/bottlerocket#4022); use kind efs, or openzfs with driver: csi"
            )
        yield from _cloud(settings).mistakes(chosen, settings)

    def warnings(self, chosen: NfsOnDiskClaim) -> Iterator[str]:
        """What a managed file system would not do."""
        yield (
            ": one machine serves these files; while it fails or is replaced, all writes wait, and after it was "
            "replaced locks that were held are lost (docs/nfs-on-disk.md)"
        )

    def key_users(self, chosen: NfsOnDiskClaim) -> tuple[str, ...]:
        """EC2, for whoever starts the machine, and for the snapshots."""
        return ("ec2",)

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """What the cloud has for the load."""
        if wanted.platform in _CLOUDS:
            yield from _CLOUDS[wanted.platform].offers(wanted)


def _cloud(settings: Settings) -> Cloud:
    return _CLOUDS[settings.platform]


def _claim_args(at: Context[NfsOnDiskClaim], server: pulumi.Input[str]) -> "NfsStorageArgs":
    from components.file.nfs import NfsStorageArgs

    return NfsStorageArgs(
        namespace=at.namespace,
        server=server,
        path=at.chosen.path,
        size=at.chosen.size,
        mount_options=at.chosen.mount_options,
        encrypted_by=_cloud(at.settings).encrypted_by(at.settings),
        protect=at.settings.protect,
    )


KIND = NfsOnDiskKind()
