"""The cluster's name server: Services from the API server, all other names from the machine's own resolver.

Answers are made when they are asked for (RFC 1035; the names are those of Kubernetes' DNS specification). It knows
addresses (A) only: the cluster has no IPv6, and nothing here asks for more.
"""

import asyncio
import socket
import struct

from devcluster.real import layout
from devcluster.real.lookup import Lookup

TTL = 5
"""Seconds, as CoreDNS gives them to Services."""
_A, _IN = 1, 1
_NOT_FOUND, _OK = 3, 0


class Names(asyncio.DatagramProtocol):
    """Answers queries on a UDP socket."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one query."""
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, query: bytes, client: tuple[str, int]) -> None:
        try:
            name, kind = question(query)
        except (IndexError, struct.error, UnicodeDecodeError):
            return
        found = await asyncio.get_running_loop().run_in_executor(None, self.resolve, name)
        if isinstance(self._transport, asyncio.DatagramTransport):
            self._transport.sendto(answer(query, found, kind), client)

    def resolve(self, name: str) -> list[str] | None:
        """Addresses of a name; None: there is no such name."""
        parts = name.lower().rstrip(".").split(".")
        zone = ["svc", *layout.CLUSTER_DOMAIN.split(".")]
        if parts[-len(zone) :] != zone:
            return None if parts[-2:] == zone[-2:] else _of_the_machine(name)
        inner = parts[: -len(zone)]
        if len(inner) not in (2, 3):
            return None
        *host, service, namespace = inner
        known = self._lookup.service(namespace, service)
        if known is None:
            return None
        if not host and known["spec"].get("clusterIP") not in (None, "None", ""):
            return [known["spec"]["clusterIP"]]
        ready = self._lookup.endpoints(namespace, service)
        found = [address for own, address, _ in ready if not host or own == host[0]]
        return found or None


def question(query: bytes) -> tuple[str, int]:
    """Name and type that a query asks for."""
    labels: list[str] = []
    at = 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    (kind,) = struct.unpack_from("!H", query, at + 1)
    return ".".join(labels), kind


def answer(query: bytes, addresses: list[str] | None, kind: int) -> bytes:
    """The message that answers `query`. A name that exists without an address of the type has an empty answer."""
    end = 12
    while length := query[end]:
        end += 1 + length
    asked = query[12 : end + 5]
    listed = (addresses or []) if kind == _A else []
    flags = 0x8580 | (_NOT_FOUND if addresses is None else _OK)
    header = query[:2] + struct.pack("!HHHHH", flags, 1, len(listed), 0, 0)
    records = [struct.pack("!HHHIH", 0xC00C, _A, _IN, TTL, 4) + socket.inet_aton(address) for address in listed]
    return header + asked + b"".join(records)


def _of_the_machine(name: str) -> list[str] | None:
    try:
        found = socket.getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
