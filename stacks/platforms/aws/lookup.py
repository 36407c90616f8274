"""Looks up what the stack file does not say about AWS, through the cluster that it names."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, InvokeOptions, Output
from pulumi_kubernetes import Provider

from stacks.platforms import kube_provider
from stacks.platforms.aws.place import PLANNED, Place
from stacks.platforms.aws.settings import AwsSettings
from stacks.settings.settings import Settings


def find(settings: AwsSettings, opts: InvokeOptions) -> Place:
    """The place on AWS. Values that the stack file does not give are looked up; they are Outputs, known at up."""
    account = settings.account or aws.get_caller_identity_output(opts=opts).account_id
    if settings.cluster is None:
        vpc = settings.vpc or PLANNED  # claims that need a VPC were refused without one
        return Place(
            account=account,
            vpc=vpc,
            zones=settings.known_zones,
            subnets=dict(sorted(settings.subnets.items())) or dict.fromkeys(settings.known_zones, PLANNED),
            groups=settings.security_groups,
            networks=settings.networks or [_network(subnet, opts) for _, subnet in sorted(settings.subnets.items())],
            route_tables=settings.route_tables or None,
            cluster_role=settings.cluster_role,
            oidc_issuer=settings.drivers.oidc_issuer or PLANNED,
        )
    cluster = aws.eks.get_cluster_output(name=settings.cluster, opts=opts)
    candidates: Output[Sequence[str]] = cluster.vpc_config.apply(lambda config: config.subnet_ids)
    found_subnets = {zone: _subnet_in(zone, settings.cluster, candidates, opts) for zone in settings.zones}
    subnets: dict[str, Input[str]] = dict(sorted(settings.subnets.items())) or dict(found_subnets)
    zones: Input[Sequence[str]] = settings.known_zones or _zones_of(candidates, opts)
    _check_nodes(settings, zones, opts)
    _check_auto_mode(settings, cluster)
    return Place(
        account=account,
        vpc=settings.vpc or cluster.vpc_config.apply(lambda config: config.vpc_id),
        zones=zones,
        subnets=subnets,
        groups=settings.security_groups
        or {"cluster": cluster.vpc_config.apply(lambda config: config.cluster_security_group_id)},
        networks=settings.networks or [_network(subnet, opts) for subnet in subnets.values()],
        route_tables=settings.route_tables or _route_tables(subnets, opts),
        cluster_role=settings.cluster_role or cluster.role_arn,
        oidc_issuer=settings.drivers.oidc_issuer or cluster.identities.apply(lambda ids: ids[0].oidcs[0].issuer),
    )


def kubernetes_provider(settings: Settings, section: AwsSettings, opts: InvokeOptions) -> Provider:
    """The Kubernetes provider: from a kubeconfig file, the outputs of another stack, or the name of the cluster."""
    if settings.cluster.kubeconfig is None and section.cluster_stack is not None:
        return kube_provider.by_stack("kotaemon:aws.clusterStack", section.cluster_stack)
    if settings.cluster.kubeconfig is None and section.cluster is not None:
        eks = aws.eks.get_cluster_output(name=section.cluster, opts=opts)
        # Output.all would turn the certificate authorities into plain dictionaries.
        kubeconfig = eks.apply(
            lambda found: eks_kubeconfig(
                found.name, found.endpoint, found.certificate_authorities[0].data, section.region
            )
        )
        return kube_provider.by_contents(kubeconfig, section.cluster)
    return kube_provider.by_file(settings)


def eks_kubeconfig(name: str, endpoint: str, authority: str, region: str) -> str:
    """A kubeconfig without a token: the program `aws` fetches one each time."""
    arguments = ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"]
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "args": arguments}}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": endpoint, "certificate-authority-data": authority}}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
    )


def _subnet_in(zone: str, cluster: str, candidates: Output[Sequence[str]], opts: InvokeOptions) -> Output[str]:
    """The subnet of the cluster in a zone.

    Of several it is the one with the first id, so that the choice never changes.
    """

    def in_zone(ids: Sequence[str]) -> Output[Sequence[str]]:
        filters = [
            aws.ec2.GetSubnetsFilterArgs(name="subnet-id", values=ids),
            aws.ec2.GetSubnetsFilterArgs(name="availability-zone", values=[zone]),
        ]
        return aws.ec2.get_subnets_output(filters=filters, opts=opts).ids

    def first(ids: Sequence[str]) -> str:
        if not ids:
            raise pulumi.RunError(
                f"kotaemon:aws.zones: cluster {cluster} has no subnets in {zone}; leave the zone out, "
                "or give kotaemon:aws.subnets"
            )
        return sorted(ids)[0]

    return candidates.apply(in_zone).apply(first)


def _zones_of(subnets: Output[Sequence[str]], opts: InvokeOptions) -> Output[Sequence[str]]:
    def zones(ids: Sequence[str]) -> Output[Sequence[str]]:
        found = [aws.ec2.get_subnet_output(id=subnet, opts=opts).availability_zone for subnet in ids]
        return Output.all(*found).apply(lambda names: sorted(set(names)))

    return subnets.apply(zones)


def _network(subnet: Input[str], opts: InvokeOptions) -> Output[str]:
    return aws.ec2.get_subnet_output(id=subnet, opts=opts).cidr_block


def _route_tables(subnets: Mapping[str, Input[str]], opts: InvokeOptions) -> Output[Sequence[str]] | None:
    if not subnets:
        return None

    def tables(ids: Sequence[str]) -> Output[Sequence[str]]:
        association = aws.ec2.GetRouteTablesFilterArgs(name="association.subnet-id", values=ids)
        return aws.ec2.get_route_tables_output(filters=[association], opts=opts).ids

    return Output.all(*subnets.values()).apply(tables)


def _check_nodes(settings: AwsSettings, zones: Input[Sequence[str]], opts: InvokeOptions) -> None:
    """Refuse zones without nodes. Disks are in the stack's zones, so pods on nodes elsewhere would stay Pending."""
    cluster = settings.cluster or ""

    def group_zones(names: Sequence[str]) -> Output[Sequence[str]]:
        groups = [
            aws.eks.get_node_group_output(cluster_name=cluster, node_group_name=name, opts=opts) for name in names
        ]
        subnets = Output.all(*(group.subnet_ids for group in groups)).apply(
            lambda lists: sorted({subnet for ids in lists for subnet in ids})
        )
        return _zones_of(subnets, opts)

    def check(known: list[Any]) -> None:
        wanted, nodes = set(known[0]), set(known[1])
        # Karpenter and Auto Mode have no node groups. They start nodes in the zones of the pods' disks.
        if nodes and not wanted & nodes:
            raise pulumi.RunError(
                f"kotaemon:aws.zones: {', '.join(sorted(wanted))}, but the nodes of cluster {cluster} are in "
                f"{', '.join(sorted(nodes))}, where no pod could use a disk; give zones that have nodes"
            )

    names = aws.eks.get_node_groups_output(cluster_name=cluster, opts=opts).names
    Output.all(zones, names.apply(group_zones)).apply(check)


def _check_auto_mode(settings: AwsSettings, cluster: "Output[aws.eks.GetClusterResult]") -> None:
    def check(configs: Sequence[Any] | None) -> None:
        enabled = any(config.enabled for config in configs or [])
        if enabled and not settings.auto_mode and settings.drivers.ebs.mode != "install":
            raise pulumi.RunError(
                f"kotaemon:aws.autoMode: false, but cluster {settings.cluster} runs EKS Auto Mode, which has an EBS "
                "driver of its own; set it to true, or install the standard driver (drivers.ebs.mode: install)"
            )
        if settings.auto_mode and not enabled:
            raise pulumi.RunError(
                f"kotaemon:aws.autoMode: true, but cluster {settings.cluster} does not run EKS Auto Mode; leave it out"
            )

    cluster.compute_configs.apply(check)
