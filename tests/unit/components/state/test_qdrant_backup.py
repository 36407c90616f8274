"""qdrant_backup.py, run as a file against a stand-in that speaks the part of Qdrant's API that is used."""

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import free_port

SCRIPT = Path(__file__).parents[4] / "components/state/runtime/qdrant_backup.py"
KEY = "hunter2"


class Qdrant(ThreadingHTTPServer):
    """Collections are bytes; a snapshot of one is its bytes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.collections: dict[str, bytes] = {}
        self.snapshots: dict[str, dict[str, bytes]] = {}
        self.broken = False
        """Whether downloads lose their last byte."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Qdrant

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def answer(self, result: object, status: int = 200) -> None:
        self.send(
            json.dumps({"result": result, "status": "ok" if status < 300 else {"error": result}}).encode(), status
        )

    def send(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_any(self) -> None:
        url = urlsplit(self.path)
        parts = [unquote(part) for part in url.path.split("/")[1:]]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server = self.server
        if self.headers.get("api-key") != KEY:
            return self.answer("Must provide an API key or an Authorization bearer token", 401)
        match self.command, parts:
            case "GET", ["collections"]:
                self.answer({"collections": [{"name": name} for name in server.collections]})
            case "GET", ["collections", name, "snapshots"]:
                self.answer([{"name": found} for found in server.snapshots.get(name, {})])
            case "POST", ["collections", name, "snapshots"]:
                data = server.collections[name]
                made = f"{name}-1-2026.snapshot"
                server.snapshots.setdefault(name, {})[made] = data
                self.answer({"name": made, "size": len(data), "checksum": hashlib.sha256(data).hexdigest()})
            case "GET", ["collections", name, "snapshots", made]:
                data = server.snapshots[name][made]
                self.send(data[:-1] if server.broken else data)
            case "DELETE", ["collections", name, "snapshots", made]:
                del server.snapshots[name][made]
                self.answer(True)
            case "POST", ["collections", name, "snapshots", "upload"]:
                assert parse_qs(url.query) == {"wait": ["true"], "priority": ["snapshot"]}
                server.collections[name] = form_file(self.headers["Content-Type"], body)
                self.answer(True)
            case _:
                self.answer(f"no such call: {self.command} {self.path}", 404)
        return None

    do_GET = do_POST = do_DELETE = handle_any


def form_file(content_type: str, body: bytes) -> bytes:
    """The one file of a multipart form, as RFC 7578 has it."""
    boundary = content_type.partition("boundary=")[2].encode()
    found = re.fullmatch(
        rb'--%b\r\nContent-Disposition: form-data; name="snapshot"; filename="[^"]+"\r\n'
        rb"Content-Type: application/octet-stream\r\n\r\n(.*)\r\n--%b--\r\n" % (boundary, boundary),
        body,
        re.DOTALL,
    )
    assert found, body[:200]
    return found[1]


@pytest.fixture
def server() -> Iterator[Qdrant]:
    with Qdrant() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "backup-vectors"
    made.mkdir()
    return made


def run(server: Qdrant, folder: Path, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), *arguments],
        env={"QDRANT_URL": server.url, "QDRANT_API_KEY": KEY, "BACKUP_DIR": str(folder), "KEEP": "2", **env},
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert KEY not in done.stdout + done.stderr
    return done


def copy_at(folder: Path, name: str, **collections: bytes) -> None:
    (folder / name).mkdir()
    for collection, data in collections.items():
        (folder / name / f"{collection}.snapshot").write_bytes(data)


def test_every_collection_is_copied_and_the_server_keeps_no_snapshot(server: Qdrant, folder: Path) -> None:
    server.collections = {"index_1": b"one" * 1_000_000, "index/2 ü": b"two"}
    done = run(server, folder, "backup")
    assert done.returncode == 0, done.stderr
    (copy,) = folder.iterdir()
    assert re.fullmatch(r"\d{8}T\d{6}Z", copy.name)
    assert {file.name: file.read_bytes() for file in copy.iterdir()} == {
        "index_1.snapshot": server.collections["index_1"],
        "index%2F2%20%C3%BC.snapshot": b"two",
    }
    assert server.snapshots == {"index_1": {}, "index/2 ü": {}}
    assert done.stdout.splitlines() == [
        "qdrant-backup: index/2 ü: 3 bytes",
        "qdrant-backup: index_1: 3000000 bytes",
        f"qdrant-backup: wrote {copy.name}, 2 collections",
    ]
    assert copy.stat().st_mode & 0o777 == 0o700


