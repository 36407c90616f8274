"""A stand-in of the application, and pods that run the runtime files against it as real processes.

It does what the real one does where it matters: it imports its settings through THEFLOW_SETTINGS_MODULE, seeds by
check-then-insert, serves from a thread while the main thread sleeps, and closes on KeyboardInterrupt.
KOTAEMON_TEST_PYTHON chooses the interpreter of all of it (the image has 3.10).
"""

import contextlib
import ctypes
import http.client
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

RUNTIME = Path(__file__).parents[5] / "components" / "kotaemon" / "runtime"
PYTHON = os.environ.get("KOTAEMON_TEST_PYTHON", sys.executable)
PATIENCE = 60
"""Seconds after which a test says that what it waits for does not come. On a loaded machine all takes ten times as long."""
SET_BY = "the Deployment in components/kotaemon/deployment.py"

FLOWSETTINGS = """
import os
from pathlib import Path
KH_APP_DATA_DIR = Path(__file__).parent / "ktem_app_data"
KH_APP_DATA_DIR.mkdir(parents=True, exist_ok=True)
os.environ["HF_HOME"] = str(KH_APP_DATA_DIR / "huggingface")
os.environ["HF_HUB_CACHE"] = str(KH_APP_DATA_DIR / "huggingface")
KH_ENABLE_FIRST_SETUP = True
KH_DATABASE = f"sqlite:///{KH_APP_DATA_DIR / 'sql.db'}"
KH_FILESTORAGE_PATH = str(KH_APP_DATA_DIR / "files")
KH_DOCSTORE = {"__type__": "kotaemon.storages.LanceDBDocumentStore", "path": "image"}
KH_VECTORSTORE = {"__type__": "kotaemon.storages.ChromaVectorStore", "path": "image"}
GRAPHRAG_ON = [n for n in ("USE_MS_GRAPHRAG", "USE_NANO_GRAPHRAG", "USE_LIGHTRAG")
               if os.environ.get(n, "true") == "true"]
STORAGE = {"__type__": "theflow.storage.LocalStorage", "prefix": "image"}
KH_KEPT = "from the image"
"""

APP = """
import ctypes, http.server, importlib, json, os, subprocess, sys, threading, time
from pathlib import Path
mode = os.environ.get("APP_MODE", "")
settings = importlib.import_module(os.environ["THEFLOW_SETTINGS_MODULE"])
Path(os.environ["APP_ENV_FILE"]).write_text(json.dumps(dict(os.environ)))
if mode == "exit":
    sys.exit(3)
if mode == "crash":
    raise RuntimeError("the application broke")
if mode == "slow import":
    print("importing", flush=True)
    time.sleep(60)

def event(text):
    with open(os.environ["APP_EVENTS"], "a") as file:
        file.write(text + "\\n")

def seed(connect, placeholder):
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("SELECT count(*) FROM seeded WHERE name = 'File Collection'")
    if cursor.fetchone()[0] == 0:
        if gate := os.environ.get("APP_GATE"):
            print("checked", flush=True)
            while not os.path.exists(gate):
                time.sleep(0.02)
        else:
            time.sleep(0.4)
        cursor.execute("INSERT INTO seeded VALUES ('File Collection')")
    connection.commit()
    connection.close()

pod = os.environ["KS_POD_NAME"]
if mode == "seed":
    import sqlite3
    event("begin " + pod)
    seed(lambda: sqlite3.connect(os.environ["APP_SEED_DB"], timeout=20), "?")
    time.sleep(0.2)
    event("end " + pod)
if mode == "seed postgres":
    import psycopg2
    event("begin " + pod)
    seed(lambda: psycopg2.connect(os.environ["APP_SEED_DB"]), "%s")
    time.sleep(0.2)
    event("end " + pod)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/app_id" else 404)
        self.end_headers()
    def log_message(self, *args):
        pass

address = ("127.0.0.1", int(os.environ["GRADIO_SERVER_PORT"]))
server = http.server.ThreadingHTTPServer(address, Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("a line on stderr", file=sys.stderr)
subprocess.run(["echo", "a line of a child"])
if mode == "chatty":
    for number in range(40000):
        print(f"{number:06d} " + "x" * 73)
def say_much(signum, frame):
    threading.Thread(target=much, daemon=True).start()
def much():
    for number in range(400_000):
        print(f"{number:06d} " + "x" * 73)
    print("all said", flush=True)
if mode == "chatty on request":
    import signal
    signal.signal(signal.SIGUSR1, say_much)
print("serving", flush=True)
if mode == "deadlock in C":
    mutex = ctypes.create_string_buffer(64)
    ctypes.CDLL(None).pthread_mutex_lock(mutex)
    ctypes.CDLL(None).pthread_mutex_lock(mutex)
try:
    while True:
        time.sleep(0.1)
except KeyboardInterrupt:
    print("Keyboard interruption in main thread... closing server.", flush=True)
    if mode == "never stops":
        while True:
            time.sleep(1)
    if mode == "slow close":
        time.sleep(1.5)
    server.shutdown()
sys.stdout.write("last words without a newline")
"""

