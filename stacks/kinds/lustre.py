"""Kind `lustre`: FSx for Lustre."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import pulumi
from pydantic import Field, model_validator

from components.aws import lustre_refused
from components.contract import Claim, Medium, Platform
from components.quantity import gib
from estimate.offers import Offer, Part, Wanted
from estimate.products.lustre import THROUGHPUT, Lustre
from stacks.effects import KIND_ROW, Effects, When, grows, in_place, refused
from stacks.kinds.base import Buys, Context, Identity, Kind, Made, NeededDriver, Space, Watched
from stacks.kinds.folders import squashed_next
from stacks.offered import file_claim
from stacks.platforms.aws import ids, node_rules
from stacks.platforms.aws.drivers_needed import needed_driver as of_driver
from stacks.platforms.aws.effects import OWN_SUBNET_CHANGES
from stacks.platforms.aws.settings import AwsSettings, encrypted_by, network_mistakes, tags, zone_mistakes
from stacks.settings.claim import ClaimSettings
from stacks.settings.existing import VOLUME, Id
from stacks.settings.fields import Size, Strict, accept, matching
from stacks.settings.pod_rules import imposed
from stacks.settings.settings import Settings

if TYPE_CHECKING:
    from components.file.lustre import LustreStorageArgs

BucketPath = Annotated[
    str, matching(r"s3://[a-z0-9.-]{3,63}(/\S*)?", "must be a bucket or a prefix, for example s3://weights/prod")
]
Folder = Annotated[
    str, matching(r"/(?!\.\.?(/|$))[^/\s]+(/(?!\.\.?(/|$))[^/\s]+)*", "must be an absolute folder, for example /models")
]


_IS_STATIC = (
    "provisioning 'dynamic' is not allowed; only static: the root of a new file system belongs to root, and nothing "
    "that may run beside the application can change that; leave provisioning out"
)
"""The Job that makes the role folders runs as root, in a namespace of its own, on a second volume
(components/file/csi_preparation.py).