def test_a_copy_brings_the_collections_back(server: Qdrant, folder: Path) -> None:
    before = {"index_1": os.urandom(3 << 20), "index/2 ü": b"\r\n--kotaemon"}
    server.collections = dict(before)
    run(server, folder, "backup")
    server.collections = {"index_1": b"changed"}
    done = run(server, folder, "restore", "latest")
    assert done.returncode == 0, done.stderr
    assert server.collections == before


def test_one_collection_alone(server: Qdrant, folder: Path) -> None:
    copy_at(folder, "20260101T000000Z", index_1=b"old one", index_2=b"old two")
    done = run(server, folder, "restore", "20260101T000000Z", "index_2")
    assert done.stdout == "qdrant-backup: restored index_2 of 20260101T000000Z\n"
    assert server.collections == {"index_2": b"old two"}


def test_the_newest_stay_and_what_a_killed_run_left_goes(server: Qdrant, folder: Path) -> None:
    for name in ("20260101T000000Z", "20260102T000000Z", "20260103T000000Z.part", "notes"):
        copy_at(folder, name)
    done = run(server, folder, "backup")
    names = sorted(path.name for path in folder.iterdir())
    assert names[0] == "20260102T000000Z"
    assert names[2:] == ["notes"]
    assert "qdrant-backup: removed 20260101T000000Z, keeping 2\n" in done.stdout
    assert run(server, folder, "list").stdout.split() == names[:2]


def test_a_copy_that_arrives_broken_is_none(server: Qdrant, folder: Path) -> None:
    for name in ("20260101T000000Z", "20260102T000000Z"):
        copy_at(folder, name)
    server.collections, server.broken = {"index_1": b"one"}, True
    done = run(server, folder, "backup")
    assert (done.returncode, done.stderr) == (
        1,
        "qdrant-backup: index_1: what arrived is not what the server has packed (sha256 differs)\n",
    )
    assert run(server, folder, "list").stdout.split() == ["20260101T000000Z", "20260102T000000Z"]
    assert server.snapshots == {"index_1": {}}


def test_snapshots_that_somebody_else_left_are_told(server: Qdrant, folder: Path) -> None:
    server.collections, server.snapshots = {"index_1": b"one"}, {"index_1": {"mine": b"", "yours": b""}}
    done = run(server, folder, "backup")
    assert done.stdout.startswith(
        "qdrant-backup: warning: index_1 has 2 older snapshots on the server's disk; nobody removes them\n"
    )
    assert sorted(server.snapshots["index_1"]) == ["mine", "yours"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["restore", "latest"], "there is no copy 'latest' in {folder}; there are: none"),
        (["restore", "../x"], "there is no copy '../x' in {folder}; there are: none"),
        (["restore"], "the commands are folder, backup, list and restore <copy|latest> [collection]"),
        (["drop"], "the commands are folder, backup, list and restore <copy|latest> [collection]"),
    ],
)
def test_what_cannot_be_done(server: Qdrant, folder: Path, arguments: list[str], message: str) -> None:
    done = run(server, folder, *arguments)
    assert (done.returncode, done.stderr) == (1, f"qdrant-backup: {message.format(folder=folder)}\n")


def test_a_collection_that_the_copy_does_not_have(server: Qdrant, folder: Path) -> None:
    copy_at(folder, "20260101T000000Z", index_1=b"one")
    done = run(server, folder, "restore", "latest", "index_9")
    assert done.stderr == "qdrant-backup: the copy 20260101T000000Z has no collection 'index_9'\n"


def test_a_wrong_key_and_a_server_that_is_away(server: Qdrant, folder: Path) -> None:
    wrong = run(server, folder, "backup", QDRANT_API_KEY="no")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith('qdrant-backup: GET /collections: 401 {"result": "Must provide an API key')
    port = free_port()
    away = run(server, folder, "backup", QDRANT_URL=f"http://127.0.0.1:{port}")
    assert away.stderr == f"qdrant-backup: 127.0.0.1:{port} does not answer: Connection refused\n"
    assert run(server, folder, "list").stdout == "\n"


def test_the_folder_is_made_for_owner_and_group(server: Qdrant, tmp_path: Path) -> None:
    for _ in range(2):
        assert run(server, tmp_path / "new", "folder").returncode == 0
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o770
    owner = f"{os.getuid()}:{os.getgid()}"
    done = run(server, Path("/proc/new"), "folder")
    assert done.stderr.startswith("qdrant-backup: the folder cannot be made: ")
    assert done.stderr.endswith(f"; make it on the claim, owned by {owner}, mode 770\n")
