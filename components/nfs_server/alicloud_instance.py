"""An ECS instance as the NFS server of an encrypted ESSD disk. The instance may be replaced; disk and address stay."""

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
from pulumi import Input, InvokeOptions, Output, Resource, ResourceOptions
from pulumi_alicloud import ecs
from typing_extensions import NotRequired

from ..alicloud import refused_cloud_name, refused_tags, refused_zone
from ..encryption.kept import KEEPS_ITS_KEY
from ..essd_rules import Disk, DiskType, refused_snapshot_days, refused_static_disk
from ..quantity import gib, refused_size
from ..refusal import because, reasons, refuse
from ..volumes.essd_disk import KeptDisk, kept_disk
from .ecs_rules import (
    INSTANCE_TYPE,
    READ_RULES,
    ROOT_GIB,
    SOME_DISK,
    USER_DATA_BYTES,
    address_warning,
    architecture,
    clients_refused,
    device,
    disk_rule,
    image_name,
    image_refused,
    instance_type_refused,
)
from .on_disk import DEFAULT_SIZE, DEFAULT_SNAPSHOT_DAYS, NFS_PORT, NfsServing, serving_mistakes, user_data


class NfsOnEssdArgs(TypedDict):
    """Arguments of NfsOnEssd."""

    cloud_name: str
    """Prefix of the names in the account, for example <project>-<stack>."""
    key_id: NotRequired[Input[str]]
    """Id of the KMS key of the disk and of the instance's own disk; an alias or an ARN does not work here. The disk
    keeps it for ever. Default: the key that ECS keeps for the account (acs/ecs)."""
    region: str
    """Region of the cluster."""
    zone: str
    """Zone of the disk, the address and the instance. Nodes of every zone mount it."""
    vpc_id: Input[str]
    """VPC of the nodes."""
    vswitch_id: Input[str]
    """vSwitch in `zone`. The instance gets its packages from the mirrors that its image names, so it needs a way to
    them."""
    serving: NfsServing
    """What it exports, and to whom. Networks are IPv4."""
    size: NotRequired[str]
    """Size of the disk in Gi or Ti; default 100Gi. It can only grow; the file system follows in a new instance."""
    disk_type: NotRequired[DiskType]
    """Type of the disk; default cloud_auto; not regional: the provider cannot make those."""
    provisioned_iops: NotRequired[int]
    """cloud_auto only: IOPS on top of the baseline; default none."""
    address: NotRequired[str]
    """Private address in the vSwitch; default: ECS chooses one, once."""
    instance_type: NotRequired[str]
    """Type of the instance; default ecs.g8i.large. Another one stops and starts the instance."""
    image: NotRequired[str]
    """Id of the image, a Debian, an Ubuntu or a relative of Red Hat with cloud-init; default: the newest public image
    of Debian 12 when the instance is first made, and from then on that one. Another one replaces the instance."""
    snapshot_days: NotRequired[int]
    """Days that the daily snapshots of 02:00 (UTC+8) are kept, 1 to 65536; default 30."""
    copy_region: NotRequired[str]
    """Region to which each snapshot is copied, encrypted; default: none."""
    copy_days: NotRequired[int]
    """Days that the copies are kept, 1 to 65536; default 30."""
    copy_key_id: NotRequired[Input[str]]
    """Id of the KMS key of the copies, of `copy_region`; default or empty: the key that ECS keeps there for the
    account."""
    resource_group_id: NotRequired[str]
    """Resource group of everything."""
    tags: NotRequired[Mapping[str, str]]
    """Added to everything that can be tagged."""
    protect: NotRequired[bool]
    """Refuse to delete disk, address, firewall and snapshot schedule; default true. They are kept on deletion in any
    case. The instance is neither protected nor kept."""