# What kh_settings asks of SQLAlchemy where it is not installed; the real one is tested below.
SQLALCHEMY = """
class Table: pass
class UniqueConstraint: pass
class event:
    @staticmethod
    def listen(*args): print("constraint listener installed")
class pool:
    class Pool: pass
class exc: pass
"""


def python_has(module: str) -> bool:
    return subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True).returncode == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Pod:
    """One process started like the container, with its output in a file."""

    def __init__(self, house: "House", name: str, extra: dict[str, str]) -> None:
        self.port = free_port()
        self.output = house.root / f"{name}.{self.port}.out"
        self.env_file = house.root / f"{name}.{self.port}.env"
        self.log = house.folders["logs"] / name / "app.log"
        self.env = house.env(name) | {
            "GRADIO_SERVER_PORT": str(self.port),
            "APP_ENV_FILE": str(self.env_file),
        }
        self.env |= extra
        self.env = {key: value for key, value in self.env.items() if value != "(unset)"}
        self.app_dir = house.app
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, command: tuple[str, ...] = (), without_override: bool = False) -> "Pod":
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [PYTHON, *(command or (str(RUNTIME / "launch.py"),))],
                cwd=self.app_dir,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=drop_override if without_override else None,
            )
        return self

    @property
    def alive(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process

    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def until(self, wanted: str, seconds: float = PATIENCE) -> None:
        eventually(lambda: wanted in self.text(), f"{wanted!r} in the output", self.text, seconds)

    def exit_code(self, seconds: float = PATIENCE) -> int:
        try:
            return self.alive.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {seconds} s:\n{self.text()}")

    def stop(self, seconds: float = PATIENCE) -> int:
        self.alive.send_signal(signal.SIGTERM)
        return self.exit_code(seconds)


def eventually(true: Callable[[], bool], what: str, more: Callable[[], str], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s: {what}\n{more()}")
        time.sleep(0.02)


def drop_override() -> None:
    """Before exec: root without the capability to pass over permissions is refused as anybody."""
    if os.geteuid() == 0:
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH out of the bounding set
            if ctypes.CDLL(None).prctl(24, capability, 0, 0, 0):
                os._exit(99)


class House:
    """The application's folder, the role folders and the pods that use them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.app = root / "app"
        self.app.mkdir()
        (self.app / "flowsettings.py").write_text(FLOWSETTINGS)
        (self.app / "app.py").write_text(APP)
        if not python_has("sqlalchemy"):
            (self.app / "sqlalchemy.py").write_text(SQLALCHEMY)
        roles = ("indexes", "sessions", "models", "uploads", "logs", "eval")
        self.folders = {role: root / "data" / role for role in roles}
        for folder in self.folders.values():
            folder.mkdir(parents=True)
        self.pods: list[Pod] = []

    def env(self, name: str) -> dict[str, str]:
        return {f"KS_{role.upper()}_DIR": str(path) for role, path in self.folders.items()} | {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(RUNTIME),
            "PYTHONDONTWRITEBYTECODE": "1",
            "THEFLOW_SETTINGS_MODULE": "kh_settings",
            "KS_PROFILE": "single-writer",
            "KS_POD_NAME": name,
            "KH_APP_VERSION": "0.11.3",
            "KS_SCRATCH_DIR": str(self.root / f"scratch-{name}"),
            "APP_EVENTS": str(self.root / "events"),
        }

    def pod(self, name: str = "pod-a", **extra: str) -> Pod:
        self.pods.append(Pod(self, name, extra))
        return self.pods[-1]

    def serving(self, name: str = "pod-a", **extra: str) -> Pod:
        pod = self.pod(name, **extra).start()
        pod.until("serving")
        return pod

    def refused(self, code: int = 78, /, **extra: str) -> str:
        pod = self.pod(**extra).start()
        assert pod.exit_code() == code, pod.text()
        assert "Traceback" not in pod.text()
        return pod.text()

    def settings(self, **extra: str) -> subprocess.CompletedProcess[str]:
        show = (
            "import sys, os, json; sys.path.insert(0, os.getcwd()); import kh_settings as k;"
            "out = {n: getattr(k, n) for n in dir(k) if n.isupper()};"
            "out['env'] = dict(os.environ);"
            "print(json.dumps(out, default=str))"
        )
        env = {k: v for k, v in (self.env("pod-a") | extra).items() if v != "(unset)"}
        return subprocess.run([PYTHON, "-c", show], cwd=self.app, env=env, capture_output=True, text=True)

    def values(self, **extra: str) -> dict[str, Any]:
        done = self.settings(**extra)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


SCALED = {
    "KS_PROFILE": "scaled",
    "KS_SESSIONS_DIR": "(unset)",
    "KH_DATABASE": "postgresql://kotaemon:hunter2@db:5432/kotaemon?sslmode=require",
    "KS_VECTOR_STORE": "qdrant",
    "QDRANT_URL": "http://qdrant:6333",
    "KS_DOC_STORE": "lancedb",
}


def answers(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status


def runtime_module(name: str) -> ModuleType:
    """A runtime file as a module, found as the pod finds it: in its own folder."""
    sys.path.insert(0, str(RUNTIME))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(RUNTIME))
