"""The section `kotaemon:aws` of a stack file, and the names and tags that follow from it."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, TypedDict

import pulumi
from pydantic import Field, model_validator
from typing_extensions import NotRequired

from components.aws import key_arn_refused, network_refused, partition, tags_refused, topic_refused, zone_refused
from stacks.platforms.aws import ids
from stacks.platforms.aws.alarm_settings import AwsAlarmSettings
from stacks.settings.existing import Existing, Id
from stacks.settings.fields import Cidr, DnsLabel, Strict, accept, matching
from stacks.stores.rds import RdsSettings

_FOUND = "default: found at up, through `cluster`."

Region = Annotated[str, matching(r"[a-z]{2,4}(-[a-z]+)+-[0-9]", "must be a region of AWS, for example eu-central-1")]
Account = Annotated[str, matching(r"[0-9]{12}", "must be the 12 digits of the account id, in quotes")]
Vpc = Annotated[str, matching(r"vpc-[0-9a-f]{8,17}", "must be the id of a VPC, for example vpc-0a1b2c3d4e5f60718")]
Subnet = Annotated[
    str, matching(r"subnet-[0-9a-f]{8,17}", "must be the id of a subnet, for example subnet-0a1b2c3d4e5f60718")
]
SecurityGroup = Annotated[
    str, matching(r"sg-[0-9a-f]{8,17}", "must be the id of a security group, for example sg-0a1b2c3d4e5f60718")
]
RouteTable = Annotated[
    str, matching(r"rtb-[0-9a-f]{8,17}", "must be the id of a route table, for example rtb-0a1b2c3d4e5f60718")
]
RoleArn = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+",
        "must be the ARN of an IAM role, for example arn:aws:iam::111122223333:role/ebs-csi",
    ),
]
PolicyArn = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]+",
        "must be the ARN of an IAM policy, for example arn:aws:iam::111122223333:policy/boundary",
    ),
]
ClusterName = Annotated[str, matching(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}", "must be the name of an EKS cluster")]


class DriverSettings(Strict):
    """A CSI driver of the cluster: adopted, or installed by the stack."""

    mode: Literal["adopt", "install"] = Field(
        "adopt", description="adopt: the driver is installed already; install: the stack installs it as an EKS add-on."
    )
    role: RoleArn | None = Field(
        None, description="ARN of the IAM role with which an adopted driver runs, for the policy of the key."
    )
    version: str | None = Field(
        None, description="Version of the add-on that the stack installs; default: that of EKS."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> "DriverSettings":
        if self.mode == "install" and self.role is not None:
            raise ValueError("role is allowed only with mode: adopt, because install makes an IAM role; leave it out")
        if self.mode == "adopt" and self.version is not None:
            raise ValueError("version is allowed only with mode: install; leave it out")
        return self


def adopted() -> DriverSettings:
    """The settings of an adopted driver without any key: the default."""
    return DriverSettings.model_validate({})


class Drivers(Strict):
    """The CSI drivers of the cluster."""

    ebs: DriverSettings = Field(
        default_factory=lambda: DriverSettings.model_validate({}), description="Driver ebs.csi.aws.com, for EBS disks."
    )
    efs: DriverSettings = Field(
        default_factory=lambda: DriverSettings.model_validate({}), description="Driver efs.csi.aws.com, for EFS."
    )
    fsx: DriverSettings = Field(
        default_factory=lambda: DriverSettings.model_validate({}),
        description="Driver fsx.csi.aws.com, for FSx for Lustre.",
    )
    s3: DriverSettings = Field(
        default_factory=lambda: DriverSettings.model_validate({}),
        description="Driver s3.csi.aws.com (version 2), which mounts the bucket.",
    )
    install_agent: bool = Field(
        False, description="Whether to install the add-on eks-pod-identity-agent, which permission: pod-identity needs."
    )
    permission: Literal["pod-identity", "irsa"] = Field(
        "pod-identity", description="How installed drivers get their IAM role."
    )
    oidc_issuer: str | None = Field(None, description=f"OIDC issuer of the cluster, for permission: irsa; {_FOUND}")


class AwsSettings(Existing):
    """The EKS cluster, its network, its CSI drivers and the key.

    Values that are not given are found at `up` through `cluster`.
    """

    region: Region = Field(description="Region of the cluster and of its storage.")
    cluster: ClusterName | None = Field(
        None, description="Name of the EKS cluster, to look up values that are not given and to install drivers."
    )
    cluster_stack: str | None = Field(
        None,
        description="Full name of a stack with the output `kubeconfig`, `organization/project/stack`, in place of "
        "kotaemon:cluster.",
    )
    auto_mode: bool = Field(False, description="Whether the cluster runs EKS Auto Mode, which has its own EBS driver.")
    auto_mode_tags: bool = Field(
        False,
        description="Whether disks of Auto Mode get the stack's tags. Auto Mode refuses to make a disk with tags until "
        "the IAM role of the cluster has one more statement, which a run prints (docs/clouds.md).",
    )
    bottlerocket: bool = Field(
        False,
        description="Whether nodes run Bottlerocket, as all nodes of Auto Mode do. They have no mount.nfs, so NFS is "
        "mounted by csi-driver-nfs.",
    )
    cluster_role: RoleArn | None = Field(None, description=f"ARN of the cluster's IAM role, for autoMode; {_FOUND}")
    account: Account | None = Field(None, description="Id of the account, in quotes; default: that of the credentials.")
    vpc: Vpc | None = Field(None, description=f"Id of the VPC of the nodes; {_FOUND}")
    subnets: dict[str, Subnet] = Field(
        default_factory=dict[str, Subnet], description=f"Zone -> id of the subnet of the nodes; {_FOUND}"
    )
    zones: list[str] = Field(default_factory=list[str], description="Zones of the nodes; default: those of `subnets`.")
    security_groups: dict[DnsLabel, SecurityGroup] = Field(
        default_factory=dict[str, SecurityGroup],
        description=f"A name of your own -> id of a security group of the nodes; {_FOUND}",
    )
    node_group_rules: bool | None = Field(
        None,
        description="Whether the stack adds rules to the security groups of the nodes, which another program owns; a "
        "stack with kind lustre has to say it. true: as resources of their own, which a program that writes the "
        "groups' rules inline takes out again. false: the rules are printed, for whoever owns the groups.",
    )
    networks: list[Cidr] = Field(
        default_factory=list[str],
        description=f"Networks of the nodes in CIDR notation; {_FOUND}",
    )
    route_tables: list[RouteTable] = Field(
        default_factory=list[str],
        description="Ids of the route tables of the nodes' subnets, for OpenZFS in two zones.",
    )
    key_arn: str | None = Field(
        None, description="Full ARN of an existing KMS key that encrypts; default: the stack makes one."
    )
    permissions_boundary: PolicyArn | None = Field(
        None,
        description="ARN of the IAM policy that is the permissions boundary of every IAM role which the stack makes. "
        "It has to allow what those roles need (docs/clouds.md, permissions boundary); default: none.",
    )
    quotas: bool = Field(
        False,
        description="Whether a run asks Service Quotas whether the account may have what the stack buys, and says what "
        "is missing. It needs servicequotas:GetServiceQuota and tag:GetResources.",
    )
    key_for_nodes: bool = Field(
        False,
        description="Whether the disks of nodes use the stack's key as well; it then admits the service role of "
        "auto-scaling.",
    )
    drivers: Drivers = Field(
        default_factory=lambda: Drivers.model_validate({}),
        description="CSI drivers of the cluster: adopted or installed.",
    )
    database: RdsSettings | None = Field(
        None, description="PostgreSQL that the stack makes on RDS; only in the profile scaled."
    )
    alarms: AwsAlarmSettings | None = Field(
        None,
        description="Alarms of CloudWatch for EFS, OpenZFS, Lustre and the database on RDS (docs/monitoring.md); "
        "default: none are made.",
    )
    tags: dict[str, str] = Field(
        default_factory=dict[str, str], description="Tags that are added to every resource which AWS can tag."
    )

    @model_validator(mode="after")
    def _consistent(self) -> "AwsSettings":
        for network in self.networks:
            accept(network_refused(network))
        for zone in (*self.subnets, *self.zones):
            if reason := zone_refused(zone, self.region):
                raise ValueError(f"zone {zone!r} {reason}")
        if self.subnets and self.zones and set(self.subnets) != set(self.zones):
            raise ValueError(f"zones: {_listed(self.zones)}, but subnets has {_listed(self.subnets)}; leave zones out")
        if self.key_arn is not None and (reason := key_arn_refused(self.key_arn, self.region)):
            raise ValueError(f"keyArn {self.key_arn!r} {reason}")
        accept(self._boundary_refused())
        if self.alarms is not None and (reason := topic_refused(self.alarms.topic, self.region)):
            raise ValueError(f"alarms.topic: {self.alarms.topic!r} {reason}")
        if self.auto_mode and self.drivers.ebs != adopted():
            raise ValueError(
                "drivers.ebs is not allowed with autoMode, which has an EBS driver of its own; leave it out"
            )
        if self.auto_mode_tags and not self.auto_mode:
            raise ValueError("autoModeTags is about the disks of EKS Auto Mode, and autoMode is false; leave it out")
        accept(tags_refused(self.tags))
        if self.cluster is None:
            accept(self._not_found())
        return self

    def _boundary_refused(self) -> str:
        if self.permissions_boundary is None:
            return ""
        _, of, _, _, account, _ = self.permissions_boundary.split(":", 5)
        key = f"permissionsBoundary {self.permissions_boundary!r}"
        if of != partition(self.region):
            return f"{key} is an ARN of partition {of}; region {self.region} is in {partition(self.region)}"
        if self.account is not None and account not in ("aws", self.account):
            return f"{key} is a policy of account {account}; IAM takes one of account {self.account}, or of AWS itself"
        return ""

    def _not_found(self) -> str:
        installed = [n for n in ("ebs", "efs", "fsx", "s3") if getattr(self.drivers, n).mode == "install"]
        if installed:
            return f"cluster: missing; drivers.{installed[0]}.mode install needs it"
        if not self.known_zones:
            return "subnets: missing; give them, or the name of the cluster to find them through"
        if self.auto_mode and self.cluster_role is None:
            return "clusterRole: missing; give it, or the name of the cluster to find it through"
        return ""

    @property
    def parts(self) -> Mapping[str, Id]:
        """The key, and the IAM roles and add-ons of the drivers that the stack installs."""
        driver = "aws-(ebs|efs|fsx|mountpoint-s3)-csi-driver"
        return {
            "key-key": ids.KEY,
            f"{driver}-role": ids.IAM_ROLE,
            f"{driver}-policy": ids.ATTACHED,
            f"{driver}-addon-key": ids.ATTACHED,
            f"{driver}-addon-addon|pod-identity-addon": ids.ADDON,
        }

    @property
    def mounts_nfs(self) -> bool:
        """Whether nodes mount NFS themselves, without a CSI driver."""
        return not (self.auto_mode or self.bottlerocket)

    @property
    def known_zones(self) -> list[str]:
        """Zones that the stack file gives: those of `subnets` by name, or the list `zones`. Empty: found at up."""
        return sorted(self.subnets) or self.zones


def _listed(zones: Mapping[str, str] | list[str]) -> str:
    return ", ".join(sorted(zones))


def key_alias() -> str:
    """Alias of the stack's key, which has the names of project and stack."""
    return f"alias/{pulumi.get_project()}-{pulumi.get_stack()}"


