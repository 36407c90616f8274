"""Amazon FSx for OpenZFS: NFS 4.2 with failover between two zones, in the shape of the private platform's NFS."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import fsx
from typing_extensions import NotRequired

from ..aws import (
    OPENZFS_THROUGHPUT,
    OpenZfsDeployment,
    openzfs_network_refused,
    openzfs_refused,
    tags_refused,
    zone_refused,
)
from ..contract import Claim
from ..eks.security_group import Ports, storage_group
from ..encryption.kept import KEEPS_ITS_KEY
from ..quantity import gib, refused_size
from ..refusal import because, reasons, refuse
from . import nfs
from .nfs import NfsDriver, NfsStorage, NfsStorageArgs, nfs_claim

EXPORT_PATH = "/fsx"
"""Path of a file system's root volume (OpenZFS user guide, mount-openzfs-volumes)."""


class OpenZfsStorageArgs(TypedDict):
    """Arguments of OpenZfsStorage."""

    namespace: Input[str]
    """Namespace that the claim is made in: that of the application."""
    key_arn: Input[str]
    """Full ARN of the KMS key. It cannot be changed later: a file system keeps its key for ever."""
    region: str
    """Region of the cluster."""
    vpc_id: Input[str]
    """VPC of the nodes."""
    subnets: Mapping[str, Input[str]]
    """Zone -> subnet of a server: for MULTI_AZ_1 the preferred one first and the standby second, else exactly one."""
    client_security_groups: Mapping[str, Input[str]]
    """Security groups of the nodes. The keys are names of your own; they become part of the rules' names."""
    client_networks: Input[Sequence[str]]
    """Networks of the nodes: the export's clients. At most 25."""
    route_tables: NotRequired[Input[Sequence[str]]]
    """MULTI_AZ_1: all route tables of the nodes' subnets, so that a failover reroutes them, with the main table where a
    subnet names none. Default: the VPC's main table only, which the subnets of nodes seldom use."""
    endpoint_range: NotRequired[str]
    """MULTI_AZ_1: IPv4 network for the endpoints, outside every subnet; default: FSx takes a free /28 of the VPC."""
    claim_name: NotRequired[str]
    """Name of the PersistentVolumeClaim; default: the component's name."""
    size: NotRequired[str]
    """Size of the file system in Gi or Ti; default 128Gi, 64Gi at least. It can only grow."""
    deployment: NotRequired[OpenZfsDeployment]
    """Default MULTI_AZ_1: survives the loss of a zone."""
    throughput: NotRequired[int]
    """MB/s; default the smallest of the deployment type: 160, or 64 of the older generation."""
    iops: NotRequired[int]
    """SSD IOPS; default 3 for each GiB."""
    mount_options: NotRequired[list[str]]
    """Added to the defaults of components/file/nfs.py; an option of the same name replaces the default."""
    driver: NotRequired[NfsDriver]
    """Who mounts it; default in-tree, which needs mount.nfs on the nodes: Bottlerocket has none."""
    squash: NotRequired[bool]
    """Turn every access into `uid` and `gid`; default false: root makes the role folders first, since the root of a
    new volume belongs to root. Set it once NfsPreparation has run with `give_root`; FSx changes it in place."""
    uid: NotRequired[int]
    """Owner of the role folders, for `squash`; default 1001."""
    gid: NotRequired[int]
    """Group of the role folders, for `squash`; default 1001."""
    backup_days: NotRequired[int]
    """Days that daily backups are kept, 1 to 90; default 7."""
    tags: NotRequired[Mapping[str, str]]
    """Added to the file system, its volumes and backups."""
    encrypted_by: NotRequired[str]
    """Who encrypts the data, for the storage table; default "KMS, key of your own"."""
    protect: NotRequired[bool]
    """Refuse to delete file system, volume and claim; default true. They are kept on deletion in any case."""


def check(name: str, args: OpenZfsStorageArgs) -> list[str]:
    """Mistakes in the arguments of OpenZfsStorage(name, args); none: it can be made."""
    deployment, zones, size = _deployment(args), list(args["subnets"]), args.get("size", "128Gi")
    system = ""
    if not refused_size(size):
        system = openzfs_refused(deployment, gib(size, "size"), _throughput(args), args.get("iops"))
    return [
        *nfs.check(name, export(name, args, server="")),
        *(mistake for zone in zones for mistake in because(f"subnets: {zone!r}", zone_refused(zone, args["region"]))),
        *reasons(system, openzfs_network_refused(deployment, zones, args.get("endpoint_range"))),
        *because("client_networks", _networks_refused(args["client_networks"])),
        *because("backup_days", backup_days_refused(args.get("backup_days", 7))),
        *because("tags", tags_refused(args.get("tags", {}))),
    ]


def openzfs_claim(name: str, args: OpenZfsStorageArgs) -> Claim:
    """The claim that OpenZfsStorage(name, args) makes, before it makes it. Raises pulumi.RunError."""
    refuse("OpenZfsStorage", name, check(name, args))
    claim = nfs_claim(name, export(name, args, server=""))
    claim["backend"] = "openzfs"
    return claim


def backup_days_refused(days: int) -> str:
    """Why FSx would refuse the days of backups (API CreateFileSystem, AutomaticBackupRetentionDays)."""
    return "" if 1 <= days <= 90 else f"{days}: FSx keeps daily backups for 1 to 90 days; 0 would switch them off"


