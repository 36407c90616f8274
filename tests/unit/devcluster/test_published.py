"""Services on ports of this machine: each keeps its port, and a connection reaches who serves it."""

import asyncio
import socket
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from devcluster import published
from devcluster.errors import DevclusterError
from devcluster.published import Pair, Ports

Serving = tuple[asyncio.AbstractEventLoop, "asyncio.Task[None]"]


def test_a_service_is_published_once(tmp_path: Path) -> None:
    published.publish(tmp_path, {"namespace": "a", "service": "web", "port": 0})
    published.publish(tmp_path, {"namespace": "b", "service": "web", "port": 1})
    published.publish(tmp_path, {"namespace": "a", "service": "web", "port": 2})
    assert [(one["namespace"], one["port"]) for one in published.read(tmp_path)] == [("b", 1), ("a", 2)]


def test_a_service_keeps_its_port_unless_another_is_asked_for(tmp_path: Path) -> None:
    published.publish(tmp_path, {"namespace": "a", "service": "web", "port": 7})
    published.publish(tmp_path, {"namespace": "a", "service": "web", "port": 0})
    assert published.read(tmp_path) == [{"namespace": "a", "service": "web", "port": 7}]


def test_where_nobody_listens_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "_PUBLISH_SECONDS", 0.1)
    with pytest.raises(DevclusterError, match=r"^nobody listens for Service a/web: "):
        published.publish_and_wait(tmp_path, {"namespace": "a", "service": "web", "port": 0})


@pytest.fixture
def behind() -> Generator[int]:
    """A server that says the name of its Service and ends; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"hello " + connection.recv(100))

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def ports(tmp_path: Path, behind: int) -> Generator[Path]:
    """A cluster's folder, for which somebody serves what is published."""

    async def way(namespace: str, service: str) -> Pair:
        if namespace != "a":
            raise OSError(f"no ready pod behind Service {namespace}/{service}")
        return await asyncio.open_connection("127.0.0.1", behind)

    async def run() -> None:
        started.append((asyncio.get_running_loop(), asyncio.create_task(Ports(tmp_path, way).run())))
        await asyncio.wait([started[0][1]])

    started: list[Serving] = []
    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    yield tmp_path
    loop, task = started[0]
    loop.call_soon_threadsafe(task.cancel)
    thread.join()


def ask(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"there")
        try:
            return connection.recv(100)
        except ConnectionResetError:
            return b""


def test_a_connection_reaches_who_serves(ports: Path) -> None:
    port = published.publish_and_wait(ports, {"namespace": "a", "service": "web", "port": 0})
    assert ask(port) == b"hello there"
    assert published.read(ports) == [{"namespace": "a", "service": "web", "port": port}], "so that it is the same later"


def test_a_service_without_a_ready_pod_ends_the_connection(ports: Path) -> None:
    assert ask(published.publish_and_wait(ports, {"namespace": "b", "service": "web", "port": 0})) == b""


def test_a_port_that_is_taken_is_replaced_by_another(ports: Path, behind: int) -> None:
    port = published.publish_and_wait(ports, {"namespace": "a", "service": "web", "port": behind})
    assert port != behind
    assert ask(port) == b"hello there"
