"""Traefik beside a cluster of real nodes, pods behind it, and a client in the nodes' network."""

import contextlib
import http.client
import os
import subprocess
import time
from collections.abc import Generator, Iterable
from http.cookies import SimpleCookie
from pathlib import Path

from devcluster import credentials, fleet, state
from devcluster.cluster import Cluster
from devcluster.real import config, layout, machines, namespace
from tests.programs import traefik

HOST = "rag.example.org"
APP = """
import http.server, json, os, time
from urllib.parse import parse_qs, urlsplit


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urlsplit(self.path)
        seconds = float(parse_qs(url.query).get("seconds", ["0"])[0])
        if url.path == "/pieces":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for number in range(3):
                self.wfile.write(b"2\\r\\n%d\\n\\r\\n" % number)
                self.wfile.flush()
                time.sleep(seconds)
            self.wfile.write(b"0\\r\\n\\r\\n")
            return
        time.sleep(seconds)
        self.answer(os.uname().nodename.encode())

    def do_POST(self):
        left, read = int(self.headers["Content-Length"]), 0
        while read < left:
            piece = self.rfile.read(min(1 << 20, left - read))
            if not piece:
                return
            read += len(piece)
        self.answer(str(read).encode())


http.server.ThreadingHTTPServer(("", 7860), Handler).serve_forever()
"""
"""What stands for the application: it names its pod, waits as long as it is told, and counts what it gets."""


class Client:
    """Asks one address in the nodes' network, as a browser with the cookies that it was given."""

    def __init__(self, network: int, port: int) -> None:
        self._network, self._port = network, port
        self.cookies: SimpleCookie = SimpleCookie()

    @contextlib.contextmanager
    def connection(self, seconds: float = 20) -> Generator[http.client.HTTPConnection]:
        made = http.client.HTTPConnection(layout.GATEWAY, self._port, timeout=seconds)
        with namespace.inside(self._network):
            made.connect()
        with contextlib.closing(made):
            yield made

    def headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={one.value}" for name, one in self.cookies.items())
        return {"Host": HOST, **({"Cookie": cookies} if cookies else {})}

    def get(self, path: str = "/", seconds: float = 20) -> tuple[int, str]:
        """Status and body; the cookies are kept."""
        with self.connection(seconds) as connection:
            connection.request("GET", path, headers=self.headers())
            answer = connection.getresponse()
            for line in answer.headers.get_all("Set-Cookie") or []:
                self.cookies.load(line)
            return answer.status, answer.read().decode()

    def post(self, pieces: Iterable[bytes], length: int, seconds: float = 60) -> tuple[int, str]:
        """The same for an upload. OSError or HTTPException: it was cut."""
        with self.connection(seconds) as connection:
            connection.putrequest("POST", "/upload", skip_host=True)
            for name, value in {**self.headers(), "Content-Length": str(length)}.items():
                connection.putheader(name, value)
            connection.endheaders()
            for piece in pieces:
                connection.send(piece)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


@contextlib.contextmanager
def running(cluster: Cluster, folder: Path, ports: dict[str, int], *options: str) -> Generator[Path]:
    """While in the block, a Traefik serves on these entry points at the nodes' gateway; gives its log."""
    known = state.load(cluster.directory)
    assert known
    kubeconfig = folder / "traefik.kubeconfig"
    token, certificate = credentials.ensure_token(cluster.directory), credentials.certificate_data(cluster.directory)
    credentials.write_private(kubeconfig, config.kubeconfig(known["port"], certificate, token))
    network = machines.open_network(cluster.directory)
    command = [
        "nsenter",
        f"--net=/proc/self/fd/{network}",
        str(traefik.program()),
        *(f"--entrypoints.{name}.address={layout.GATEWAY}:{port}" for name, port in ports.items()),
        *("--global.checknewversion=false", "--global.sendanonymoususage=false"),
        *options,
    ]
    log = folder / "traefik.log"
    environment = {**fleet.child_environment(folder), "KUBECONFIG": str(kubeconfig)}
    try:
        with (
            log.open("wb") as said,
            subprocess.Popen(
                command, pass_fds=[network], env=environment, stdout=said, stderr=subprocess.STDOUT
            ) as process,
        ):
            try:
                yield log
            finally:
                process.terminate()
    finally:
        os.close(network)


def slowly(piece: bytes, count: int, pause: float) -> Generator[bytes]:
    """The same piece over and over, as from a slow line."""
    for _ in range(count):
        yield piece
        time.sleep(pause)
