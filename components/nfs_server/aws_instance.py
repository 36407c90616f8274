"""An EC2 instance as the NFS server of an encrypted EBS disk. The instance may be replaced; disk and address stay."""

import json
from collections.abc import Mapping
from typing import TypedDict

import pulumi
from pulumi import Input, InvokeOptions, Output, Resource, ResourceOptions
from pulumi_aws import dlm, ebs, ec2, iam, vpc
from typing_extensions import NotRequired

from ..aws import EbsType, dns_suffix, ebs_refused, partition, tags_refused, zone_refused
from ..encryption.kept import KEEPS_ITS_KEY
from ..quantity import gib, refused_size
from ..refusal import because, reasons, refuse
from .ec2_rules import (
    DEBIAN,
    INSTANCE_TYPE,
    MOST_SNAPSHOTS,
    SCHEDULE_TAG,
    SOME_DISK,
    USER_DATA_BYTES,
    architecture,
    device,
    image_refused,
    instance_type_refused,
)
from .on_disk import (
    DEFAULT_SIZE,
    DEFAULT_SNAPSHOT_DAYS,
    NFS_PORT,
    PACKAGE_PORTS,
    ROOT_GIB,
    NfsServing,
    serving_mistakes,
    snapshot_days_refused,
    user_data,
)

SNAPSHOT_TIME = "02:00"
"""UTC. DLM starts within an hour of it."""
DISK_TAG = "kotaemon-nfs-disk"
"""The schedule makes snapshots of the disk with this tag, whose value is the disk's own."""


class NfsOnEbsArgs(TypedDict):
    """Arguments of NfsOnEbs."""

    key_arn: Input[str]
    """Full ARN of the KMS key of the disk and of the instance's own disk. The disk keeps it for ever. Whoever runs the
    program needs the right to use it through EC2, and so has the role of the snapshots (KeyService.EC2)."""
    cloud_name: str
    """Prefix of names in the account, for example <project>-<stack>: the schedules of two stacks must not meet."""
    region: str
    """Region of the cluster."""
    zone: str
    """Availability zone of the disk, the address and the instance. Nodes of every zone mount it; AWS bills what goes
    between zones."""
    vpc_id: Input[str]
    """VPC of the nodes."""
    subnet: Input[str]
    """Subnet in `zone`. The instance gets its packages from Debian's mirrors, so it needs a way out, such as a NAT."""
    serving: NfsServing
    """What it exports, and to whom."""
    size: NotRequired[str]
    """Size of the disk in Gi or Ti; default 100Gi. It can only grow; the file system follows in a new instance."""
    kind: NotRequired[EbsType]
    """Type of the disk; default gp3."""
    iops: NotRequired[int]
    """IOPS of the disk, with the limits of EbsStorage; default: the 3000 that gp3 has."""
    throughput: NotRequired[int]
    """Throughput of the disk in MiB/s; default: the 125 that gp3 has."""
    address: NotRequired[str]
    """Private address in the subnet; default: AWS chooses one, once."""
    instance_type: NotRequired[str]
    """Type of the instance, built on Nitro; default m7g.large. Another one stops and starts the instance."""
    image: NotRequired[str]
    """Id of the image, a Debian, an Ubuntu or a relative of Red Hat with cloud-init; default: the newest Debian 12 when
    the instance is first made, and from then on that one. Another one replaces the instance."""
    snapshot_days: NotRequired[int]
    """How many daily snapshots are kept, 1 to 1000; default 30."""
    permissions_boundary: NotRequired[Input[str]]
    """ARN of the IAM policy that is the permissions boundary of the schedule's role; default none."""
    tags: NotRequired[Mapping[str, str]]
    """Added to everything that can be tagged."""
    protect: NotRequired[bool]
    """Refuse to delete disk, address, firewall and snapshot schedule; default true. They are kept on deletion in any
    case. The instance is neither protected nor kept."""


def check(name: str, args: NfsOnEbsArgs) -> list[str]:
    """Mistakes in the arguments of NfsOnEbs(name, args); none: it can be made."""
    size, image = args.get("size", DEFAULT_SIZE), args.get("image")
    disk = ""
    if not refused_size(size):
        disk = ebs_refused(_kind(args), gib(size, "size"), args.get("iops"), args.get("throughput"))
    days = snapshot_days_refused(int(args.get("snapshot_days", DEFAULT_SNAPSHOT_DAYS)), MOST_SNAPSHOTS)
    return [
        *because("size", refused_size(size)),
        *because(f"zone {args['zone']!r}", zone_refused(args["zone"], args["region"])),
        *reasons(disk),
        *serving_mistakes(args["serving"], SOME_DISK, size, USER_DATA_BYTES),
        *because("instance_type", instance_type_refused(args.get("instance_type", INSTANCE_TYPE))),
        *because("image", image_refused(image, args["region"])),
        *because("snapshot_days", days),
        *because("tags", tags_refused(args.get("tags", {}))),
    ]