def check(name: str, args: NfsOnEssdArgs) -> list[str]:
    """Mistakes in the arguments of NfsOnEssd(name, args); none: it can be made."""
    size, full_name = args.get("size", DEFAULT_SIZE), _full_name(name, args)
    unsized = refused_size(size)
    zone = refused_zone(args["zone"], args["region"])
    return [
        *because("size", unsized),
        *reasons(f"zone {args['zone']!r} {zone}" if zone else ""),
        *reasons("" if unsized else refused_static_disk(asked_disk(args))),
        *serving_mistakes(args["serving"], device(SOME_DISK), size, _room()),
        *because("serving.export.clients", clients_refused(list(args["serving"]["export"]["clients"]))),
        *because("instance_type", instance_type_refused(args.get("instance_type", INSTANCE_TYPE))),
        *because("image", image_refused(args.get("image"))),
        *reasons(
            refused_snapshot_days(int(args.get("snapshot_days", DEFAULT_SNAPSHOT_DAYS))),
            refused_snapshot_days(int(args.get("copy_days", DEFAULT_SNAPSHOT_DAYS))),
        ),
        *because("tags", refused_tags(args.get("tags", {}))),
        *because(f"cloud_name {full_name!r}", refused_cloud_name(full_name)),
    ]


def asked_disk(args: NfsOnEssdArgs) -> Disk:
    """The data disk. It begins empty: the instance makes its file system."""
    return Disk(
        size_gib=gib(args.get("size", DEFAULT_SIZE), "size"),
        types=[DiskType(args.get("disk_type", DiskType.AUTO))],
        iops=int(args["provisioned_iops"]) if "provisioned_iops" in args else None,
    )


def told(args: NfsOnEssdArgs, disk_id: str) -> str:
    """The user data of the instance."""
    size = gib(args.get("size", DEFAULT_SIZE), "size")
    return user_data(args["serving"], device(disk_id), size, own=[disk_rule(disk_id)], before=READ_RULES)


def instance_args(
    name: str, args: NfsOnEssdArgs, *, image: Input[str], interface: Input[str], data: Input[str]
) -> ecs.InstanceArgs:
    """The instance: no role, no key for SSH, no password, no public address.

    Metadata is read without a session: cloud-init below 23.2.2 knows no other way here (Alibaba Cloud, "Instance
    metadata"), and Debian 12 has 22.4. There is no role, so nothing secret is in it.
    """
    found = ecs.InstanceArgs(
        instance_name=_full_name(name, args),
        availability_zone=args["zone"],
        instance_type=args.get("instance_type", INSTANCE_TYPE),
        image_id=image,
        network_interface_id=interface,
        user_data=data,
        instance_charge_type="PostPaid",
        system_disk_category=DiskType.AUTO.value,
        system_disk_size=ROOT_GIB,
        system_disk_encrypted=True,
        maintenance_action="AutoRecover",
        tags=args.get("tags", {}),
    )
    if "key_id" in args:
        found.system_disk_kms_key_id = args["key_id"]
    if "resource_group_id" in args:
        found.resource_group_id = args["resource_group_id"]
    return found


class NfsOnEssd(pulumi.ComponentResource):
    """A disk with snapshots, an address, and an instance that serves the one at the other by NFS.

    Give `address` and the path of the export to NfsStorage, without `depends_on` this component: a pod waits for the
    server anyway, and a protected volume would keep the instance when the stack is taken down.
    """

    address: Output[str]
    """Address of the server, for ever."""
    disk_id: Output[str]
    """Id of the data disk."""

    def __init__(self, name: str, args: NfsOnEssdArgs, opts: ResourceOptions | None = None) -> None:
        refuse("NfsOnEssd", name, check(name, args))
        super().__init__("kotaemon:index:NfsOnEssd", name, None, opts)
        if warning := address_warning(args["region"]):
            pulumi.log.warn(warning, self)
        disk = kept_disk(
            name, _full_name(name, args), asked_disk(args), _kept(args), as_made=KEEPS_ITS_KEY, parent=self
        )
        interface = _address(name, args, self)
        self.disk_id, self.address = disk.id, interface.primary_ip_address
        self._serve(name, args, disk, interface)
        self.register_outputs({"address": self.address, "disk_id": self.disk_id})

    def _serve(self, name: str, args: NfsOnEssdArgs, disk: ecs.EcsDisk, interface: ecs.EcsNetworkInterface) -> None:
        """The instance and the disk at it. The old one leaves first: address and disk are there once."""
        data = disk.id.apply(lambda id_: told(args, id_))
        # A newer image is no reason to restart a server, nor is what a release says of the disk of the system.
        as_made = ["systemDiskCategory", "systemDiskSize", "systemDiskKmsKeyId"]
        instance = ecs.Instance(
            f"{name}-server",
            args=instance_args(name, args, image=_image(self, args), interface=interface.id, data=data),
            opts=ResourceOptions(
                parent=self,
                delete_before_replace=True,
                # The provider would change both in place: user data is read at a first start only, and a new disk of
                # the system would read the old text.
                replace_on_changes=["userData", "imageId"],
                ignore_changes=as_made if "image" in args else [*as_made, "imageId"],
            ),
        )
        ecs.EcsDiskAttachment(
            f"{name}-disk-at-server",
            disk_id=disk.id,
            instance_id=instance.id,
            delete_with_instance=False,
            # Never taken from a server that runs: it would answer writes with errors. The disk comes free when the
            # instance is released.
            opts=ResourceOptions(parent=self, delete_before_replace=True, retain_on_delete=True, deleted_with=instance),
        )


