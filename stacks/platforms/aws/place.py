"""The place of a stack on AWS: region, network and roles, for the components."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulumi import Input

from stacks.platforms.aws.settings import AwsSettings

PLANNED = "planned"
"""Stands for values that are unknown before anything is made. The guard reads none of them."""


@dataclass(frozen=True)
class Place:
    """The account, region and network of a stack, as arguments for its components."""

    account: Input[str]
    vpc: Input[str]
    zones: Input[Sequence[str]]
    """Zones of the nodes; plain values when the stack file gives them."""
    subnets: Mapping[str, Input[str]]
    """Zone -> subnet of the nodes; empty when the stack file names no zones."""
    groups: Mapping[str, Input[str]]
    """A name -> security group of the nodes."""
    networks: Input[Sequence[str]]
    """Networks of the nodes, in CIDR notation."""
    route_tables: Input[Sequence[str]] | None
    cluster_role: Input[str] | None
    """IAM role of the cluster, for EKS Auto Mode only."""
    oidc_issuer: Input[str]
    bucket_role: Input[str] | None = None
    """Name of the IAM role of the driver that mounts buckets, where the stack installs it."""

    @classmethod
    def planned(cls, settings: AwsSettings) -> "Place":
        """The place before anything is looked up: the zones of the stack file, and PLANNED for unknown values."""
        return cls(
            account=PLANNED,
            vpc=PLANNED,
            zones=settings.known_zones,
            subnets=dict.fromkeys(settings.known_zones, PLANNED),
            groups={},
            networks=[PLANNED],
            route_tables=None,
            cluster_role=PLANNED,
            oidc_issuer=PLANNED,
        )
