"""What a first `up` assumes of an AWS account and its EKS cluster; the rows of docs/clouds.md."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.aws import partition
from deploy.first_up import aws_access, aws_drivers, aws_products
from deploy.first_up.asked import Asked
from deploy.first_up.findings import Check, Finding, finding
from deploy.first_up.reading import Read
from stacks.platforms.aws.settings import AwsSettings


def checks(asked: Asked, read: Read) -> list[Check]:
    """The questions that matter to a stack."""
    section = asked.settings.section(AwsSettings)
    found = [Check("account, partitions", "credentials of the stack's account", lambda: _account(section, read))]
    if section.cluster is not None:
        name = section.cluster
        found += [
            Check("Auto Mode", f"autoMode: {_word(section.auto_mode)}", lambda: _auto_mode(section, name, read)),
            Check("Bottlerocket: NFS", "nodes mount NFS or need a driver", lambda: _bottlerocket(section, name, read)),
            Check("zones of nodes", "the stack's zones have nodes", lambda: _zones(section, name, read)),
            *aws_drivers.checks(asked, section, name, read),
        ]
    if "aws:fsx/openZfsFileSystem:OpenZfsFileSystem" in asked.types and section.subnets:
        found.append(
            Check("OpenZFS: route tables", "routeTables are those of the subnets", lambda: _routes(section, read))
        )
    return [*found, *aws_access.checks(asked, section, read), *aws_products.checks(asked, section, read)]


def _word(flag: bool) -> str:
    return "true" if flag else "false"


def _account(section: AwsSettings, read: Read) -> Iterator[Finding]:
    caller = read("sts", "GetCallerIdentity")
    seen = f"the credentials are of {caller['Arn']}"
    if section.account is not None:
        yield finding(
            "account",
            f"account {section.account}",
            caller["Account"] == section.account,
            seen,
            "use credentials of the account, or correct kotaemon:aws.account",
        )
    wanted = partition(section.region)
    yield finding(
        "partitions", f"{section.region} is in {wanted}", caller["Arn"].split(":")[1] == wanted, seen, "report this"
    )


def _cluster(name: str, read: Read) -> Mapping[str, Any]:
    return read("eks", "DescribeCluster", name=name)["cluster"]


def _auto_mode(section: AwsSettings, name: str, read: Read) -> Iterator[Finding]:
    cluster = _cluster(name, read)
    enabled = bool((cluster.get("computeConfig") or {}).get("enabled"))
    word = _word(enabled)
    yield finding(
        "Auto Mode", f"autoMode: {_word(section.auto_mode)}", enabled == section.auto_mode, word, f"autoMode: {word}"
    )
    family = str((cluster.get("kubernetesNetworkConfig") or {}).get("ipFamily", "ipv4"))
    yield finding("IPv6", "pods have IPv4 addresses", family == "ipv4", family, "use a cluster with the IP family ipv4")
    if section.vpc is not None:
        vpc = cluster["resourcesVpcConfig"]["vpcId"]
        yield finding("cluster's network", f"vpc: {section.vpc}", vpc == section.vpc, vpc, f"vpc: {vpc}")


def node_groups(name: str, read: Read) -> list[Mapping[str, Any]]:
    """The managed node groups of a cluster. Karpenter and Auto Mode have none. Raises NotRead."""
    names = read("eks", "ListNodegroups", clusterName=name)["nodegroups"]
    return [read("eks", "DescribeNodegroup", clusterName=name, nodegroupName=one)["nodegroup"] for one in names]


def _bottlerocket(section: AwsSettings, name: str, read: Read) -> Iterator[Finding]:
    images = {group["nodegroupName"]: str(group.get("amiType") or "unknown") for group in node_groups(name, read)}
    without = sorted(group for group, image in images.items() if image.startswith("BOTTLEROCKET"))
    seen = ", ".join(f"{group}: {image}" for group, image in sorted(images.items())) or "no managed node groups"
    yield finding(
        "Bottlerocket: NFS",
        "nodes that mount NFS themselves" if section.mounts_nfs else "nodes without mount.nfs",
        not (without and section.mounts_nfs),
        seen,
        "bottlerocket: true, and csi-driver-nfs for claims on NFS",
    )


def _zones(section: AwsSettings, name: str, read: Read) -> Iterator[Finding]:
    subnets = sorted({subnet for group in node_groups(name, read) for subnet in group["subnets"]})
    if not subnets:
        subnets = list(_cluster(name, read)["resourcesVpcConfig"]["subnetIds"])
    found = read("ec2", "DescribeSubnets", SubnetIds=subnets)["Subnets"]
    zones = {subnet["AvailabilityZone"] for subnet in found}
    missing = sorted(set(section.known_zones) - zones)
    yield finding(
        "zones of nodes",
        f"nodes in {', '.join(section.known_zones) or 'the zones that are found'}",
        not missing,
        f"subnets of nodes are in {', '.join(sorted(zones))}",
        f"no nodes in {', '.join(missing)}: leave them out of zones and subnets",
    )


def _routes(section: AwsSettings, read: Read) -> Iterator[Finding]:
    filters = [{"Name": "vpc-id", "Values": [section.vpc]}]
    tables = read("ec2", "DescribeRouteTables", Filters=filters)["RouteTables"]
    of_subnet: dict[str, str] = {}
    main = ""
    for table in tables:
        for association in table["Associations"]:
            if association.get("Main"):
                main = table["RouteTableId"]
            if "SubnetId" in association:
                of_subnet[association["SubnetId"]] = table["RouteTableId"]
    used = sorted({of_subnet.get(subnet, main) for subnet in section.subnets.values()})
    given = sorted(section.route_tables)
    yield finding(
        "OpenZFS: route tables",
        f"routeTables: {', '.join(given)}",
        given == used,
        f"the subnets use {', '.join(used)}",
        f"routeTables: [{', '.join(used)}]",
    )
