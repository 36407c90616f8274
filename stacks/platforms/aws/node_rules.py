"""Rules that the security groups of the nodes need, and that their owner adds: another program, or a person.

The stack adds them itself only where the stack file asks for it: a program that writes the rules of its group inline
takes out what it does not know (terraform-provider-aws, warning at aws_vpc_security_group_ingress_rule).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi import Input, Output

if TYPE_CHECKING:
    from components.eks.security_group import Ports

_KEY = "kotaemon:aws.nodeGroupRules"
UNDECIDED = (
    "the servers of Lustre connect to the nodes, so the security groups of the nodes have to let in TCP 988 and "
    f"1018-1023, and {_KEY} does not say who sees to that. true: the stack adds the rules, as earlier releases did; "
    "false: it prints them, for whoever owns the groups. To keep the rules of an earlier release, write "
    "nodeGroupRules: true"
)
"""Why a stack with Lustre needs the key."""


def needed(claim: str, ports: Sequence["Ports"], names: Iterable[str], zone: str) -> str:
    """What is said before the ids are known. `names`: what the groups are called in the stack file."""
    return (
        f"{_KEY}: false, so nothing is added to the security groups of the nodes ({', '.join(names)}). Claim {claim} "
        f"works only while each of them lets in TCP {' and '.join(map(str, ports))} from the file system's security "
        "group; an up prints the command. Whoever owns them can also let in the network of the nodes' subnet in "
        f"{zone}, which the servers are in, beforehand. Where no program writes their rules inline, "
        "nodeGroupRules: true adds them"
    )


def command(group: str, source: str, ports: Sequence["Ports"]) -> str:
    """The command that adds the rules to a group of nodes."""
    permissions = " ".join(
        f"'IpProtocol=tcp,FromPort={one.low},ToPort={one.high},UserIdGroupPairs=[{{GroupId={source}}}]'"
        for one in ports
    )
    return f"aws ec2 authorize-security-group-ingress --group-id {group} --ip-permissions {permissions}"


def tell(claim: str, ports: Sequence["Ports"], source: Input[str], groups: Mapping[str, Input[str]], zone: str) -> None:
    """Print the rules at every run: in words, and at an up as commands."""
    pulumi.log.warn(needed(claim, ports, groups, zone))
    if pulumi.runtime.is_dry_run():
        return  # `make plan` has an id for everything, and nobody should run a command with it

    def commands(known: list[Any]) -> None:
        for group in known[1:]:
            pulumi.log.warn(f"claim {claim}: unless the rules are there, {command(group, known[0], ports)}")

    Output.all(source, *groups.values()).apply(commands)
