"""The stores of the profile `scaled`, for real, each in a network namespace of its own: its cable can be pulled.

PostgreSQL is Debian's. Milvus is the standalone server that the PyPI package `milvus` 2.3.5 brings; MILVUS_PYTHON names
an interpreter that has it (a virtual environment of its own: it is not among this project's packages).
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.application.network import Network
from tests.application.pod import Node
from tests.application.rendered import Rendered

DATABASE_PORT, MILVUS_PORT, QDRANT_PORT = 5432, 19530, 6333
MILVUS = """
import sys
from milvus import MilvusServer
server = MilvusServer()
server.set_base_dir(sys.argv[1])
server.start()
print("milvus started", flush=True)
server.wait()
"""


def postgres_programs() -> Path | None:
    """Debian's folder of PostgreSQL's programs; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return found[-1] if found else None


def why_not() -> str:
    """Why the stores cannot be run here; empty when they can."""
    if postgres_programs() is None:
        return "Debian's package postgresql is not installed"
    if not os.environ.get("MILVUS_PYTHON"):
        return "MILVUS_PYTHON names no interpreter with the package milvus"
    if shutil.which("haproxy") is None:
        return "Debian's package haproxy is not installed"
    return ""


class Machine:
    """A program on a machine of its own in the network."""

    def __init__(self, network: Network, output: Path, command: Sequence[str], user: str = "") -> None:
        self._network, self._output, self._command, self._user = network, output, command, user
        self._keeper = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], start_new_session=True)
        self.address = network.attach(self._keeper.pid)
        self.process: subprocess.Popen[bytes] | None = None

    def inside(self, command: Sequence[str]) -> list[str]:
        """The command, to be run on that machine."""
        as_user = ["setpriv", "--reuid", self._user, "--regid", self._user, "--clear-groups"] if self._user else []
        return ["nsenter", "--target", str(self._keeper.pid), "--net", *as_user, *command]

    def start(self) -> None:
        """Start the program."""
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(
                ["nice", "-n", "5", *self.inside([part.format(address=self.address) for part in self._command])],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self, with_signal: signal.Signals = signal.SIGINT, seconds: float = 30) -> None:
        """End the program; the machine stays."""
        if self.process is None or self.process.poll() is not None:
            return
        os.killpg(self.process.pid, with_signal)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def listening(self, port: int, seconds: float) -> None:
        """Wait until a port is open."""
        code = "import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).close()"
        ask = self._network.inside([sys.executable, "-I", "-c", code, self.address, str(port)])
        deadline = time.monotonic() + seconds
        while subprocess.run(ask, capture_output=True, check=False).returncode:
            assert time.monotonic() < deadline, f"{self._output.name}: port {port} is not open"
            time.sleep(0.5)

    def cut(self) -> None:
        """Pull the cable: packets vanish."""
        self._network.cut(self.address)

    def connect(self) -> None:
        """Put the cable back."""
        self._network.cut(self.address, up=True)

    def remove(self) -> None:
        """End everything."""
        self.stop(signal.SIGKILL)
        self._keeper.kill()
        self._keeper.wait()


