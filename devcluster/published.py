"""Services of a cluster that people reach on ports of this machine's loopback: which, on which port, and the listening.

Whoever serves them runs `Ports`: the relay into the network of real nodes, or what stands in for simulated ones. A port
is chosen once and stays the same over restarts.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypedDict

from devcluster import locks
from devcluster.credentials import write_private
from devcluster.errors import DevclusterError

_PUBLISHED = "published.json"
_LISTENING = "listening.json"
_LOCK = "published.lock"
_LOOK_SECONDS = 0.3
_PUBLISH_SECONDS = 60.0
"""For whoever serves to start and to listen. It takes a second; on a very busy machine a Python program took 13."""
_CHUNK = 65536

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Way = Callable[[str, str], Awaitable[Pair]]
"""Connects to a Service, by namespace and name. Raises OSError: nobody answers behind it."""


class Published(TypedDict):
    """A Service that people reach on a port of the machine's loopback."""

    namespace: str
    service: str
    port: int
    """0: any free one."""


def read(cluster: Path) -> list[Published]:
    """What is to be published."""
    file = cluster / _PUBLISHED
    return json.loads(file.read_text()) if file.exists() else []


def publish(cluster: Path, wanted: Published) -> None:
    """Add a Service to what is published. One that has a port keeps it, unless another is asked for."""
    with locks.hold(cluster / _LOCK):
        known = read(cluster)
        others = [one for one in known if _key(one) != _key(wanted)]
        earlier = next((one["port"] for one in known if _key(one) == _key(wanted)), 0)
        entry: Published = {**wanted, "port": wanted["port"] or earlier}
        write_private(cluster / _PUBLISHED, json.dumps([*others, entry]))


def port_of(cluster: Path, namespace: str, service: str) -> int | None:
    """The port on which somebody listens for the Service; None: not yet."""
    file = cluster / _LISTENING
    known = json.loads(file.read_text()) if file.exists() else {}
    return known.get(f"{namespace}/{service}")


def forget_listening(cluster: Path) -> None:
    """Forget on which ports somebody listened: whoever did it has ended."""
    (cluster / _LISTENING).unlink(missing_ok=True)


def publish_and_wait(cluster: Path, wanted: Published) -> int:
    """Publish a Service and return the port once somebody listens. DevclusterError: nobody does."""
    publish(cluster, wanted)
    deadline = time.monotonic() + _PUBLISH_SECONDS
    while (port := port_of(cluster, wanted["namespace"], wanted["service"])) is None:
        if time.monotonic() > deadline:
            raise DevclusterError(
                f"nobody listens for Service {_key(wanted)}: the devcluster does not run, or its nodes are simulated"
            )
        time.sleep(0.05)
    return port


class Ports:
    """Listens for what is published, and passes connections on."""

    def __init__(self, cluster: Path, way: Way) -> None:
        self._cluster, self._way = cluster, way
        self._open: dict[str, asyncio.Server] = {}
        self._ports: dict[str, int] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for one in read(self._cluster):
                await self._open_one(one)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _open_one(self, one: Published) -> None:
        key = _key(one)
        if key in self._open and one["port"] in (0, self._ports[key]):
            return
        if old := self._open.pop(key, None):
            old.close()
        space, service = one["namespace"], one["service"]

        async def way() -> Pair:
            return await self._way(space, service)

        try:
            server = await listen(one["port"], way)
        except OSError as error:
            print(f"{key}: {error}; taking another port", flush=True)
            server = await listen(0, way)
        self._open[key] = server
        self._ports[key] = server.sockets[0].getsockname()[1]
        write_private(self._cluster / _LISTENING, json.dumps(self._ports))
        # So that the address is the same after a restart.
        publish(self._cluster, {**one, "port": self._ports[key]})


_SERVING: set["asyncio.Task[Any]"] = set()
"""asyncio itself holds only a weak reference to the task that serves a connection."""


def keep_task() -> None:
    """Keep the task that runs now until it ends."""
    task = asyncio.current_task()
    if task is not None:
        _SERVING.add(task)
        task.add_done_callback(_SERVING.discard)


async def listen(port: int, way: Callable[[], Awaitable[Pair]]) -> "asyncio.Server":
    """Listen on 127.0.0.1 and pass each connection on to what `way` connects to. OSError: the port is taken."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        keep_task()
        try:
            pair = await way()
        except OSError as error:
            print(f"port {port}: {error}", flush=True)
            writer.close()
            return
        await join((reader, writer), pair)

    return await asyncio.start_server(serve, "127.0.0.1", port)


async def join(one: Pair, other: Pair) -> None:
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


def _key(one: Published) -> str:
    return f"{one['namespace']}/{one['service']}"