def disk_args(name: str, args: NfsOnEbsArgs) -> ebs.VolumeArgs:
    """The data disk. It begins empty: the instance makes its file system."""
    return ebs.VolumeArgs(
        availability_zone=args["zone"],
        size=gib(args.get("size", DEFAULT_SIZE), "size"),
        type=_kind(args).value,
        iops=args.get("iops"),
        throughput=args.get("throughput"),
        encrypted=True,
        kms_key_id=args["key_arn"],
        final_snapshot=True,
        tags={**args.get("tags", {}), "Name": name, DISK_TAG: _disk_tag(name, args)},
    )


def instance_args(
    name: str, args: NfsOnEbsArgs, *, image: Input[str], interface: Input[str], told: Input[str]
) -> ec2.InstanceArgs:
    """The instance: no role, no key for SSH, no public address, and metadata only with a session (IMDSv2)."""
    return ec2.InstanceArgs(
        ami=image,
        instance_type=args.get("instance_type", INSTANCE_TYPE),
        primary_network_interface=ec2.InstancePrimaryNetworkInterfaceArgs(network_interface_id=interface),
        user_data=told,
        user_data_replace_on_change=True,  # cloud-init reads it at a first start only
        metadata_options=ec2.InstanceMetadataOptionsArgs(
            http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
        ),
        root_block_device=ec2.InstanceRootBlockDeviceArgs(
            encrypted=True, kms_key_id=args["key_arn"], volume_type="gp3", volume_size=ROOT_GIB
        ),
        instance_initiated_shutdown_behavior="stop",
        maintenance_options=ec2.InstanceMaintenanceOptionsArgs(auto_recovery="default"),
        tags={**args.get("tags", {}), "Name": name},
    )


def schedule(name: str, args: NfsOnEbsArgs, role_arn: Input[str]) -> dlm.LifecyclePolicyArgs:
    """One snapshot a day. A number of them is kept, not those of an age: when no new ones are made, the last stay."""
    return dlm.LifecyclePolicyArgs(
        description=f"Daily snapshots of the NFS disk {name}",
        execution_role_arn=role_arn,
        state="ENABLED",
        policy_details=dlm.LifecyclePolicyPolicyDetailsArgs(
            resource_types=["VOLUME"],
            target_tags={DISK_TAG: _disk_tag(name, args)},
            schedules=[
                dlm.LifecyclePolicyPolicyDetailsScheduleArgs(
                    name="daily",
                    create_rule=dlm.LifecyclePolicyPolicyDetailsScheduleCreateRuleArgs(
                        interval=24, interval_unit="HOURS", times=SNAPSHOT_TIME
                    ),
                    retain_rule=dlm.LifecyclePolicyPolicyDetailsScheduleRetainRuleArgs(
                        count=int(args.get("snapshot_days", DEFAULT_SNAPSHOT_DAYS))
                    ),
                    copy_tags=True,
                )
            ],
        ),
        tags={key: value for key, value in args.get("tags", {}).items() if SCHEDULE_TAG.fullmatch(key)},
    )


class NfsOnEbs(pulumi.ComponentResource):
    """A disk with snapshots, an address, and an instance that serves the one at the other by NFS.

    Give `address` and the path of the export to NfsStorage, without `depends_on` this component: a pod waits for the
    server anyway, and a protected volume would keep the instance when the stack is taken down.
    """

    address: Output[str]
    """Address of the server, for ever."""
    disk_id: Output[str]
    """Id of the data disk."""

    def __init__(self, name: str, args: NfsOnEbsArgs, opts: ResourceOptions | None = None) -> None:
        refuse("NfsOnEbs", name, check(name, args))
        super().__init__("kotaemon:index:NfsOnEbs", name, None, opts)
        protect = args.get("protect", True)
        disk = ebs.Volume(
            f"{name}-disk",
            args=disk_args(name, args),
            opts=ResourceOptions(parent=self, protect=protect, retain_on_delete=True, ignore_changes=KEEPS_ITS_KEY),
        )
        _snapshots(name, args, self)
        group, rules = _firewall(name, args, self)
        interface = ec2.NetworkInterface(
            f"{name}-address",
            description=f"Address of the NFS server {name}",
            subnet_id=args["subnet"],
            private_ips=[args["address"]] if "address" in args else None,
            security_groups=[group],
            tags={**args.get("tags", {}), "Name": name},
            opts=ResourceOptions(parent=self, protect=protect, retain_on_delete=True, depends_on=rules),
        )
        self.disk_id, self.address = disk.id, interface.private_ip
        size = gib(args.get("size", DEFAULT_SIZE), "size")
        told = disk.id.apply(lambda id_: user_data(args["serving"], device(id_), size))
        self._serve(name, args, disk, interface, told)
        self.register_outputs({"address": self.address, "disk_id": self.disk_id})

    def _serve(
        self, name: str, args: NfsOnEbsArgs, disk: ebs.Volume, interface: ec2.NetworkInterface, told: Output[str]
    ) -> None:
        """The instance and the disk at it. The old one leaves first: address and disk are there once."""
        # A newer image is no reason to restart a server, nor is what a release says of the disk of the system.
        as_made = ["rootBlockDevice"] if "image" in args else ["rootBlockDevice", "ami"]
        instance = ec2.Instance(
            f"{name}-server",
            args=instance_args(name, args, image=_image(self, args), interface=interface.id, told=told),
            opts=ResourceOptions(parent=self, delete_before_replace=True, ignore_changes=as_made),
        )
        ec2.VolumeAttachment(
            f"{name}-disk-at-server",
            device_name="/dev/sdf",  # what EC2 wants to hear; on Nitro the system sees another name
            volume_id=disk.id,
            instance_id=instance.id,
            stop_instance_before_detaching=True,  # a file system that is in use is not detached
            opts=ResourceOptions(parent=self, delete_before_replace=True),
        )


