"""The hosts of a pair of NFS servers and their virtual address: what may go together. Pure."""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TypedDict

from typing_extensions import NotRequired

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9-]+)*")


class NfsNode(TypedDict):
    """One node with data."""

    name: str
    """Its host name, as `uname -n` says it: DRBD finds its section by it."""
    address: str
    """Its IPv4 address in the network of the virtual address, for DRBD and VRRP."""
    interface: str
    """Network interface that has the address, for example eth0."""


class NfsWitness(TypedDict):
    """The third host. It needs no disk and little of anything: any small machine that fails on its own."""

    name: str
    """Its host name, as `uname -n` says it."""
    address: str
    """Its IPv4 address; the nodes must reach it on another path than each other, where there is one."""


class NfsHosts(TypedDict):
    """What every pair says of its hosts, whatever replicates its data."""

    nodes: Sequence[NfsNode]
    """The two nodes with data."""
    witness: NotRequired[NfsWitness]
    """The third host."""
    virtual_address: str
    """Address that the clients mount, with the length of its network."""
    router_id: NotRequired[int]
    """VRRP's number of the virtual address."""


def addresses(hosts: NfsHosts) -> list[str]:
    """The addresses of all hosts: of the nodes, and of the third host where there is one."""
    third = [hosts["witness"]["address"]] if "witness" in hosts else []
    return [*(node["address"] for node in hosts["nodes"]), *third]


def host_mistakes(hosts: NfsHosts) -> Iterator[str]:
    """Mistakes in the hosts' names and addresses, each with its key. There are two nodes."""
    yield from _names(hosts)
    yield from _addresses(hosts)


def _names(hosts: NfsHosts) -> Iterator[str]:
    named: list[tuple[str, str]] = [(f"nodes[{at}].name", node["name"]) for at, node in enumerate(hosts["nodes"])]
    if "witness" in hosts:
        named.append(("witness.name", hosts["witness"]["name"]))
    for key, name in named:
        if not _NAME.fullmatch(name):
            yield f"{key}: {name!r} is not a host name; it must be what `uname -n` says there"
    for (_, one), (key, other) in combinations(named, 2):
        if one == other:
            yield f"{key}: {other!r} is two hosts; each of the three must be a machine of its own"
    for at, node in enumerate(hosts["nodes"]):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}", node["interface"]):
            yield f"nodes[{at}].interface: {node['interface']!r} is not the name of a network interface"


def _addresses(hosts: NfsHosts) -> Iterator[str]:
    try:
        virtual = ipaddress.IPv4Interface(hosts["virtual_address"])
    except ValueError:
        virtual = None
    if virtual is None or "/" not in hosts["virtual_address"] or virtual.network.prefixlen > 30:
        yield f"virtual_address: {hosts['virtual_address']!r} must be an IPv4 address with its network, as 10.0.0.10/24"
        return
    if virtual.ip in (virtual.network.network_address, virtual.network.broadcast_address):
        yield f"virtual_address: {virtual.ip} is the network's own address; choose a free one of {virtual.network}"
    named = [("the virtual address", str(virtual.ip))]
    named += [(f"nodes[{at}].address", node["address"]) for at, node in enumerate(hosts["nodes"])]
    if "witness" in hosts:
        named.append(("witness.address", hosts["witness"]["address"]))
    for key, text in named[1:]:
        try:
            address = ipaddress.IPv4Address(text)
        except ValueError:
            yield f"{key}: {text!r} is not an IPv4 address"
            continue
        if key.startswith("nodes") and address not in virtual.network:
            yield (
                f"virtual_address: {virtual} is outside of the network of {key} {text}; the address moves between the "
                "nodes on one Ethernet segment"
            )
    for (first, one), (second, other) in combinations(named, 2):
        if one == other:
            yield f"{second}: {other} is also {first}; each must be an address of its own"
    if not 1 <= hosts.get("router_id", 51) <= 255:
        yield f"router_id: {hosts.get('router_id')} is not allowed; it must be 1 to 255"
