"""Looks up what the stack file does not say about AWS, through the cluster that it names."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, InvokeOptions, Output
from pulumi_kubernetes import Provider

from stacks.platforms import kube_provider, own_configuration
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
            networks=settings.networks or _networks(Output.all(*dict(sorted(settings.subnets.items())).values()), opts),
            route_tables=settings.route_tables or None,
            cluster_role=settings.cluster_role,
            oidc_issuer=settings.drivers.oidc_issuer or PLANNED,
        )
    cluster = aws.eks.get_cluster_output(name=settings.cluster, opts=opts)
    control_plane: Output[Sequence[str]] = cluster.vpc_config.apply(lambda config: config.subnet_ids)
    groups = _node_groups(settings.cluster, opts)
    of_nodes = Output.all(groups, control_plane).apply(lambda both: _subnets_of(both[0]) or sorted(both[1]))
    found_subnets = {zone: _subnet_in(zone, settings.cluster, control_plane, of_nodes, opts) for zone in settings.zones}
    subnets: dict[str, Input[str]] = dict(sorted(settings.subnets.items())) or dict(found_subnets)
    used: Output[Sequence[str]] = Output.all(*settings.subnets.values()) if settings.subnets else of_nodes
    zones: Input[Sequence[str]] = settings.known_zones or _zones_of(of_nodes, opts)
    vpc = settings.vpc or cluster.vpc_config.apply(lambda config: config.vpc_id)
    _check_family(settings, cluster)
    _check_nodes(settings, zones, groups, opts)
    _check_bottlerocket(settings, groups)
    _check_auto_mode(settings, cluster)
    return Place(
        account=account,
        vpc=vpc,
        zones=zones,
        subnets=subnets,
        groups=settings.security_groups
        or {"cluster": cluster.vpc_config.apply(lambda config: config.cluster_security_group_id)},
        networks=settings.networks or _networks(used, opts),
        route_tables=settings.route_tables or _route_tables(used, vpc, opts),
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
                found.name, found.endpoint, found.certificate_authorities[0].data, section.region, _credentials()
            )
        )
        return kube_provider.by_contents(kubeconfig, section.cluster)
    return kube_provider.by_file(settings)


def _credentials() -> list[str]:
    """What the program `aws` needs to act as the provider does: `aws:profile`, and the last of `aws:assumeRoles`."""
    values = own_configuration.given("aws").values
    profile = ["--profile", values["profile"]] if "profile" in values else []
    roles = json.loads(values.get("assumeRoles", "[]"))
    return [*profile, *(["--role-arn", roles[-1]["roleArn"]] if roles else [])]


def eks_kubeconfig(name: str, endpoint: str, authority: str, region: str, credentials: Sequence[str] = ()) -> str:
    """A kubeconfig without a token: the program `aws` fetches one each time. `credentials`: its options for whom."""
    arguments = ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json", *credentials]
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


def _subnet_in(
    zone: str,
    cluster: str,
    control_plane: Output[Sequence[str]],
    of_nodes: Output[Sequence[str]],
    opts: InvokeOptions,
) -> Output[str]:
    """The subnet in a zone for servers: of the control plane, or else of nodes.

    Of several it is the one with the first id, so that the choice never changes.
    """

    def in_zone(known: list[Any]) -> Output[str]:
        filters = [
            aws.ec2.GetSubnetsFilterArgs(name="subnet-id", values=sorted({*known[0], *known[1]})),
            aws.ec2.GetSubnetsFilterArgs(name="availability-zone", values=[zone]),
        ]
        found = aws.ec2.get_subnets_output(filters=filters, opts=opts).ids
        return found.apply(lambda ids: first([one for one in ids if one in known[0]] or ids))

    def first(ids: Sequence[str]) -> str:
        if not ids:
            raise pulumi.RunError(
                f"kotaemon:aws.zones: cluster {cluster} has no subnets in {zone}; leave the zone out, "
                "or give kotaemon:aws.subnets"
            )
        return sorted(ids)[0]

    return Output.all(control_plane, of_nodes).apply(in_zone)


def _zones_of(subnets: Output[Sequence[str]], opts: InvokeOptions) -> Output[Sequence[str]]:
    def zones(ids: Sequence[str]) -> Output[Sequence[str]]:
        found = [aws.ec2.get_subnet_output(id=subnet, opts=opts).availability_zone for subnet in ids]
        return Output.all(*found).apply(lambda names: sorted(set(names)))

    return subnets.apply(zones)


def _networks(subnets: Output[Sequence[str]], opts: InvokeOptions) -> Output[Sequence[str]]:
    """The networks of the subnets, in CIDR notation, each once."""

    def networks(ids: Sequence[str]) -> Output[Sequence[str]]:
        found = [aws.ec2.get_subnet_output(id=subnet, opts=opts).cidr_block for subnet in ids]
        return Output.all(*found).apply(lambda blocks: in_ipv4(ids, blocks))

    def in_ipv4(ids: Sequence[str], blocks: Sequence[str]) -> Sequence[str]:
        without = [subnet for subnet, block in zip(ids, blocks, strict=True) if not block]
        if without:
            raise pulumi.RunError(
                f"kotaemon:aws.subnets: {', '.join(without)} has no IPv4 network, and the file systems of this program "
                "are mounted by IPv4; use subnets with both"
            )
        return list(dict.fromkeys(blocks))

    return subnets.apply(networks)


def _route_tables(subnets: Output[Sequence[str]], vpc: Input[str], opts: InvokeOptions) -> Output[Sequence[str]]:
    """The route tables that the subnets use. A subnet that is associated with none uses the main table of the VPC, and
    only such an explicit association is found by a filter (EC2 DescribeRouteTables, association.subnet-id)."""

    def tables(known: list[Any]) -> Output[Sequence[str]]:
        main = [
            aws.ec2.GetRouteTablesFilterArgs(name="association.main", values=["true"]),
            aws.ec2.GetRouteTablesFilterArgs(name="vpc-id", values=[known[1]]),
        ]
        own = [
            aws.ec2.get_route_tables_output(
                filters=[aws.ec2.GetRouteTablesFilterArgs(name="association.subnet-id", values=[subnet])], opts=opts
            ).ids
            for subnet in known[0]
        ]
        return Output.all(aws.ec2.get_route_tables_output(filters=main, opts=opts).ids, *own).apply(
            lambda found: sorted({table for ids in found[1:] for table in ids or found[0]})
        )

    return Output.all(subnets, vpc).apply(tables)


def _node_groups(cluster: str, opts: InvokeOptions) -> Output[list[dict[str, Any]]]:
    """Name, subnets and type of machine image of each node group. Karpenter and Auto Mode have none."""

    def about(name: str) -> Output[dict[str, Any]]:
        group = aws.eks.get_node_group_output(cluster_name=cluster, node_group_name=name, opts=opts)
        return group.apply(lambda found: {"name": name, "subnets": found.subnet_ids, "image": found.ami_type})

    names = aws.eks.get_node_groups_output(cluster_name=cluster, opts=opts).names
    return names.apply(lambda all_names: Output.all(*(about(name) for name in all_names)))


def _subnets_of(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted({subnet for group in groups for subnet in group["subnets"]})


def _check_family(settings: AwsSettings, cluster: "Output[aws.eks.GetClusterResult]") -> None:
    """Refuse a cluster whose pods have IPv6 addresses only: EKS has no pods with both (EKS user guide, "Learn about
    IPv6 addresses to clusters, Pods, and services", stored 2026; FSx for Lustre is not supported there at all)."""

    def check(configs: Sequence[Any] | None) -> None:
        if any(config.ip_family == "ipv6" for config in configs or []):
            raise pulumi.RunError(
                f"kotaemon:aws.cluster: {settings.cluster} gives its pods IPv6 addresses only, and the programs of "
                "this stack listen on IPv4, so no probe of the kubelet would reach them; use a cluster with the IP "
                "family ipv4, which EKS cannot change later (docs/clouds.md, IPv6)"
            )

    cluster.kubernetes_network_configs.apply(check)


def _check_nodes(
    settings: AwsSettings,
    zones: Input[Sequence[str]],
    groups: Output[list[dict[str, Any]]],
    opts: InvokeOptions,
) -> None:
    """Refuse zones without nodes. Disks are in the stack's zones, so pods on nodes elsewhere would stay Pending."""

    def check(known: list[Any]) -> None:
        wanted, nodes = set(known[0]), set(known[1])
        # Karpenter and Auto Mode have no node groups. They start nodes in the zones of the pods' disks.
        if nodes and not wanted & nodes:
            raise pulumi.RunError(
                f"kotaemon:aws.zones: {', '.join(sorted(wanted))}, but the nodes of cluster {settings.cluster} are in "
                f"{', '.join(sorted(nodes))}, where no pod could use a disk; give zones that have nodes"
            )

    Output.all(zones, _zones_of(groups.apply(_subnets_of), opts)).apply(check)


def _check_bottlerocket(settings: AwsSettings, groups: Output[list[dict[str, Any]]]) -> None:
    def check(known: list[dict[str, Any]]) -> None:
        names = [group["name"] for group in known if str(group["image"] or "").startswith("BOTTLEROCKET")]
        if names and settings.mounts_nfs:
            raise pulumi.RunError(
                f"kotaemon:aws.bottlerocket: false, but node group {names[0]} of cluster {settings.cluster} runs "
                "Bottlerocket, which cannot mount NFS by itself; set it to true"
            )

    groups.apply(check)


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