class Postgres(Machine):
    """A database `kotaemon` of the user `kotaemon`, password `pw`."""

    def __init__(self, network: Network, folder: Path) -> None:
        programs = postgres_programs()
        assert programs is not None
        # pytest's own folders are root's alone, and the server refuses to be root.
        self._data, self._programs = Path(tempfile.mkdtemp(prefix="kotaemon-postgres-")), programs
        shutil.chown(self._data, "postgres", "postgres")
        command = [str(programs / "postgres"), "-D", str(self._data), "-k", str(self._data), "-h", "{address}"]
        super().__init__(network, folder / "postgres.log", [*command, "-c", "fsync=off"], user="postgres")
        self._run("initdb", "-D", str(self._data), "-A", "trust", "--no-sync")
        with (self._data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 0.0.0.0/0 scram-sha-256\n")
        self.start()
        self.listening(DATABASE_PORT, 60)
        self.sql("postgres", "CREATE USER kotaemon PASSWORD 'pw'")
        self.sql("postgres", "CREATE DATABASE kotaemon OWNER kotaemon")

    def sql(self, database: str, query: str) -> str:
        """The answer of one query, as the superuser."""
        return self._run("psql", "-h", str(self._data), "-d", database, "-tAc", query)

    def remove(self) -> None:
        """End everything, and remove the data."""
        super().remove()
        shutil.rmtree(self._data, ignore_errors=True)

    @property
    def url(self) -> str:
        return f"postgresql://kotaemon:pw@{self.address}:{DATABASE_PORT}/kotaemon"

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            self.inside([str(self._programs / program), *arguments]),
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


class Milvus(Machine):
    """A standalone Milvus."""

    def __init__(self, network: Network, folder: Path) -> None:
        data = folder / "milvus"
        data.mkdir()
        super().__init__(network, folder / "milvus.log", [os.environ["MILVUS_PYTHON"], "-c", MILVUS, str(data)])

    def started(self) -> "Milvus":
        """Start it and wait until it can be used."""
        self.start()
        self.listening(MILVUS_PORT, 240)
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """The part `vectorStore` of a stack file."""
        url = f"http://{self.address}:{MILVUS_PORT}"
        return {"kind": "milvus", "url": url, "secretName": "stores", "secretKey": "milvus",
                "endpoint": {"cidr": "10.77.0.0/24", "port": MILVUS_PORT}}  # fmt: skip

    def given(self, rendered: Rendered, node: Node) -> None:
        """It asks for no token."""
        rendered.secrets["stores"]["milvus"] = ""


class Qdrant(Machine):
    """A stand-in of a Qdrant server (qdrant_stand_in.py), under the name of the bundled one's Service."""

    settings = {"kind": "qdrant-bundled", "storageClass": "dev-block", "size": "50Gi", "memoryLimit": "4Gi",
                "encryptedBy": "nobody (simulated)"}  # fmt: skip

    def __init__(self, network: Network, folder: Path, copy: Path) -> None:
        self._folder, self._key = folder, folder / "qdrant-key"
        program = [str(copy / ".venv/bin/python"), "-B", str(Path(__file__).with_name("qdrant_stand_in.py"))]
        super().__init__(
            network,
            folder / "qdrant.log",
            [*program, "{address}", str(QDRANT_PORT), str(folder / "qdrant"), str(self._key)],
        )

    def given(self, rendered: Rendered, node: Node) -> None:
        """It asks for the key that the stack made; started here, as it is known only now."""
        (secret,) = (values for values in rendered.secrets.values() if "api-key" in values)
        self._key.write_text(secret["api-key"])
        node.hosts["kotaemon-vectors"] = self.address
        self.start()
        self.listening(QDRANT_PORT, 120)

    def asked(self, request: str) -> int:
        """How often it was asked so, for example "200 POST /collections/"."""
        return (self._folder / "qdrant.log").read_text().count(request)

    def count(self, collection: str) -> int:
        """How many vectors it has."""
        code = (
            "import json,sys,urllib.request as r\n"
            "q = r.Request(sys.argv[1], b'{}', {'api-key': sys.argv[2]}, method='POST')\n"
            "print(json.load(r.urlopen(q, timeout=30))['result']['count'])\n"
        )
        url = f"http://{self.address}:{QDRANT_PORT}/collections/{collection}/points/count"
        ask = self._network.inside([sys.executable, "-I", "-c", code, url, self._key.read_text()])
        return int(subprocess.run(ask, capture_output=True, text=True, check=True).stdout)


FRONT = """
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend people
  bind {gateway}:{port}
  default_backend pods
backend pods
  balance roundrobin
  cookie front insert nocache
  option httpchk GET /app_id
  option redispatch
{servers}
"""


class Front:
    """haproxy: sticky by cookie, asks each pod whether it is ready, as the Service and the ingress do together."""

    def __init__(self, network: Network, folder: Path, gateway: str, port: int) -> None:
        self._network, self._file, self._gateway, self._port = network, folder / "haproxy.cfg", gateway, port
        self._log = folder / "haproxy.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://{gateway}:{port}"

    def serve(self, *addresses: str) -> None:
        """Serve these pods, and no others. Open connections to the others are kept (-sf), as behind a Service."""
        servers = "\n".join(f"  server p{a.rpartition('.')[2]} {a}:7860 cookie p{a.rpartition('.')[2]} check inter 1s"
                            for a in addresses)  # fmt: skip
        self._file.write_text(FRONT.format(gateway=self._gateway, port=self._port, servers=servers))
        old = ["-sf", str(self._process.pid)] if self._process else []
        with self._log.open("ab") as log:
            command = self._network.inside(["haproxy", "-db", "-f", str(self._file), *old])
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        time.sleep(3)

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