def _image(parent: Resource, args: NfsOnEbsArgs) -> Input[str]:
    if "image" in args:
        return args["image"]
    machine = "arm64" if architecture(args.get("instance_type", INSTANCE_TYPE)) == "arm64" else "amd64"
    found = ec2.get_ami_output(
        owners=[DEBIAN],
        most_recent=True,
        filters=[ec2.GetAmiFilterArgs(name="name", values=[f"debian-12-{machine}-*"])],
        opts=InvokeOptions(parent=parent),
    )
    return found.id


def _snapshots(name: str, args: NfsOnEbsArgs, parent: Resource) -> None:
    """The schedule, and the role by which DLM works. They are kept as the disk is: they protect its data."""
    region, protect = args["region"], args.get("protect", True)
    kept = ResourceOptions(parent=parent, protect=protect, retain_on_delete=True)
    trust = {"Effect": "Allow", "Principal": {"Service": f"dlm.{dns_suffix(region)}"}, "Action": "sts:AssumeRole"}
    role = iam.Role(
        f"{name}-snapshots-role",
        description="Snapshots of an NFS disk",
        assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        permissions_boundary=args.get("permissions_boundary"),
        tags=args.get("tags"),
        opts=kept,
    )
    allowed = iam.RolePolicyAttachment(
        f"{name}-snapshots-policy",
        role=role.name,
        policy_arn=f"arn:{partition(region)}:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole",
        opts=kept,
    )
    dlm.LifecyclePolicy(
        f"{name}-snapshots",
        args=schedule(name, args, role.arn),
        opts=ResourceOptions(parent=parent, protect=protect, retain_on_delete=True, depends_on=[allowed]),
    )


def _firewall(name: str, args: NfsOnEbsArgs, parent: Resource) -> tuple[Output[str], list[Resource]]:
    """NFS from the clients, packages from anywhere, and nothing else: no SSH. Rules are kept as in storage_group."""
    protect = args.get("protect", True)
    group = ec2.SecurityGroup(
        f"{name}-group",
        description="NFS server of Kotaemon: NFS from the nodes",
        vpc_id=args["vpc_id"],
        tags={**args.get("tags", {}), "Name": name},
        opts=ResourceOptions(parent=parent, protect=protect, retain_on_delete=True),
    )
    child = ResourceOptions(parent=parent, retain_on_delete=not protect)
    rules: list[Resource] = [
        vpc.SecurityGroupIngressRule(
            f"{name}-from-{client.replace('/', '-').replace(':', '.')}-{NFS_PORT}",
            security_group_id=group.id,
            cidr_ipv4=None if ":" in client else client,
            cidr_ipv6=client if ":" in client else None,
            ip_protocol="tcp",
            from_port=NFS_PORT,
            to_port=NFS_PORT,
            opts=child,
        )
        for client in args["serving"]["export"]["clients"]
    ]
    for port in PACKAGE_PORTS:
        rules.append(
            vpc.SecurityGroupEgressRule(
                f"{name}-to-mirrors-{port}",
                security_group_id=group.id,
                cidr_ipv4="0.0.0.0/0",
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                opts=child,
            )
        )
    return group.id, rules


def _kind(args: NfsOnEbsArgs) -> EbsType:
    return EbsType(args.get("kind", EbsType.GP3))


def _disk_tag(name: str, args: NfsOnEbsArgs) -> str:
    """Value of the disk's own tag."""
    return f"{args['cloud_name']}-{name}"
