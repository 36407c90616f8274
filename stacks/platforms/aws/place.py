"""Where on AWS a stack is, as the components need it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulumi import Input

from stacks.platforms.aws.settings import AwsSettings

PLANNED = "planned"
"""Stands for what is not known before anything is made; the guard reads none of it."""


@dataclass(frozen=True)
class Place:
    """What the components need to know of the account and the network."""

    account: Input[str]
    vpc: Input[str]
    zones: Input[Sequence[str]]
    """Zones of the nodes; plain where the file gives them."""
    subnets: Mapping[str, Input[str]]
    """Zone -> subnet of the nodes; empty where the file names no zones."""
    groups: Mapping[str, Input[str]]
    """Security groups of the nodes."""
    networks: Sequence[Input[str]]
    """Networks of the nodes."""
    route_tables: Input[Sequence[str]] | None
    cluster_role: Input[str] | None
    """Role of an EKS Auto Mode cluster."""
    oidc_issuer: Input[str]

    @classmethod
    def planned(cls, settings: AwsSettings) -> "Place":
        """The place before anything is looked up: zones, as far as they are given, and stand-ins."""
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
