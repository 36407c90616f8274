"""What a stack file says about AWS: the section `kotaemon:aws`, and the names and tags that follow from it."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import pulumi
from pydantic import Field, model_validator

from components.aws import key_arn_refused, tags_refused, zone_refused
from stacks.settings.fields import Cidr, DnsLabel, Strict, accept, matching
from stacks.stores.rds import RdsSettings

_FOUND = "none: found through `cluster`."

Region = Annotated[str, matching(r"[a-z]{2}(-[a-z]+)+-[0-9]", "must be a region of AWS, for example eu-central-1")]
Account = Annotated[str, matching(r"[0-9]{12}", "must be the account's 12 digits, in quotes")]
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
        "must be the ARN of a role, for example arn:aws:iam::111122223333:role/ebs-csi",
    ),
]
ClusterName = Annotated[str, matching(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}", "must be the name of an EKS cluster")]


class DriverSettings(Strict):
    """A CSI driver."""

    mode: Literal["adopt", "install"] = Field("adopt", description="adopt: it is there; install: as an EKS add-on.")
    role: RoleArn | None = Field(None, description="adopt: the role it runs with, for the key's policy.")
    version: str | None = Field(None, description="install: version of the add-on; none: the default of EKS.")

    @model_validator(mode="after")
    def _one_of_two(self) -> "DriverSettings":
        if self.mode == "install" and self.role is not None:
            raise ValueError("role belongs to mode adopt; install makes a role of its own")
        if self.mode == "adopt" and self.version is not None:
            raise ValueError("version belongs to mode install")
        return self


def adopted() -> DriverSettings:
    """A driver that is there, with nothing said about it."""
    return DriverSettings.model_validate({})


class Drivers(Strict):
    """The CSI drivers of the cluster."""

    ebs: DriverSettings = Field(
        default_factory=lambda: DriverSettings.model_validate({}), description="ebs.csi.aws.com."
    )
    efs: DriverSettings = Field(
        default_factory=lambda: DriverSettings.model_validate({}), description="efs.csi.aws.com."
    )
    fsx: DriverSettings = Field(
        default_factory=lambda: DriverSettings.model_validate({}), description="fsx.csi.aws.com."
    )
    install_agent: bool = Field(False, description="Install eks-pod-identity-agent, which pod-identity needs.")
    permission: Literal["pod-identity", "irsa"] = Field("pod-identity", description="How installed drivers get a role.")
    oidc_issuer: str | None = Field(None, description=f"irsa: the cluster's issuer; {_FOUND}")


class AwsSettings(Strict):
    """Where on AWS. What is not given is found at `up`, through the cluster."""

    region: Region = Field(description="Region of the cluster and of its storage.")
    cluster: ClusterName | None = Field(
        None, description="Name of the EKS cluster: to find things, to install drivers."
    )
    cluster_stack: str | None = Field(
        None, description="`organization/project/stack` with the output kubeconfig, in place of kotaemon:cluster."
    )
    auto_mode: bool = Field(False, description="The cluster runs EKS Auto Mode; it brings its own EBS driver.")
    cluster_role: RoleArn | None = Field(None, description=f"autoMode: the cluster's role; {_FOUND}")
    account: Account | None = Field(None, description="Account; none: that of the credentials.")
    vpc: Vpc | None = Field(None, description=f"VPC of the nodes; {_FOUND}")
    subnets: dict[str, Subnet] = Field(
        default_factory=dict[str, Subnet], description=f"Zone -> subnet of the nodes; {_FOUND}"
    )
    zones: list[str] = Field(default_factory=list[str], description="Zones of the nodes; none: those of `subnets`.")
    security_groups: dict[DnsLabel, SecurityGroup] = Field(
        default_factory=dict[str, SecurityGroup], description=f"Security groups of the nodes; {_FOUND}"
    )
    networks: list[Cidr] = Field(
        default_factory=list[str],
        description=f"Networks of the nodes; {_FOUND}",
    )
    route_tables: list[RouteTable] = Field(
        default_factory=list[str], description="Route tables of the nodes' subnets, for OpenZFS in two zones."
    )
    key_arn: str | None = Field(None, description="KMS key of your own; none: the stack makes one.")
    key_for_nodes: bool = Field(
        False, description="Node disks use the stack's key, too: the auto-scaling role gets it."
    )
    drivers: Drivers = Field(default_factory=lambda: Drivers.model_validate({}), description="CSI drivers.")
    database: RdsSettings | None = Field(None, description="PostgreSQL, for the scaled profile.")
    tags: dict[str, str] = Field(default_factory=dict[str, str], description="Added to everything that AWS can tag.")

    @model_validator(mode="after")
    def _consistent(self) -> "AwsSettings":
        for zone in (*self.subnets, *self.zones):
            if reason := zone_refused(zone, self.region):
                raise ValueError(f"zone {zone!r} {reason}")
        if self.subnets and self.zones and set(self.subnets) != set(self.zones):
            raise ValueError(f"zones: {_listed(self.zones)}, but subnets has {_listed(self.subnets)}; leave zones out")
        if self.key_arn is not None and (reason := key_arn_refused(self.key_arn, self.region)):
            raise ValueError(f"keyArn {self.key_arn!r} {reason}")
        if self.auto_mode and self.drivers.ebs != adopted():
            raise ValueError("autoMode has an EBS driver of its own; drivers.ebs is for clusters without it")
        accept(tags_refused(self.tags))
        if self.cluster is None:
            accept(self._not_found())
        return self

    def _not_found(self) -> str:
        installed = [n for n in ("ebs", "efs", "fsx") if getattr(self.drivers, n).mode == "install"]
        if installed:
            return f"cluster: missing; drivers.{installed[0]}.mode install needs it"
        if not self.known_zones:
            return "subnets: missing; give them, or the name of the cluster to find them through"
        if self.auto_mode and self.cluster_role is None:
            return "clusterRole: missing; give it, or the name of the cluster to find it through"
        return ""

    @property
    def known_zones(self) -> list[str]:
        """Zones that the file gives; empty: found at up."""
        return list(self.subnets) or self.zones


def _listed(zones: Mapping[str, str] | list[str]) -> str:
    return ", ".join(sorted(zones))


def key_alias() -> str:
    """Alias of the stack's key."""
    return f"alias/kotaemon-{pulumi.get_stack()}"


def encrypted_by(aws: AwsSettings) -> str:
    """Whose key encrypts, for the storage table."""
    return f"KMS {aws.key_arn or key_alias()}"


def tags(aws: AwsSettings) -> dict[str, str]:
    """Tags of everything that AWS can tag."""
    return {"app": "kotaemon", "stack": pulumi.get_stack(), **aws.tags}


def zone_mistakes(aws: AwsSettings, key: str, zones: list[str]) -> Iterator[str]:
    """What is wrong with the zones that a claim names under `key`."""
    for zone in zones:
        if reason := zone_refused(zone, aws.region):
            yield f"{key}: {zone!r} {reason}"
        elif aws.known_zones and zone not in aws.known_zones:
            yield f"{key}: {zone!r} is none of the stack's zones {', '.join(aws.known_zones)}"


def network_mistakes(aws: AwsSettings, zone_count: int) -> Iterator[str]:
    """What a file system with servers in so many zones lacks."""
    if len(aws.known_zones) < zone_count:
        yield (
            f"kind: needs {zone_count} of the stack's zones, and it has {len(aws.known_zones)}; "
            "give subnets, or zones to find the subnets through the cluster"
        )
    if aws.cluster is None and not (aws.vpc and aws.subnets and aws.security_groups):
        yield "kind: needs vpc, subnets and securityGroups, or cluster to find them through"
