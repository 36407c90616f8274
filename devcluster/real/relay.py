"""The ways between the machine and the cluster's network, which have none of their own.

Run by the supervisor as `python -m devcluster.real.relay <cluster folder> <descriptor of the network> <port>`:

- 127.0.0.1:<port> of the machine leads to the API server;
- each published Service (devcluster.published) has a port on 127.0.0.1 that leads to a ready pod of it;
- in the cluster's network, an HTTP proxy lets the nodes pull images, and a name server answers their pods.
"""

import asyncio
import ipaddress
import socket
import sys
from pathlib import Path

from devcluster.published import Pair, Ports, join, keep_task, listen
from devcluster.real import layout, namespace
from devcluster.real.lookup import Lookup
from devcluster.real.names import Names

_OUT_SECONDS = 15.0


class Relay:
    """All ways of one cluster."""

    def __init__(self, cluster: Path, network: int, port: int) -> None:
        self._cluster, self._network, self._port = cluster, network, port
        self._lookup = Lookup(cluster, port)

    async def run(self) -> None:
        """Until killed. An OSError that says "address already in use" when the port is taken."""
        await listen(self._port, self._to_api)
        with namespace.inside(self._network):
            out = socket.create_server((layout.GATEWAY, layout.EGRESS_PORT))
            names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            names.bind((layout.GATEWAY, 53))
        await asyncio.start_server(self._egress, sock=out)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: Names(self._lookup), sock=names)
        await Ports(self._cluster, self._to_service).run()

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
        keep_task()
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
        await join((reader, writer), pair)


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


def main(arguments: list[str]) -> None:
    """Run until killed."""
    relay = Relay(Path(arguments[0]), int(arguments[1]), int(arguments[2]))
    asyncio.run(relay.run())


if __name__ == "__main__":
    main(sys.argv[1:])
