"""Who may reach a file system or a database: the nodes, and nobody else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulumi import Input, Output, Resource, ResourceOptions
from pulumi_aws import vpc

# The only module of ours that needs this one: its import is three times that of the others (docs/facts/pulumi.md 8).
from pulumi_aws.ec2 import SecurityGroup


@dataclass(frozen=True)
class Ports:
    """A range of TCP ports, both ends included."""

    low: int
    high: int

    def __str__(self) -> str:
        """The text that stands in the names of rules."""
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"


@dataclass(frozen=True)
class StorageGroup:
    """A security group and its rules. What it protects is made after the rules: FSx checks them once, at creation."""

    id: Output[str]
    rules: list[Resource]


def storage_group(
    name: str,
    description: str,
    vpc_id: Input[str],
    ports: Sequence[Ports],
    clients: Mapping[str, Input[str]],
    *,
    parent: Resource,
    servers_talk: bool = False,
    both_ways: bool = False,
    into_clients: bool = False,
    keep: bool = False,
    protect: bool = True,
    tags: Mapping[str, str] | None = None,
) -> StorageGroup:
    """A security group open on `ports` to the groups in `clients` (by a name of your own).

    `servers_talk`: the servers behind it reach each other on these ports. `both_ways`: they also reach the clients.
    `into_clients`: the clients' groups get the rules that let them; without it whoever owns those groups adds them.
    `keep`: the group is retained on deletion, for what is retained itself: AWS deletes no group that something is in.
    `protect`: refuse to delete the kept group. Its rules stay as long as what they serve: the resource that is made
    after them is protected, so the engine deletes neither. A rule whose client leaves `clients` is deleted. Only
    without protection, when the stack forgets all that it keeps, the rules are retained, too: the servers need them.
    """
    group = SecurityGroup(
        f"{name}-group",
        description=description,
        vpc_id=vpc_id,
        tags={**(tags or {}), "Name": name},
        opts=ResourceOptions(parent=parent, protect=keep and protect, retain_on_delete=keep),
    )
    child = ResourceOptions(parent=parent, retain_on_delete=keep and not protect)
    rules: list[Resource] = []
    for port in ports:
        for label, client in clients.items():
            rules.append(_ingress(f"{name}-from-{label}-{port}", group.id, client, port, child))
            if both_ways:
                rules.append(_egress(f"{name}-to-{label}-{port}", group.id, client, port, child))
            if into_clients:
                # The nodes' own group is not ours: only this rule is added to it, as a resource of its own.
                rules.append(_ingress(f"{name}-into-{label}-{port}", client, group.id, port, child))
        if servers_talk:
            rules.append(_ingress(f"{name}-from-itself-{port}", group.id, group.id, port, child))
            rules.append(_egress(f"{name}-to-itself-{port}", group.id, group.id, port, child))
    return StorageGroup(group.id, rules)


def _ingress(name: str, group: Input[str], source: Input[str], ports: Ports, opts: ResourceOptions) -> Resource:
    return vpc.SecurityGroupIngressRule(
        name,
        security_group_id=group,
        referenced_security_group_id=source,
        ip_protocol="tcp",
        from_port=ports.low,
        to_port=ports.high,
        opts=opts,
    )


def _egress(name: str, group: Input[str], target: Input[str], ports: Ports, opts: ResourceOptions) -> Resource:
    return vpc.SecurityGroupEgressRule(
        name,
        security_group_id=group,
        referenced_security_group_id=target,
        ip_protocol="tcp",
        from_port=ports.low,
        to_port=ports.high,
        opts=opts,
    )
