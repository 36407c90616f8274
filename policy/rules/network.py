"""The rules about the networks that may reach the storage, and about root on exports."""

from collections.abc import Iterator
from typing import Any

from policy.resource import Resource, at, items, missing, whole
from policy.rule import Config, Level, Rule, each

WORLD = ("0.0.0.0/0", "::/0", "*", "0.0.0.0")  # noqa: S104 nothing listens here: networks that include every address
OPENZFS = "aws:fsx/openZfsFileSystem:OpenZfsFileSystem"
OPENZFS_VOLUME = "aws:fsx/openZfsVolume:OpenZfsVolume"
NAS_RULE = "alicloud:nas/accessRule:AccessRule"


def _rooted(resource: Resource) -> Iterator[tuple[Any, str]]:
    """Networks whose clients keep the rights of root on an export, and the input that says so."""
    if resource.type == NAS_RULE:
        # Without this input NAS uses no_squash (CreateAccessRule: UserAccessType).
        access = resource.inputs.get("userAccessType")
        if access in (None, "no_squash"):
            said = "no_squash" if access else "missing, which means no_squash"
            yield resource.inputs.get("sourceCidrIp"), f"userAccessType is {said}"
    for clients, options in _openzfs(resource):
        if "no_root_squash" in options:
            yield clients, "options hold no_root_squash"


def _openzfs(resource: Resource) -> Iterator[tuple[Any, list[Any]]]:
    path = {OPENZFS: ("rootVolumeConfiguration", "nfsExports"), OPENZFS_VOLUME: ("nfsExports",)}.get(resource.type)
    for client in items(at(resource.inputs, *path, "clientConfigurations")) if path else ():
        yield at(client, "clients"), items(at(client, "options"))


def _root_squash(resource: Resource, _config: Config) -> Iterator[str]:
    for clients, said in _rooted(resource):
        if clients in WORLD or missing(clients):
            yield f"{said} for {clients or 'everybody'}: any host is root on all files"


def _root_squash_advised(resource: Resource, _config: Config) -> Iterator[str]:
    for clients, said in _rooted(resource):
        if clients not in WORLD and not missing(clients):
            yield f"{said} for {clients}: root of any node is root on all files; squash once the role folders are made"


ROOT_SQUASH = Rule(
    name="root-squash",
    level=Level.MANDATORY,
    summary="Only clients in named networks can be root on an export.",
    blind="Exports of servers that no resource of the stack makes. Nothing general does.",
    source="https://man7.org/linux/man-pages/man5/exports.5.html",
    check=each(_root_squash),
)
ROOT_SQUASH_ADVISED = Rule(
    name="root-squash-advised",
    # The root folder of a new export belongs to root, so a client must be root once, to make the role folders.
    level=Level.ADVISORY,
    summary="No client is root on an export, once its role folders are made.",
    blind="As root-squash.",
    source="https://man7.org/linux/man-pages/man5/exports.5.html",
    check=each(_root_squash_advised),
)


def _world_open(resource: Resource, config: Config) -> Iterator[str]:
    ports = [whole(port) for port in config.get("ports", [])]
    for source, low, high in _openings(resource):
        if source not in WORLD:
            continue
        if low is not None and low == high and low in ports:
            continue
        where = "all ports" if low is None else f"port {low}" if low == high else f"ports {low} to {high}"
        yield f"is open to {source} on {where}; name the networks of the clients"
    if resource.type == "aws:rds/instance:Instance" and resource.inputs.get("publiclyAccessible") is True:
        yield "publiclyAccessible is true: the database has a public address"
    for clients, _ in _openzfs(resource):
        if clients in WORLD:
            yield f"exports to {clients}; name the networks of the nodes"


def _openings(resource: Resource) -> Iterator[tuple[Any, int | None, int | None]]:
    """Networks and ports from which a resource can be reached."""
    inputs = resource.inputs
    match resource.type:
        case "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
            for source in (inputs.get("cidrIpv4"), inputs.get("cidrIpv6")):
                yield source, whole(inputs.get("fromPort")), whole(inputs.get("toPort"))
        case "aws:ec2/securityGroupRule:SecurityGroupRule" if inputs.get("type") == "ingress":
            yield from _aws(inputs)
        case "aws:ec2/securityGroup:SecurityGroup":
            for rule in items(inputs.get("ingress")):
                yield from _aws(rule)
        case "alicloud:ecs/securityGroupRule:SecurityGroupRule" if inputs.get("type") == "ingress":
            if inputs.get("policy", "accept") == "accept":
                low, _, high = str(inputs.get("portRange", "-1/-1")).partition("/")
                every_port = not (low.isdigit() and high.isdigit())  # -1/-1
                for source in (inputs.get("cidrIp"), inputs.get("ipv6CidrIp")):
                    yield (source, None, None) if every_port else (source, int(low), int(high))
        case "alicloud:nas/accessRule:AccessRule":
            yield inputs.get("sourceCidrIp"), None, None
        case "alicloud:rds/instance:Instance":
            for source in items(inputs.get("securityIps")):
                yield source, None, None
        case "kubernetes:core/v1:Service" if at(inputs, "spec", "type") == "LoadBalancer":
            # A load balancer without source ranges accepts every address (documentation of Kubernetes, Service).
            sources = items(at(inputs, "spec", "loadBalancerSourceRanges")) or ["0.0.0.0/0"]
            for port in items(at(inputs, "spec", "ports")):
                for source in sources:
                    yield source, whole(at(port, "port")), whole(at(port, "port"))
        case "kubernetes:networking.k8s.io/v1:NetworkPolicy":
            yield from _policy(at(inputs, "spec", "ingress"))
        case _:
            return


def _aws(rule: Any) -> Iterator[tuple[Any, int | None, int | None]]:
    every_port = str(at(rule, "protocol")) in ("-1", "all")
    low, high = whole(at(rule, "fromPort")), whole(at(rule, "toPort"))
    for source in [*items(at(rule, "cidrBlocks")), *items(at(rule, "ipv6CidrBlocks"))]:
        yield (source, None, None) if every_port else (source, low, high)


def _policy(rules: Any) -> Iterator[tuple[Any, int | None, int | None]]:
    for rule in items(rules):
        peers = items(at(rule, "from"))
        sources = [at(peer, "ipBlock", "cidr") for peer in peers] if peers else ["0.0.0.0/0"]
        ports = [whole(at(port, "port")) for port in items(at(rule, "ports"))] or [None]
        yield from ((source, port, port) for source in sources for port in ports)


NO_WORLD_OPEN = Rule(
    name="no-world-open",
    level=Level.MANDATORY,
    summary="No security group, export, database, load balancer or network policy is open to every address.",
    blind="What a CIDR reaches beyond its own resource: routes, peerings, another firewall; egress. For the clouds'"
    " networks as a whole: Checkov or Prowler.",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html",
    check=each(_world_open),
    settings={
        "ports": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "Single ports that may be open to every address, for example 443; default: none.",
        }
    },
)
