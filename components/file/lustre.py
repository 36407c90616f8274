"""Amazon FSx for Lustre: gigabytes a second for model weights, from 1.2 TiB up, in one zone."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import fsx
from typing_extensions import NotRequired

from ..aws import lustre_refused, tags_refused, zone_refused
from ..contract import AccessMode, Claim, Locks, Medium
from ..eks.security_group import Ports, storage_group
from ..encryption.kept import KEEPS_ITS_KEY
from ..quantity import gib, refused_size
from ..refusal import because, reasons, refuse
from ..volumes.static import static_claim, volume_spec
from .csi_preparation import CsiVolume, source

PORTS = (Ports(988, 988), Ports(1018, 1023))
"""LNet between servers and clients, in both directions (LustreGuide, limit-access-security-groups)."""

MOUNT_OPTIONS = ("flock", "noatime")
"""flock: without it flock and fcntl fail, and localflock would be local to each node (aws-fsx-csi-driver examples)."""


class S3Link(TypedDict):
    """A prefix of a bucket that appears as a folder; changes go both ways."""

    path: str
    """Folder in the file system, absolute, for example /models."""
    bucket_path: Input[str]
    """Bucket and prefix, for example s3://my-bucket/models."""
    write_back: NotRequired[bool]
    """Also write changes of files back to the bucket; default false: the bucket is the master."""


class LustreStorageArgs(TypedDict):
    """Arguments of LustreStorage."""

    namespace: Input[str]
    """Namespace that the claim is made in: that of the application."""
    key_arn: Input[str]
    """Full ARN of the KMS key. It cannot be changed later: a file system keeps its key for ever."""
    region: str
    """Region of the cluster. China regions are refused: they lack server version 2.15."""
    vpc_id: Input[str]
    """VPC of the nodes."""
    zone: str
    """Zone of the file system. Pods of other zones can mount it; their traffic is slower, and paid for."""
    subnet: Input[str]
    """Subnet of the file system, in `zone`."""
    client_security_groups: Mapping[str, Input[str]]
    """Security groups of the nodes, by a name of your own."""
    node_group_rules: NotRequired[bool]
    """Add the rules that let the servers in to `client_security_groups`, as resources of their own; default true, as
    what earlier releases made. A program that writes the rules of such a group inline takes them out again
    (terraform-provider-aws, vpc_security_group_ingress_rule): then false, and that program adds them."""
    claim_name: NotRequired[str]
    """Name of the PersistentVolumeClaim; default: the component's name."""
    size: NotRequired[str]
    """Size of the file system: 1200Gi (default), 2400Gi or a multiple of 2400Gi. It can only grow."""
    throughput: NotRequired[int]
    """MB/s for each TiB: 125 (default), 250, 500 or 1000."""
    metadata_iops: NotRequired[int]
    """1500, 3000, 6000 or a multiple of 12000 up to 192000; default: FSx decides by the size."""
    s3_links: NotRequired[list[S3Link]]
    """Buckets that appear as folders; default none. FSx makes no backups of a linked file system: version the
    bucket."""
    backup_days: NotRequired[int]
    """Days that daily backups are kept, 0 to 90; default 7, and 0 where `s3_links` forbids them."""
    squash: NotRequired[bool]
    """Let the servers take root of every machine for `uid` and `gid` (LustreRootSquashConfiguration); default false:
    root makes the role folders first. Set it once CsiPreparation has run with `give_root`; FSx changes it in place."""
    uid: NotRequired[int]
    """Owner of the role folders, for `squash`; default 1001."""
    gid: NotRequired[int]
    """Group of the role folders, for `squash`; default 1001."""
    tags: NotRequired[Mapping[str, str]]
    """Added to everything that AWS can tag."""
    encrypted_by: NotRequired[str]
    """Who encrypts the data, for the storage table; default "KMS, key of your own"."""
    protect: NotRequired[bool]
    """Refuse to delete file system, volume and claim; default true. They are kept on deletion in any case."""


def check(name: str, args: LustreStorageArgs) -> list[str]:
    """Mistakes in the arguments of LustreStorage(name, args); none: it can be made."""
    size, links = args.get("size", "1200Gi"), args.get("s3_links", [])
    system = "" if refused_size(size) else _system_refused(args, gib(size, "size"))
    return [
        *because("size", refused_size(size)),
        *because(f"zone {args['zone']!r}", zone_refused(args["zone"], args["region"])),
        *reasons(system),
        *because("backup_days", backup_days_refused(backup_days(args), linked=bool(links))),
        *(
            found
            for link in links
            for found in because(f"s3_links: path {link['path']!r}", link_path_refused(link["path"]))
        ),
        *because("tags", tags_refused(args.get("tags", {}))),
    ]


def _system_refused(args: LustreStorageArgs, size_gib: int) -> str:
    return lustre_refused(size_gib, args.get("throughput", 125), args["region"], args.get("metadata_iops"))


def lustre_claim(name: str, args: LustreStorageArgs) -> Claim:
    """The claim that LustreStorage(name, args) makes, before it makes it. Raises pulumi.RunError."""
    refuse("LustreStorage", name, check(name, args))
    return Claim(
        name=args.get("claim_name", name),
        access_mode=AccessMode.RWX,
        medium=Medium.FILE,
        backend="lustre",
        size_gib=gib(args.get("size", "1200Gi"), "size"),
        zones=[],
        encrypted_by=args.get("encrypted_by", "KMS, key of your own"),
        locks=Locks.SHARED,  # by the mount option flock; without it flock and fcntl fail
        # The driver's CSIDriver object has the policy ReadWriteOnceWithFSType: the kubelet leaves a shared volume alone
        # (aws-fsx-csi-driver chart values), and the root of a new file system belongs to root.
        fs_group=False,
    )


