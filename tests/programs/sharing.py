"""NATS, nginx, a leader and followers as processes on 127.0.0.1, with the configurations that the product renders."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import yaml

from components.models.files import follower_files, leader_files, release_files
from components.models.leader import HEALTH_PATH, MODELS, TLS_DIR, web_config
from components.models.names import LEADER_PORT
from tests.programs import build
from tests.unit import pod_user
from tests.unit.components.kotaemon.runtime.stand_in import free_port

VALUES = Path(__file__).parents[2] / "docs/nats-values.yaml"
USERS = {
    "LEADER_USER": "leader",
    "LEADER_PASSWORD": "of-the-leader",
    "FOLLOWER_USER": "node",
    "FOLLOWER_PASSWORD": "of-a-node",
}
STREAM = "kotaemon-models"
MIB = 2**20
SECONDS = 120
"""Bound of every wait: events come in a second or two, and on a slow machine later."""


def eventually(done: Callable[[], object], what: str, said: Callable[[], str] = lambda: "") -> None:
    until = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < until, f"no {what} in {SECONDS} s: {said()[-2000:]}"
        time.sleep(0.02)


def nats_program() -> Path:
    return build.program("nats", "github.com/nats-io/nats-server/v2")


def write_random(path: Path, size: int) -> None:
    """A file that cannot be compressed, the same for the same size."""
    random = Random(size)
    with path.open("wb") as file:
        for at in range(0, size, MIB):
            file.write(random.randbytes(min(MIB, size - at)))


class Certificates:
    """A certificate authority, and certificates for 127.0.0.1 and localhost that it signs."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder, self.ca = folder, folder / f"{name}.crt"
        self._key = folder / f"{name}.key"
        self._openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            f"/CN={name}",
            "-keyout",
            str(self._key),
            "-out",
            str(self.ca),
        )

    def sign(self, name: str) -> tuple[Path, Path]:
        """Certificate and key for a server."""
        cert, key, asked = (self.folder / f"{name}.{end}" for end in ("crt", "key", "csr"))
        self._openssl(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            f"/CN={name}",
            "-keyout",
            str(key),
            "-out",
            str(asked),
        )
        names = self.folder / f"{name}.ext"
        names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        self._openssl(
            "x509",
            "-req",
            "-in",
            str(asked),
            "-CA",
            str(self.ca),
            "-CAkey",
            str(self._key),
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            str(names),
            "-out",
            str(cert),
        )
        key.chmod(0o644)
        return cert, key

    @staticmethod
    def _openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True)


class Process:
    """A process group that is ended whole, and what it says."""

    def __init__(self, command: list[str], output: Path, env: dict[str, str]) -> None:
        self._output, self._from = output, output.stat().st_size if output.exists() else 0
        with output.open("ab") as file:
            self._process = subprocess.Popen(
                command,
                env={"PATH": os.environ["PATH"], **env},
                stdout=file,
                stderr=file,
                start_new_session=True,
                **pod_user.as_pod(),
            )

    def said(self) -> str:
        """What this process has said; an earlier one may have the same file."""
        return self._output.read_bytes()[self._from :].decode()

    def running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End it and its children without a warning."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """End it as the kubelet does; its exit code."""
        self._process.terminate()
        return self.ended()

    def ended(self) -> int:
        return self._process.wait(SECONDS)


class Request(NamedTuple):
    """A line of the web server's log about a file of a version."""

    host: str
    path: str
    start: int
    sent: int