def encrypted_by(aws: AwsSettings) -> str:
    """The key that encrypts, in words for the storage table."""
    return f"KMS {aws.key_arn or key_alias()}"


def tags(aws: AwsSettings) -> dict[str, str]:
    """Tags for every AWS resource of the stack: application, stack, and the user's own."""
    return {"app": "kotaemon", "stack": pulumi.get_stack(), **aws.tags}


class Boundary(TypedDict):
    """Argument of every component that makes an IAM role."""

    permissions_boundary: NotRequired[str]


def boundary(aws: AwsSettings) -> Boundary:
    """The permissions boundary of the stack's IAM roles; empty: they have none."""
    return {} if aws.permissions_boundary is None else {"permissions_boundary": aws.permissions_boundary}


def disk_tags(aws: AwsSettings) -> dict[str, str]:
    """Tags of disks that a StorageClass makes. None with Auto Mode, unless the cluster's IAM role lets it set them."""
    return {} if aws.auto_mode and not aws.auto_mode_tags else tags(aws)


def zone_mistakes(aws: AwsSettings, key: str, zones: list[str]) -> Iterator[str]:
    """Messages for the zones at `key` that are not zones of the stack."""
    for zone in zones:
        if reason := zone_refused(zone, aws.region):
            yield f"{key}: {zone!r} {reason}"
        elif aws.known_zones and zone not in aws.known_zones:
            yield f"{key}: {zone!r} is not one of the stack's zones {', '.join(aws.known_zones)}"


def network_mistakes(aws: AwsSettings, zone_count: int) -> Iterator[str]:
    """Messages for the network settings that a file system with servers in `zone_count` zones lacks."""
    if len(aws.known_zones) < zone_count:
        yield (
            f"kind: needs {zone_count} of the stack's zones, and it has {len(aws.known_zones)}; "
            "give subnets, or zones to find the subnets through the cluster"
        )
    if aws.cluster is None and not (aws.vpc and aws.subnets and aws.security_groups):
        yield "kind: needs vpc, subnets and securityGroups, or cluster to find them through"