def backup_days(args: LustreStorageArgs) -> int:
    """Days that backups are kept, with the default filled in."""
    return int(args.get("backup_days", 0 if args.get("s3_links") else 7))


def backup_days_refused(days: int, *, linked: bool) -> str:
    """Why FSx would refuse the days of backups (API CreateFileSystem, AutomaticBackupRetentionDays)."""
    if linked and days:
        return f"{days}: FSx makes no backups of a file system that is linked to S3; version the bucket instead"
    return "" if 0 <= days <= 90 else f"{days}: FSx keeps daily backups for 1 to 90 days, 0 switches them off"


def link_path_refused(path: str) -> str:
    """Why FSx would refuse the folder of a link (API CreateDataRepositoryAssociation, FileSystemPath)."""
    if not path.startswith("/") or path == "/" or ".." in path.split("/"):
        return "must be an absolute folder, for example /models; not the root, which other roles live in"
    return ""


def file_system(args: LustreStorageArgs, size_gib: int, group: Input[str]) -> fsx.LustreFileSystemArgs:
    """Arguments of the file system, from those of the component."""
    iops = args.get("metadata_iops")
    nobody = f"{int(args.get('uid', 1001))}:{int(args.get('gid', 1001))}"
    return fsx.LustreFileSystemArgs(
        deployment_type="PERSISTENT_2",  # SCRATCH is not replicated, and PERSISTENT_1 older for the same money
        storage_type="SSD",
        storage_capacity=size_gib,
        per_unit_storage_throughput=int(args.get("throughput", 125)),
        file_system_type_version="2.15",  # the client of Amazon Linux 2023 is 2.15 (aws-fsx-csi-driver#437)
        metadata_configuration=fsx.LustreFileSystemMetadataConfigurationArgs(
            mode="AUTOMATIC" if iops is None else "USER_PROVISIONED", iops=iops
        ),
        data_compression_type="LZ4",
        root_squash_configuration=fsx.LustreFileSystemRootSquashConfigurationArgs(root_squash=nobody)
        if args.get("squash", False)
        else None,
        kms_key_id=args["key_arn"],
        subnet_ids=args["subnet"],
        security_group_ids=[group],
        automatic_backup_retention_days=backup_days(args),
        copy_tags_to_backups=True,
        skip_final_backup=bool(args.get("s3_links")),  # the provider's default is true
        tags={**args.get("tags", {}), "Name": "kotaemon"},
    )


def association(link: S3Link, file_system_id: Input[str], tags: Mapping[str, str]) -> fsx.DataRepositoryAssociationArgs:
    """Arguments of the link between a bucket's prefix and a folder."""
    events = ["NEW", "CHANGED", "DELETED"]
    return fsx.DataRepositoryAssociationArgs(
        file_system_id=file_system_id,
        file_system_path=link["path"],
        data_repository_path=link["bucket_path"],
        batch_import_meta_data_on_create=True,
        delete_data_in_filesystem=False,
        s3=fsx.DataRepositoryAssociationS3Args(
            auto_import_policy=fsx.DataRepositoryAssociationS3AutoImportPolicyArgs(events=events),
            auto_export_policy=fsx.DataRepositoryAssociationS3AutoExportPolicyArgs(events=events)
            if link.get("write_back", False)
            else None,
        ),
        tags=tags,
    )


class LustreStorage(pulumi.ComponentResource):
    """A file system, and the static volume and claim on it. Only the driver's node part is needed, no IAM."""

    claim: Claim
    """The claim in plain values, known before anything exists."""
    volume: CsiVolume
    """How it is mounted, for components/file/csi_preparation.py: the root of a new file system belongs to root."""
    file_system_id: Output[str]
    security_group_id: Output[str]
    """The group of the servers."""

    def __init__(self, name: str, args: LustreStorageArgs, opts: ResourceOptions | None = None) -> None:
        claim = lustre_claim(name, args)
        super().__init__("kotaemon:index:LustreStorage", name, None, opts)
        self.claim = claim
        protect, tags = args.get("protect", True), args.get("tags", {})
        group = storage_group(
            name,
            "FSx for Lustre of Kotaemon: LNet between servers and nodes",
            args["vpc_id"],
            PORTS,
            args["client_security_groups"],
            parent=self,
            keep=True,
            protect=protect,
            servers_talk=True,
            both_ways=True,
            into_clients=args.get("node_group_rules", True),
            tags=tags,
        )
        self.security_group_id = group.id
        made = fsx.LustreFileSystem(
            f"{name}-files",
            args=file_system(args, self.claim["size_gib"], group.id),
            # FSx checks the rules while it creates: without them the creation fails.
            opts=ResourceOptions(
                parent=self,
                protect=protect,
                retain_on_delete=True,
                depends_on=group.rules,
                ignore_changes=KEEPS_ITS_KEY,
            ),
        )
        self.file_system_id = made.id
        for link in args.get("s3_links", []):
            fsx.DataRepositoryAssociation(
                f"{name}-link{link['path'].replace('/', '-')}",
                args=association(link, made.id, tags),
                opts=ResourceOptions(parent=self),
            )
        self.volume = CsiVolume(
            namespace=args["namespace"],
            claim=self.claim,
            driver="fsx.csi.aws.com",
            handle=made.id,
            attributes={"dnsname": made.dns_name, "mountname": made.mount_name},
            mount_options=MOUNT_OPTIONS,
        )
        spec = volume_spec(self.claim, args["namespace"], source(self.volume), MOUNT_OPTIONS)
        static_claim(name, self.claim, args["namespace"], spec, parent=self, protect=protect)
        self.register_outputs({"claim": self.claim, "fileSystemId": self.file_system_id})