def _kept(args: NfsOnEssdArgs) -> KeptDisk:
    found = KeptDisk(
        zone=args["zone"],
        snapshot_days=args.get("snapshot_days", DEFAULT_SNAPSHOT_DAYS),
        tags=args.get("tags", {}),
        protect=args.get("protect", True),
    )
    if "key_id" in args:
        found["key_id"] = args["key_id"]
    if "resource_group_id" in args:
        found["resource_group_id"] = args["resource_group_id"]
    if "copy_region" in args:
        found["copy_region"] = args["copy_region"]
        found["copy_days"] = int(args.get("copy_days", DEFAULT_SNAPSHOT_DAYS))
        found["copy_key_id"] = args.get("copy_key_id", "")
    return found


def _image(parent: Resource, args: NfsOnEssdArgs) -> Input[str]:
    if "image" in args:
        return args["image"]
    instance_type = args.get("instance_type", INSTANCE_TYPE)
    found = ecs.get_images_output(
        owners="system",
        name_regex=image_name(instance_type),
        architecture=architecture(instance_type),
        most_recent=True,
        opts=InvokeOptions(parent=parent),
    )
    return found.apply(_newest)


def _newest(found: Any) -> str:
    if not found.ids:
        raise pulumi.RunError(
            "image: no public image of Debian 12 is in this region; name another one, for example of Ubuntu (ecs "
            "DescribeImages lists them)"
        )
    return found.ids[0]


def _address(name: str, args: NfsOnEssdArgs, parent: Resource) -> ecs.EcsNetworkInterface:
    """The interface that holds the address, and its firewall: NFS from the clients goes in, and nothing else; no SSH.
    What goes out is not limited, as in every basic security group. Rules are kept as in storage_group."""
    protect, full_name = args.get("protect", True), _full_name(name, args)
    kept = ResourceOptions(parent=parent, protect=protect, retain_on_delete=True)
    group = ecs.SecurityGroup(
        f"{name}-group",
        security_group_name=full_name,
        description="NFS server of Kotaemon: NFS from the nodes",
        vpc_id=args["vpc_id"],
        inner_access_policy="Drop",
        resource_group_id=args.get("resource_group_id"),
        tags=args.get("tags", {}),
        opts=kept,
    )
    rules = [
        ecs.SecurityGroupRule(
            f"{name}-from-{client.replace('/', '-')}-{NFS_PORT}",
            security_group_id=group.id,
            type="ingress",
            ip_protocol="tcp",
            nic_type="intranet",
            policy="accept",
            priority=1,
            port_range=f"{NFS_PORT}/{NFS_PORT}",
            cidr_ip=client,
            opts=ResourceOptions(parent=parent, retain_on_delete=not protect),
        )
        for client in args["serving"]["export"]["clients"]
    ]
    return ecs.EcsNetworkInterface(
        f"{name}-address",
        network_interface_name=full_name,
        description=f"Address of the NFS server {name}",
        vswitch_id=args["vswitch_id"],
        primary_ip_address=args.get("address"),
        security_group_ids=[group.id],
        delete_on_release=False,  # or it would go with the instance
        resource_group_id=args.get("resource_group_id"),
        tags=args.get("tags", {}),
        opts=ResourceOptions(parent=parent, protect=protect, retain_on_delete=True, depends_on=rules),
    )


def _full_name(name: str, args: NfsOnEssdArgs) -> str:
    """Name in the account of all that it makes there."""
    return f"{args['cloud_name']}-{name}"


def _room() -> int:
    """Bytes of user data that are left for the server's own files."""
    return USER_DATA_BYTES - len(disk_rule(SOME_DISK).text) - 512
