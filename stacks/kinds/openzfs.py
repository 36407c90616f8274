"""Kind `openzfs`: FSx for OpenZFS."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pulumi
from pydantic import Field, model_validator

from components.aws import (
    OPENZFS_THROUGHPUT,
    OpenZfsDeployment,
    openzfs_network_refused,
    openzfs_refused,
    wide_networks,
)
from components.contract import Claim, Medium, Platform
from components.file.nfs import refused_option
from components.quantity import gib
from estimate.offers import Offer, Part, Wanted
from estimate.products.openzfs import TWO_ZONES, OpenZfs
from stacks.effects import KIND_ROW, VOLUME_SOURCE, VOLUME_TAKES, Effects, grows, in_place, refused
from stacks.kinds import nfs_nodes
from stacks.kinds.base import Buys, Context, Identity, Kind, Made, Watched
from stacks.kinds.folders import by_nfs_job, squashed_next
from stacks.offered import file_claim
from stacks.platforms.aws import ids
from stacks.platforms.aws.effects import OWN_SUBNET_CHANGES
from stacks.platforms.aws.settings import AwsSettings, encrypted_by, network_mistakes, tags, zone_mistakes
from stacks.settings.claim import ClaimSettings
from stacks.settings.existing import VOLUME, Id
from stacks.settings.fields import Size, accept
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.file.openzfs import OpenZfsStorageArgs


class OpenZfsClaim(ClaimSettings):
    """FSx for OpenZFS: NFS with failover, the best latency for small files on AWS."""

    kind: Literal["openzfs"]
    size: Size = Field("128Gi", description="Size of the file system, 64Gi at least; it can only grow.")
    deployment: OpenZfsDeployment = Field(OpenZfsDeployment.MULTI_AZ_1, description="Servers and zones.")
    throughput: int | None = Field(None, description="MB/s; none: the smallest of the deployment.")
    iops: int | None = Field(None, description="SSD IOPS; none: 3 for each GiB.")
    zones: list[str] = Field(
        default_factory=list[str],
        description="MULTI_AZ_1: the preferred zone and the standby; else one zone. None: the first of the stack's, "
        "by name.",
    )
    endpoint_range: str | None = Field(None, description="MULTI_AZ_1: network outside all subnets; none: FSx chooses.")
    squash: bool = Field(
        False,
        description="Every access as uid and gid, so that nobody is root on it. The first up hands a new file system "
        "over as root, and the next one squashes it.",
    )
    backup_days: int = Field(7, ge=1, le=90, description="Days that daily backups are kept.")
    mount_options: list[str] = Field(default_factory=list[str], description="Added to the defaults, as for kind nfs.")
    driver: Literal["in-tree", "csi"] | None = Field(
        None, description="Who mounts it, as for kind nfs; default: in-tree. Bottlerocket and Auto Mode need csi."
    )

    @model_validator(mode="after")
    def _limits(self) -> "OpenZfsClaim":
        throughput = self.throughput or self.smallest_throughput
        accept(openzfs_refused(self.deployment, gib(self.size, "size"), throughput, self.iops))
        zones = self.zones or ["the first", "the second"][: self.zone_count]
        accept(openzfs_network_refused(self.deployment, zones, self.endpoint_range))
        for option in self.mount_options:
            if reason := refused_option(option):
                raise ValueError(f"mountOptions holds {option!r}, which is not allowed: {reason}")
        return self

    @property
    def smallest_throughput(self) -> int:
        """MB/s where none are given."""
        return OPENZFS_THROUGHPUT[self.deployment][0]

    @property
    def zone_count(self) -> int:
        """How many zones its servers are in."""
        return 2 if self.deployment == OpenZfsDeployment.MULTI_AZ_1 else 1

    @property
    def parts(self) -> Mapping[str, Id]:
        """The file system, who may reach it, and what stands on it."""
        return {"files": ids.FILE_SYSTEM, **VOLUME, **ids.network("from", "to")}

    @property
    def medium(self) -> Medium:
        """OpenZFS is shared by NFS."""
        return Medium.FILE


_UPSTREAM = "terraform-provider-aws: internal/service/fsx/openzfs_file_system.go"


class OpenZfsKind(Kind[OpenZfsClaim]):
    """A file system of FSx for OpenZFS."""

    settings = OpenZfsClaim
    platforms = (Platform.AWS,)
    fill_elsewhere = (
        "CloudWatch, AWS/FSx UsedStorageCapacity: the driver reports no fill "
        "(kubernetes-sigs/aws-fsx-openzfs-csi-driver#87)"
    )
    in_account = True
    arn = "fsx:file-system"
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        "size": grows(f"{_UPSTREAM}, storage_capacity; FSx UpdateFileSystem"),
        "deployment": refused(f"{_UPSTREAM}, deployment_type"),
        "throughput": in_place(f"{_UPSTREAM}, throughput_capacity"),
        "iops": in_place(f"{_UPSTREAM}, disk_iops_configuration"),
        "zones": refused(f"{_UPSTREAM}, subnet_ids"),
        "endpoint_range": refused(f"{_UPSTREAM}, endpoint_ip_address_range"),
        "squash": in_place(f"{_UPSTREAM}, root_volume_configuration", "the export's options change"),
        "backup_days": in_place(f"{_UPSTREAM}, automatic_backup_retention_days"),
        "driver": refused(
            VOLUME_SOURCE,
            "the volume keeps its driver; add a claim of kind nfs with the new driver on the same server and path /fsx",
        ),
        "mount_options": in_place(VOLUME_TAKES, "a node takes them at its next mount"),
    }
    section_effects: ClassVar[Effects] = {
        "subnets": in_place(
            "a file system uses the subnets of its own zones only",
            "the file system stays in its zones",
            (OWN_SUBNET_CHANGES, refused(f"{_UPSTREAM}, subnet_ids", "leave its zones as they are")),
        ),
    }

    def own_backup(self, chosen: OpenZfsClaim) -> str:
        """Daily backups by FSx."""
        return f"daily backups by FSx, kept {chosen.backup_days} days"

    def planned(self, at: Context[OpenZfsClaim]) -> Claim:
        """The claim as plain values."""
        from components.file.openzfs import openzfs_claim

        return openzfs_claim(at.component, _openzfs_args(at))

    def filled_in(self, at: Context[OpenZfsClaim]) -> dict[str, Any]:
        """The zones that the stack has first, where none are given."""
        return {"zones": at.chosen.zones or list(at.place.subnets)[: at.chosen.zone_count]}

    def identity(self, at: Context[OpenZfsClaim]) -> Identity:
        """Servers in other zones are another file system. The first zones of the stack, where none are given."""
        zones = at.chosen.zones or at.settings.section(AwsSettings).known_zones[: at.chosen.zone_count]
        return {**super().identity(at), "zones": " and ".join(zones)}

    def products(self, at: Context[OpenZfsClaim]) -> list[Buys]:
        """One file system with its backups."""
        chosen = at.chosen
        throughput = chosen.throughput or chosen.smallest_throughput
        system = OpenZfs(gib(chosen.size, "size"), chosen.deployment.value, throughput, chosen.iops, backup=True)
        return [Buys(f"{at.component}-files", system)]

    def make(self, at: Context[OpenZfsClaim], opts: pulumi.ResourceOptions) -> Made:
        """The file system, volume and claim. Its root belongs to root until it is squashed: a Job makes the folders."""
        from components.file.openzfs import OpenZfsStorage

        if wide := wide_networks(at.settings.section(AwsSettings).networks):
            pulumi.log.warn(
                f"kotaemon:aws.networks: {', '.join(wide)} is larger than a VPC can be, and claim {at.name} is exported"
                " to all of it; give the networks of the nodes' subnets, or only cluster, so that they are found"
            )
        made = OpenZfsStorage(at.component, _openzfs_args(at), opts)
        if _squashed(at):
            return Made(made, id=made.file_system_id)
        if at.chosen.squash:
            squashed_next(at)
        return Made(made, by_nfs_job(at, made.export, give_root=at.chosen.squash), made.file_system_id)

    def mistakes(self, chosen: OpenZfsClaim, settings: Settings) -> Iterator[str]:
        """Zones of others, a network that is not known or too small, and nodes that do not mount it."""
        yield from nfs_nodes.mistakes(chosen.driver or "in-tree", chosen.mount_options, settings)
        aws = settings.section(AwsSettings)
        yield from zone_mistakes(aws, "zones", chosen.zones)
        yield from network_mistakes(aws, chosen.zone_count)

    def watched(self, chosen: OpenZfsClaim) -> Watched:
        """What is in use, and its burst credits."""
        return Watched("openzfs", chosen.size)

    def key_users(self, chosen: OpenZfsClaim) -> tuple[str, ...]:
        """FSx."""
        return ("fsx",)

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """With a standby in another zone and in the same one, slow and fast. It starts at 64 GiB."""
        size = max(64, wanted.gib(Part.FILES))
        for deployment in (TWO_ZONES, "SINGLE_AZ_HA_2"):
            routes = {"routeTables": ["rtb-0a1b2c3d4e5f60718"]} if deployment == TWO_ZONES else {}
            for throughput in (160, 640):
                said = {"kind": "openzfs", "size": f"{size}Gi", "deployment": deployment, "throughput": throughput}
                product, claim = OpenZfs(size, deployment, throughput), file_claim(Part.FILES, size, "openzfs", "KMS")
                yield Offer(Part.FILES, (product,), claim, said, section=routes)


def _squashed(at: Context[OpenZfsClaim]) -> bool:
    """Whether root is squashed in this run: a file system that is there has its folders."""
    return at.chosen.squash and (at.lived or "files" in at.chosen.existing)


def _openzfs_args(at: Context[OpenZfsClaim]) -> "OpenZfsStorageArgs":
    from components.file.nfs import NfsDriver
    from components.file.openzfs import OpenZfsStorageArgs

    aws = at.settings.section(AwsSettings)
    zones = at.chosen.zones or list(at.place.subnets)[: at.chosen.zone_count]
    args = OpenZfsStorageArgs(
        namespace=at.namespace,
        key_arn=at.key,
        region=aws.region,
        vpc_id=at.place.vpc,
        subnets={zone: at.place.subnets[zone] for zone in zones},
        client_security_groups=at.place.groups,
        client_networks=at.place.networks,
        size=at.chosen.size,
        deployment=at.chosen.deployment,
        throughput=at.chosen.throughput or at.chosen.smallest_throughput,
        mount_options=nfs_nodes.options(at.chosen.mount_options, at.settings),
        driver=NfsDriver(at.chosen.driver or "in-tree"),
        squash=_squashed(at),
        uid=at.settings.uid,
        gid=at.settings.gid,
        backup_days=at.chosen.backup_days,
        tags=tags(aws),
        encrypted_by=encrypted_by(aws),
        protect=at.settings.protect,
    )
    if at.place.route_tables is not None:
        args["route_tables"] = at.place.route_tables
    if at.chosen.iops is not None:
        args["iops"] = at.chosen.iops
    if at.chosen.endpoint_range is not None:
        args["endpoint_range"] = at.chosen.endpoint_range
    return args


KIND = OpenZfsKind()