class Place:
    """A shared claim with its leader, a server of NATS, and the folders of nodes. `rate`: bytes a second of a request."""

    def __init__(self, root: Path, rate: str) -> None:
        self.root, self.rate = root, rate
        self.shared, self.tls, self.scripts = root / "shared", root / "tls", root / "scripts"
        for folder in (self.shared, self.tls, root / "tmp", root / "jetstream", root / "out"):
            folder.mkdir()
        pod_user.write({**release_files(), **leader_files(), **follower_files()}, self.scripts)
        self.certificates = Certificates(self.tls)
        self.renew()
        self.nats_port, self.web_port = free_port(), free_port()
        self.processes: list[Process] = []
        self.owned()

    def owned(self) -> None:
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{pod_user.UID}:{pod_user.UID}", str(self.root)], check=True)

    def renew(self) -> None:
        """A new certificate of the leader, in the file that the old one is in."""
        for source, end in zip(self.certificates.sign("leader"), ("crt", "key"), strict=True):
            shutil.copyfile(source, self.tls / f"tls.{end}")

    def start(self, name: str, command: list[str], **env: str) -> Process:
        found = Process(command, self.root / "out" / name, env)
        self.processes.append(found)
        return found

    def script(self, name: str, script: str, **env: str) -> Process:
        return self.start(
            name,
            [pod_user.python(), "-S", str(self.scripts / script)],
            PYTHONDONTWRITEBYTECODE="1",
            KS_POLL_SECONDS="0.2",
            KS_ACK_SECONDS="2",
            **env,
        )

    def stop(self) -> None:
        for process in self.processes:
            process.kill()

    # The server of NATS.

    def nats_config(self) -> dict[str, Any]:
        """What the chart makes of docs/nats-values.yaml, with the paths and the port of this place."""
        text = re.sub(r"<< \$(\w+) >>", lambda found: USERS[found[1]], VALUES.read_text())
        values = yaml.safe_load(text)["config"]
        assert values["nats"]["tls"]["enabled"]
        assert values["jetstream"]["enabled"]
        cert, key = self.certificates.sign("nats")
        return {
            "host": "127.0.0.1",
            "port": self.nats_port,
            "jetstream": {"store_dir": str(self.root / "jetstream")},
            "tls": {"cert_file": str(cert), "key_file": str(key)},
            **values["merge"],
        }

    def nats(self) -> Process:
        file = self.root / "nats.json"
        file.write_text(json.dumps(self.nats_config()))
        self.owned()
        found = self.start("nats", [str(self._readable(nats_program())), "-c", str(file)])
        eventually(lambda: "Server is ready" in found.said() or not found.running(), "server of NATS", found.said)
        assert found.running(), found.said()
        return found

    def _readable(self, program: Path) -> Path:
        """The program where the pods' user may start it."""
        copy = self.root / "nats-server"
        if not copy.exists():
            shutil.copy(program, copy)
            copy.chmod(0o755)
        return copy

    def connection(self, who: str) -> dict[str, str]:
        return {
            "KS_NATS_URL": f"tls://127.0.0.1:{self.nats_port}",
            "KS_NATS_CA": str(self.certificates.ca),
            "KS_NATS_STREAM": STREAM,
            "KS_NATS_USER": USERS[f"{who}_USER"],
            "KS_NATS_PASSWORD": USERS[f"{who}_PASSWORD"],
        }

    def ask(self, code: str, who: str = "LEADER", **env: str) -> "subprocess.CompletedProcess[str]":
        """Run code with a client: `nats` and `releases` are in it."""
        head = f"""
import os, sys
sys.dont_write_bytecode = True
sys.path.insert(0, {str(self.scripts)!r})
from ks_models_announce import connect
from ks_nats_stream import *
nats = connect("test")
releases = Releases(nats, {STREAM!r})
"""
        told = {"PATH": os.environ["PATH"], **self.connection(who), **env}
        return subprocess.run(
            [pod_user.python(), "-c", head + code],
            env=told,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            **pod_user.as_pod(),
        )

    def announced(self) -> int:
        """How many announcements the stream has ever taken."""
        done = self.ask("print(releases._ask('STREAM.INFO.' + releases.name, {})['state']['last_seq'])")
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    # The leader.

    def web_config(self) -> str:
        """The product's configuration, with the paths and the port of this place, and a rate that lets a test see half
        of a file; the log says the host in place of the client's address, which is the same for all of them."""
        text = web_config()
        changes = {
            "/tmp/": f"{self.root}/tmp/",  # first, because this place may be below /tmp itself
            f"listen {LEADER_PORT} ssl": f"listen 127.0.0.1:{self.web_port} ssl",
            f"root {MODELS};": f"root {self.shared}; limit_rate {self.rate};",
            TLS_DIR: str(self.tls),
            "/dev/stdout": str(self.root / "access.log"),
            "'$remote_addr ": "'$host ",
        }
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        return text

    def web(self) -> Process:
        """Start nginx, and wait until it answers."""
        (self.root / "nginx.conf").write_text(self.web_config())
        found = self.start("nginx", [*self.nginx(), "-g", "daemon off;"])
        eventually(lambda: self.curl(HEALTH_PATH).returncode == 0 or not found.running(), "web server", found.said)
        assert found.running(), found.said()
        return found

    def nginx(self) -> list[str]:
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")
        assert program
        return [program, "-e", "stderr", "-c", str(self.root / "nginx.conf")]

    def curl(self, path: str, *options: str) -> "subprocess.CompletedProcess[str]":
        """Ask the leader, as a pod would: Python's client, with the certificate looked at."""
        code = (
            "import sys, ssl, http.client\n"
            "c = http.client.HTTPSConnection('127.0.0.1', int(sys.argv[1]), context=ssl.create_default_context(cafile=sys.argv[2]))\n"
            "c.request(sys.argv[4] if len(sys.argv) > 4 else 'GET', sys.argv[3])\n"
            "a = c.getresponse(); print(a.status, c.sock.getpeercert()['serialNumber'] if c.sock else '', a.read().decode('latin-1'))"
        )
        return subprocess.run(
            [pod_user.python(), "-c", code, str(self.web_port), str(self.certificates.ca), path, *options],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def announcer(self, **env: str) -> Process:
        return self.script(
            "announcer", "ks_models_announce.py", KS_MODELS_SHARED=str(self.shared), **self.connection("LEADER") | env
        )

    def publish(self, version: str, files: Mapping[str, bytes | int]) -> None:
        """Publish a package; a number is the size of a file with random content, which is never whole in memory."""
        package = self.shared / ".incoming" / version
        for name, data in files.items():
            (package / name).parent.mkdir(parents=True, exist_ok=True)
            if isinstance(data, bytes):
                (package / name).write_bytes(data)
            else:
                write_random(package / name, data)
        self.owned()
        code = f"import sys; sys.dont_write_bytecode = True; sys.path.insert(0, {str(self.scripts)!r})\nfrom pathlib import Path\nimport ks_models_publish as p\np.publish(Path({str(self.shared)!r}), {version!r})"
        subprocess.run([pod_user.python(), "-c", code], check=True, capture_output=True, **pod_user.as_pod())

    def requests(self, version: str) -> list[Request]:
        """The log's lines with a range, about files of a version; those of requests that have ended."""
        found: list[Request] = []
        for line in (self.root / "access.log").read_text().splitlines():
            if match := re.fullmatch(
                rf'(\S+) \d+ (\d+) "GET /versions/{version}/(\S+) HTTP/1.1" "bytes=(\d+)-\d+" \S+', line
            ):
                found.append(Request(match[1], match[3], int(match[4]), int(match[2])))
        return found

    # The nodes.

    def node(self, name: str, host: str) -> "Node":
        return Node(self, name, host)


class Node:
    """A node with its cache, and its follower. `host`: under which name it knows the leader."""

    def __init__(self, place: Place, name: str, host: str) -> None:
        self.place, self.name, self.host = place, name, host
        self.cache = place.root / f"cache-{name}"
        self.cache.mkdir()
        place.owned()

    @property
    def told(self) -> dict[str, str]:
        return {
            "KS_MODELS_LEADER": f"https://{self.host}:{self.place.web_port}",
            "KS_MODELS_CA": str(self.place.certificates.ca),
            "KS_MODELS_CACHE": str(self.cache),
            "KS_PULL_SECONDS": str(SECONDS),
        }

    def follow(self, **env: str) -> Process:
        return self.place.script(
            self.name, "ks_models_follow.py", KS_NODE=self.name, **self.told, **self.place.connection("FOLLOWER") | env
        )

    def start_pod(self, version: str, **env: str) -> Process:
        """The init container of a pod on this node."""
        return self.place.script(f"pod-{self.name}", "ks_models_start.py", KS_MODELS_VERSION=version, **self.told | env)

    def has(self, version: str) -> bool:
        return (self.cache / version / ".manifest.sha256").is_file()

    def sizes(self, version: str) -> dict[str, int]:
        """The files of an unfinished pull, and how much of each is there."""
        folder = self.cache / ".filling" / version
        paths = [
            path
            for path in folder.rglob("*")
            if path.is_file() and not path.relative_to(folder).parts[0].startswith(".")
        ]
        return {str(path.relative_to(folder)): path.stat().st_size for path in paths}