def _networks_refused(networks: Input[Sequence[str]]) -> str:
    if not isinstance(networks, Sequence):
        return ""  # they are looked up
    if not networks:
        return "none; FSx would export to everybody (API OpenZFSClientConfiguration, Clients)"
    return f"{len(networks)}; an export has at most 25" if len(networks) > 25 else ""


def export(name: str, args: OpenZfsStorageArgs, server: Input[str]) -> NfsStorageArgs:
    """The root volume as an NFS export: what mounts it, and what prepares its role folders, takes these arguments."""
    return NfsStorageArgs(
        namespace=args["namespace"],
        server=server,
        path=EXPORT_PATH,
        claim_name=args.get("claim_name", name),
        size=args.get("size", "128Gi"),
        mount_options=args.get("mount_options", []),
        driver=NfsDriver(args.get("driver", NfsDriver.IN_TREE)),
        encrypted_by=args.get("encrypted_by", "KMS, key of your own"),
        protect=args.get("protect", True),
    )


def export_options(args: OpenZfsStorageArgs) -> list[str]:
    """Options of the export, as in exports(5). sync: an acknowledged write is on disk."""
    if args.get("squash", False):
        return ["rw", "crossmnt", "sync", "all_squash", f"anonuid={_id(args, 'uid')}", f"anongid={_id(args, 'gid')}"]
    return ["rw", "crossmnt", "sync", "no_root_squash"]


def file_system(args: OpenZfsStorageArgs, size_gib: int, group: Input[str]) -> fsx.OpenZfsFileSystemArgs:
    """Arguments of the file system, on SSD, from those of the component."""
    client = fsx.OpenZfsFileSystemRootVolumeConfigurationNfsExportsClientConfigurationArgs
    clients = Output.from_input(args["client_networks"]).apply(
        lambda networks: [client(clients=network, options=export_options(args)) for network in networks]
    )
    deployment, subnets = _deployment(args), list(args["subnets"].values())
    two_zones = deployment == OpenZfsDeployment.MULTI_AZ_1
    iops = args.get("iops")
    return fsx.OpenZfsFileSystemArgs(
        deployment_type=deployment.value,
        storage_type="SSD",
        storage_capacity=size_gib,
        throughput_capacity=_throughput(args),
        disk_iops_configuration=fsx.OpenZfsFileSystemDiskIopsConfigurationArgs(mode="USER_PROVISIONED", iops=iops)
        if iops is not None
        else None,
        kms_key_id=args["key_arn"],
        subnet_ids=subnets,
        preferred_subnet_id=subnets[0] if two_zones else None,
        route_table_ids=args.get("route_tables") if two_zones else None,
        endpoint_ip_address_range=args.get("endpoint_range"),
        security_group_ids=[group],
        root_volume_configuration=fsx.OpenZfsFileSystemRootVolumeConfigurationArgs(
            data_compression_type="LZ4",  # costs next to nothing, and text shrinks to a half
            record_size_kib=128,
            nfs_exports=fsx.OpenZfsFileSystemRootVolumeConfigurationNfsExportsArgs(client_configurations=clients),
        ),
        automatic_backup_retention_days=int(args.get("backup_days", 7)),
        copy_tags_to_backups=True,
        copy_tags_to_volumes=True,
        skip_final_backup=False,
        tags={**args.get("tags", {}), "Name": "kotaemon"},
    )


class OpenZfsStorage(pulumi.ComponentResource):
    """A file system, and the volume and claim on its root volume."""

    claim: Claim
    """The claim in plain values, known before anything exists."""
    export: NfsStorageArgs
    """The root volume as an NFS export, for components/file/preparation.py: it belongs to root until it is squashed."""

    def __init__(self, name: str, args: OpenZfsStorageArgs, opts: ResourceOptions | None = None) -> None:
        claim = openzfs_claim(name, args)
        super().__init__("kotaemon:index:OpenZfsStorage", name, None, opts)
        self.claim = claim
        group = storage_group(
            name,
            "FSx for OpenZFS of Kotaemon: NFS from the nodes",
            args["vpc_id"],
            [Ports(2049, 2049)],  # NFS 4 has one port
            args["client_security_groups"],
            parent=self,
            keep=True,
            protect=args.get("protect", True),
            servers_talk=True,
            tags=args.get("tags"),
        )
        made = fsx.OpenZfsFileSystem(
            f"{name}-files",
            args=file_system(args, self.claim["size_gib"], group.id),
            opts=ResourceOptions(
                parent=self,
                protect=args.get("protect", True),
                retain_on_delete=True,
                depends_on=group.rules,
                ignore_changes=KEEPS_ITS_KEY,
            ),
        )
        self.file_system_id = made.id
        self.export = export(name, args, made.dns_name)
        NfsStorage(name, self.export, ResourceOptions(parent=self))
        self.register_outputs({"claim": self.claim})


def _deployment(args: OpenZfsStorageArgs) -> OpenZfsDeployment:
    return OpenZfsDeployment(args.get("deployment", OpenZfsDeployment.MULTI_AZ_1))


def _throughput(args: OpenZfsStorageArgs) -> int:
    return int(args.get("throughput") or OPENZFS_THROUGHPUT[_deployment(args)][0])


def _id(args: OpenZfsStorageArgs, which: str) -> int:
    return int(args.get("uid", 1001) if which == "uid" else args.get("gid", 1001))