The application's namespace is `restricted`, so the Job cannot run there. Elsewhere it cannot use the driver's claim,
and a second volume needs the file system's id, which nobody knows before the claim is bound: after about ten minutes,
and Pulumi waits for five. The kubelet leaves the root alone (fsGroupPolicy ReadWriteOnceWithFSType), and no
parameter of a StorageClass sets its owner (aws-fsx-csi-driver, its page on options).
"""


class S3LinkSettings(Strict):
    """A bucket that appears as a folder."""

    path: Folder = Field(description="Folder in the file system.")
    bucket_path: BucketPath = Field(description="Bucket or prefix.")
    write_back: bool = Field(False, description="Also write changes of files back to the bucket.")


class LustreClaim(ClaimSettings):
    """FSx for Lustre: gigabytes a second for weights, from 1200Gi up, in one zone."""

    kind: Literal["lustre"]
    size: Size = Field("1200Gi", description="1200Gi, 2400Gi or a multiple of 2400Gi; it can only grow.")
    throughput: int = Field(125, description="MB/s for each TiB: 125, 250, 500 or 1000.")
    metadata_iops: int | None = Field(None, description="1500, 3000, 6000, or a multiple of 12000; none: by size.")
    zone: str | None = Field(None, description="Zone of the file system; none: the first of the stack's, by name.")
    s3_links: list[S3LinkSettings] = Field(
        default_factory=list[S3LinkSettings], description="Buckets as folders; there are no backups then."
    )
    squash: bool = Field(
        False,
        description="Root of every machine as uid and gid, so that nobody is root on it. The first up hands a new file "
        "system over as root, and the next one squashes it. It cannot be switched off again.",
    )
    backup_days: int | None = Field(None, ge=0, le=90, description="Days of daily backups; none: 7, or 0 with links.")
    provisioning: Literal["static", "dynamic"] = Field(
        "static",
        description="Who makes the file system: static, the stack. dynamic is refused, with the reason.",
        json_schema_extra={"enum": ["static"]},  # editors offer only what is accepted
    )

    @model_validator(mode="after")
    def _limits(self) -> "LustreClaim":
        if self.provisioning == "dynamic":
            raise ValueError(_IS_STATIC)
        # The region is not known here; it is checked with the section kotaemon:aws.
        accept(lustre_refused(gib(self.size, "size"), self.throughput, "", self.metadata_iops))
        if self.s3_links and self.backup_days:
            raise ValueError(
                "backupDays: FSx makes no backups of a file system that is linked to S3; version the bucket"
            )
        return self

    @property
    def parts(self) -> Mapping[str, Id]:
        """The file system, who may reach it, and what stands on it."""
        return {"files": ids.FILE_SYSTEM, **VOLUME, **ids.network("from", "to", "into")}

    @property
    def medium(self) -> Medium:
        """Lustre is shared."""
        return Medium.FILE

    @property
    def kept_days(self) -> int:
        """Days of backups: a file system that is linked to a bucket has none."""
        return self.backup_days if self.backup_days is not None else 0 if self.s3_links else 7


_UPSTREAM = "terraform-provider-aws: internal/service/fsx/lustre_file_system.go"
_FEWER = When(
    "it becomes smaller, or is left out",
    lambda before, after: (before.get("metadataIops") or 0) > (after.get("metadataIops") or 0),
)
_UNSQUASHED = When("it was true", lambda before, after: bool(before.get("squash")))


class LustreKind(Kind[LustreClaim]):
    """A file system of FSx for Lustre."""

    settings = LustreClaim
    platforms = (Platform.AWS,)
    fill_elsewhere = (
        "CloudWatch, AWS/FSx FreeDataStorageCapacity: the driver reports no fill "
        "(kubernetes-sigs/aws-fsx-csi-driver#431)"
    )
    in_account = True
    arn = "fsx:file-system"
    drivers = ("fsx.csi.aws.com",)
    effects: ClassVar[Effects] = {
        "kind": KIND_ROW,
        "size": grows(f"{_UPSTREAM}, storage_capacity"),
        "throughput": in_place(f"{_UPSTREAM}, per_unit_storage_throughput (pull request 34932)"),
        "metadata_iops": in_place(
            f"{_UPSTREAM}, metadata_configuration",
            "it can only grow",
            (_FEWER, refused(f"{_UPSTREAM}, metadata_configuration: fewer IOPS are a new file system")),
        ),
        "zone": refused(f"{_UPSTREAM}, subnet_ids"),
        "s3_links": in_place(
            "terraform-provider-aws: internal/service/fsx/data_repository_association.go",
            "a link that changes is made anew; files that are there stay",
        ),
        "squash": in_place(
            f"{_UPSTREAM}, root_squash_configuration",
            "the servers squash root",
            (_UNSQUASHED, refused(f"{_UPSTREAM}: leaving the block out changes nothing", "it stays squashed")),
        ),
        "backup_days": in_place(f"{_UPSTREAM}, automatic_backup_retention_days"),
        "provisioning": refused("only `static` is allowed"),
    }
    section_effects: ClassVar[Effects] = {
        "subnets": in_place(
            "a file system uses the subnets of its own zones only",
            "the file system stays in its zones",
            (OWN_SUBNET_CHANGES, refused(f"{_UPSTREAM}, subnet_ids", "leave its zones as they are")),
        ),
    }

    def own_backup(self, chosen: LustreClaim) -> str:
        """Daily backups by FSx, which makes none of a file system that is linked to S3."""
        return f"daily backups by FSx, kept {chosen.kept_days} days" if chosen.kept_days > 0 else ""

    def copied(self, chosen: LustreClaim, settings: Settings) -> bool:
        """Where it has backups at all."""
        return chosen.kept_days > 0

    def planned(self, at: Context[LustreClaim]) -> Claim:
        """The claim as plain values."""
        from components.file.lustre import lustre_claim

        return lustre_claim(at.component, _lustre_args(at))

    def filled_in(self, at: Context[LustreClaim]) -> dict[str, Any]:
        """The zone that the stack has first, where none is given."""
        return {"zone": at.chosen.zone or next(iter(at.place.subnets), None)}

    def identity(self, at: Context[LustreClaim]) -> Identity:
        """A file system in another zone is another file system. The first zone of the stack, where none is given."""
        zone = at.chosen.zone or next(iter(at.settings.section(AwsSettings).known_zones), "")
        return {**super().identity(at), "zone": zone}

    def products(self, at: Context[LustreClaim]) -> list[Buys]:
        """One file system with its backups."""
        chosen = at.chosen
        backup = chosen.kept_days > 0
        system = Lustre(gib(chosen.size, "size"), "PERSISTENT_2", chosen.throughput, chosen.metadata_iops, backup)
        return [Buys(f"{at.component}-files", system)]

    def make(self, at: Context[LustreClaim], opts: pulumi.ResourceOptions) -> Made:
        """The file system, volume and claim. Its root belongs to root: a Job makes the folders."""
        from components.file.csi_preparation import CsiPreparation, CsiPreparationArgs
        from components.file.lustre import PORTS, LustreStorage

        squashed = _squashed(at)
        made = LustreStorage(at.component, _lustre_args(at), opts)
        if not at.settings.section(AwsSettings).node_group_rules:
            node_rules.tell(at.name, PORTS, made.security_group_id, at.place.groups, _zone(at))

        if squashed:
            return Made(made, id=made.file_system_id)
        if at.chosen.squash:
            squashed_next(at)

        def prepare(folders: Sequence[str], kubernetes: pulumi.ResourceOptions, _: Space) -> pulumi.Resource:
            args = CsiPreparationArgs(
                volume=made.volume,
                folders=list(folders),
                image=at.settings.image,
                uid=at.settings.uid,
                gid=at.settings.gid,
                give_root=at.chosen.squash,
                cluster_imposes=imposed(at.settings, "preparation"),
            )
            return CsiPreparation(f"{at.component}-folders", args, kubernetes)

        return Made(made, prepare, made.file_system_id)

    def mistakes(self, chosen: LustreClaim, settings: Settings) -> Iterator[str]:
        """A zone of others, a network that is not known, rules that nobody decided about, and a region without it."""
        aws = settings.section(AwsSettings)
        if aws.node_group_rules is None:
            yield f"kind: {node_rules.UNDECIDED}"
        yield from zone_mistakes(aws, "zone", [chosen.zone] if chosen.zone else [])
        yield from network_mistakes(aws, 1)
        if reason := lustre_refused(1200, 125, aws.region):
            yield f"kind: {reason}"

    def watched(self, chosen: LustreClaim) -> Watched:
        """What is free on its disks."""
        return Watched("lustre", chosen.size)

    def needed_driver(self, chosen: LustreClaim, settings: Settings) -> NeededDriver | None:
        """The driver, unless the stack installs it."""
        return of_driver("fsx.csi.aws.com", "fsx", settings)

    def key_users(self, chosen: LustreClaim) -> tuple[str, ...]:
        """FSx."""
        return ("fsx",)

    def offers(self, wanted: Wanted) -> Iterator[Offer]:
        """For models: 1200 GiB, or a multiple of 2400."""
        smallest, step, gib = 1200, 2400, wanted.gib(Part.MODELS)
        size = smallest if gib <= smallest else -(-gib // step) * step
        for throughput in THROUGHPUT:
            said = {"kind": "lustre", "size": f"{size}Gi", "throughput": throughput}
            product = Lustre(size, "PERSISTENT_2", throughput)
            claim = file_claim(Part.MODELS, size, "lustre", "KMS")
            yield Offer(Part.MODELS, (product,), claim, said, section={"nodeGroupRules": False})


def _squashed(at: Context[LustreClaim]) -> bool:
    """Whether root is squashed in this run: a file system that is there has its folders."""
    return at.chosen.squash and (at.lived or "files" in at.chosen.existing)


def _zone(at: Context[LustreClaim]) -> str:
    return at.chosen.zone or next(iter(at.place.subnets))


def _lustre_args(at: Context[LustreClaim]) -> "LustreStorageArgs":
    from components.file.lustre import LustreStorageArgs, S3Link

    aws = at.settings.section(AwsSettings)
    zone = _zone(at)
    args = LustreStorageArgs(
        namespace=at.namespace,
        key_arn=at.key,
        region=aws.region,
        vpc_id=at.place.vpc,
        zone=zone,
        subnet=at.place.subnets[zone],
        client_security_groups=at.place.groups,
        node_group_rules=bool(aws.node_group_rules),
        squash=_squashed(at),
        uid=at.settings.uid,
        gid=at.settings.gid,
        size=at.chosen.size,
        throughput=at.chosen.throughput,
        s3_links=[
            S3Link(path=link.path, bucket_path=link.bucket_path, write_back=link.write_back)
            for link in at.chosen.s3_links
        ],
        tags=tags(aws),
        encrypted_by=encrypted_by(aws),
        protect=at.settings.protect,
    )
    if at.chosen.metadata_iops is not None:
        args["metadata_iops"] = at.chosen.metadata_iops
    if at.chosen.backup_days is not None:
        args["backup_days"] = at.chosen.backup_days
    return args


KIND = LustreKind()
