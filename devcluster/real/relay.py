"""The ways between the machine and the cluster's network, which have none of their own.

Run by the supervisor as `python -m devcluster.real.relay <cluster folder> <descriptor of the network> <port>`:

- 127.0.0.1:<port> of the machine leads to the API server;
- each Service in the file `published.json` has a port on 127.0.0.1 that leads to a ready pod of it;
- in the cluster's network, an HTTP proxy lets the nodes pull images, and a name server answers their pods.
"""

import asyncio
import ipaddress
import json
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypedDict

from devcluster.credentials import write_private
from devcluster.errors import DevclusterError
from devcluster.real import layout, namespace
from devcluster.real.lookup import Lookup
from devcluster.real.names import Names

PUBLISHED = "published.json"
_LISTENING = "listening.json"
_LOOK_SECONDS = 0.3
_PUBLISH_SECONDS = 10.0
_OUT_SECONDS = 15.0
_CHUNK = 65536

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Published(TypedDict):
    """A Service that people reach on a port of the machine's loopback."""

    namespace: str
    service: str
    port: int
    """0: any free one."""


def read(cluster: Path) -> list[Published]:
    """What is to be published."""
    file = cluster / PUBLISHED
    return json.loads(file.read_text()) if file.exists() else []


def publish(cluster: Path, wanted: Published) -> None:
    """Add a Service to what is published, in place of an earlier entry for it."""
    others = [
        one for one in read(cluster) if (one["namespace"], one["service"]) != (wanted["namespace"], wanted["service"])
    ]
    write_private(cluster / PUBLISHED, json.dumps([*others, wanted]))


def port_of(cluster: Path, namespace_: str, service: str) -> int | None:
    """The port on which the relay listens for the Service; None: not yet."""
    file = cluster / _LISTENING
    known = json.loads(file.read_text()) if file.exists() else {}
    return known.get(f"{namespace_}/{service}")


def publish_and_wait(cluster: Path, wanted: Published) -> int:
    """Publish a Service and return the port once the relay listens. DevclusterError: there is no relay."""
    publish(cluster, wanted)
    deadline = time.monotonic() + _PUBLISH_SECONDS
    while (port := port_of(cluster, wanted["namespace"], wanted["service"])) is None:
        if time.monotonic() > deadline:
            raise DevclusterError("no relay listens: the devcluster does not run, or its nodes are simulated")
        time.sleep(0.1)
    return port


class Relay:
    """All ways of one cluster."""

    def __init__(self, cluster: Path, network: int, port: int) -> None:
        self._cluster, self._network, self._port = cluster, network, port
        self._lookup = Lookup(cluster, port)
        self._open: dict[str, asyncio.Server] = {}
        self._ports: dict[str, int] = {}
        self._serving: set[asyncio.Task[Any]] = set()

    async def run(self) -> None:
        """Until killed. An OSError that says "address already in use" when the port is taken."""
        (self._cluster / _LISTENING).unlink(missing_ok=True)
        await self._listen(self._port, self._to_api)
        with namespace.inside(self._network):
            out = socket.create_server((layout.GATEWAY, layout.EGRESS_PORT))
            names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            names.bind((layout.GATEWAY, 53))
        await asyncio.start_server(self._egress, sock=out)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: Names(self._lookup), sock=names)
        while True:
            await self._follow()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _listen(self, port: int, way: Callable[[], Awaitable[Pair]]) -> "asyncio.Server":
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._keep()
            try:
                pair = await way()
            except OSError as error:
                print(f"port {port}: {error}", flush=True)
                writer.close()
                return
            await _join((reader, writer), pair)

        return await asyncio.start_server(serve, "127.0.0.1", port)

    async def _follow(self) -> None:
        """Open what was published since."""
        for one in read(self._cluster):
            key = f"{one['namespace']}/{one['service']}"
            if key in self._open and one["port"] in (0, self._ports[key]):
                continue
            if old := self._open.pop(key, None):
                old.close()
            wanted = dict(one)

            async def way(space: str = str(wanted["namespace"]), service: str = str(wanted["service"])) -> Pair:
                return await self._to_service(space, service)

            try:
                server = await self._listen(one["port"], way)
            except OSError as error:
                print(f"{key}: {error}; taking another port", flush=True)
                server = await self._listen(0, way)
            self._open[key] = server
            self._ports[key] = server.sockets[0].getsockname()[1]
            write_private(self._cluster / _LISTENING, json.dumps(self._ports))

    def _keep(self) -> None:
        """asyncio itself holds only a weak reference to the task that serves a connection."""
        task = asyncio.current_task()
        if task is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    async def _to_api(self) -> Pair:
        return await self._connect(layout.GATEWAY, self._port)

    async def _to_service(self, space: str, service: str) -> Pair:
        loop = asyncio.get_running_loop()
        ready = await loop.run_in_executor(None, self._lookup.endpoints, space, service)
        if not ready:
            raise OSError(f"no ready pod behind Service {space}/{service}")
        _, address, port = ready[0]
        return await self._connect(address, port)

    async def _connect(self, address: str, port: int) -> Pair:
        with namespace.inside(self._network):
            made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.setblocking(False)
        try:
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(made, (address, port)), timeout=5)
        except (OSError, asyncio.TimeoutError):
            made.close()
            raise OSError(f"{address}:{port} does not answer") from None
        return await asyncio.open_connection(sock=made)

    async def _egress(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """An HTTP proxy for HTTPS: `CONNECT host:port`. Image registries speak nothing else."""
        self._keep()
        try:
            if not is_node(writer.get_extra_info("peername")[0]):
                raise OSError("only nodes may go out, not their pods")
            request = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].decode().split()
            if request[0] != "CONNECT":
                raise OSError("only CONNECT is answered")
            host, _, port = request[1].rpartition(":")
            pair = await _outside(host.strip("[]"), int(port))
        except (OSError, ValueError, IndexError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            print(f"way out: {error}", flush=True)
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await _join((reader, writer), pair)


def is_node(address: str) -> bool:
    """Whether an address in the cluster's network is a node's own."""
    return ipaddress.ip_address(address) in ipaddress.ip_network(f"{layout.GATEWAY}/{layout.PREFIX}", strict=False)


def may_be_reached(address: str) -> bool:
    """Whether nodes may reach an address: never what listens for this machine alone."""
    found = ipaddress.ip_address(address)
    return not (found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast)


async def _outside(host: str, port: int) -> Pair:
    loop = asyncio.get_running_loop()
    found = await asyncio.wait_for(loop.getaddrinfo(host, port, type=socket.SOCK_STREAM), timeout=_OUT_SECONDS)
    addresses = [str(entry[4][0]) for entry in found if may_be_reached(str(entry[4][0]))]
    if not addresses:
        raise OSError(f"{host} is an address of this machine alone")
    # By address: a second look-up could give another one.
    return await asyncio.wait_for(asyncio.open_connection(addresses[0], port), timeout=_OUT_SECONDS)


async def _join(one: Pair, other: Pair) -> None:
    """Pass bytes both ways until both sides have ended, or one breaks off."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    ways = [asyncio.create_task(pump(one[0], other[1])), asyncio.create_task(pump(other[0], one[1]))]
    _, waiting = await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
    for way in waiting:
        way.cancel()
    await asyncio.gather(*ways, return_exceptions=True)
    for _, writer in (one, other):
        writer.close()


def main(arguments: list[str]) -> None:
    """Run until killed."""
    relay = Relay(Path(arguments[0]), int(arguments[1]), int(arguments[2]))
    asyncio.run(relay.run())


if __name__ == "__main__":
    main(sys.argv[1:])
