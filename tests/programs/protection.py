"""A stack's data in folders, the scripts of protection, and the real restic, all as the pods' user."""

import json
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from components.protection.names import scripts
from devcluster.errors import DevclusterError
from tests.programs.build import debian_program
from tests.unit import pod_user
from tests.unit.pod_user import UID

INSTALL = "restic is neither on PATH nor to be had: `apt-get install restic` installs it, as .ci/run does"
WRITER = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], timeout=30)
turn = database.execute("SELECT count(*) FROM conversation").fetchone()[0]
while True:
    turn += 1
    with database:
        database.execute("INSERT INTO conversation VALUES (?, ?)", (f"turn-{turn}", "x" * 2000))
    print(f"turn-{turn}", flush=True)
"""
"""Writes without a pause, as no application does; each line is an acknowledged turn."""


def restic() -> Path:
    """The program of the machine, or of Debian's package. Without it the tests fail."""
    try:
        return debian_program("restic", "restic")
    except DevclusterError as error:
        raise AssertionError(f"{INSTALL} ({error})") from error


class Place:
    """Roles, the stage, the scratch folder and a repository, below one folder of the pods' user."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data, self.stage, self.scratch, self.scripts = (root / name for name in ("data", "stage", "scratch", "sh"))
        for made in (self.data, self.stage, self.scratch, self.scripts):
            made.mkdir()
        pod_user.write(scripts(), self.scripts)
        self.program_of_restic = root / "restic"
        shutil.copy(restic(), self.program_of_restic)  # the cache may be in root's own home
        (root / "password").write_text("correct horse")
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(root),
            "KS_RESTIC": str(self.program_of_restic),
            "KS_NAME": "kotaemon",
            "KS_DATA": str(self.data),
            "KS_STAGE": str(self.stage),
            "KS_SCRATCH": str(self.scratch),
            "KS_ATTEMPTS": "5",
            "KS_PAUSE_SECONDS": "0.2",
            "KS_LOCK_PAUSE_SECONDS": "0.1",
            "KS_TRY_PAUSE_SECONDS": "0.1",
            "KS_SUBSET": "100%",
            **{f"KS_KEEP_{name}": "3" for name in ("DAILY", "WEEKLY", "MONTHLY")},
            "RESTIC_REPOSITORY": str(root / "repository"),
            "RESTIC_PASSWORD_FILE": str(root / "password"),
            "RESTIC_CACHE_DIR": str(root / "cache"),
        }
        self._fill()
        self.owned()

    def _fill(self) -> None:
        files = {
            "indexes/vectorstore/segment/data_level0.bin": os.urandom(200_000),
            "indexes/docstore/index_1.lance/data/1.lance": b"texts of documents " * 500,
            "indexes/files/index_1/paper.pdf": b"%PDF a paper",
            "indexes/.embeddings/index_1.json": b'{"id": "BAAI/bge-m3", "hash": "abc", "dimension": 3}',
            "uploads/tmp/paper.pdf": b"%PDF a paper",
            "models/versions/1/model.safetensors": os.urandom(300_000),
        }
        for name, content in files.items():
            path = self.data / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (self.data / "sessions").mkdir()
        with closing(sqlite3.connect(self.data / "sessions/sql.db")) as database, database:
            database.execute("CREATE TABLE conversation (id TEXT PRIMARY KEY, data TEXT)")
            database.execute("CREATE TABLE index__1__index (source_id TEXT, target_id TEXT, relation_type TEXT)")
            database.execute("INSERT INTO index__1__index VALUES ('s', 'v1', 'vector')")
        with closing(sqlite3.connect(self.data / "indexes/vectorstore/chroma.sqlite3")) as vectors, vectors:
            vectors.execute("CREATE TABLE embeddings (id INTEGER PRIMARY KEY, embedding_id TEXT)")
            vectors.execute("INSERT INTO embeddings (embedding_id) VALUES ('v1')")

    def owned(self) -> None:
        """Give everything to the pods' user, as the preparation does."""
        if os.geteuid() == 0:
            for path, _, files in os.walk(self.root):
                for name in ("", *files):
                    os.chown(os.path.join(path, name), UID, UID, follow_symlinks=False)

    def start(self, script: str, *arguments: str, **env: str) -> "subprocess.Popen[str]":
        return self.program([pod_user.python(), "-B", str(self.scripts / script), *arguments], **env)

    def program(self, command: list[str], **env: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            command,
            env=self.env | env,
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **pod_user.as_pod(),
        )

    def run(self, script: str, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return finished(self.start(script, *arguments, **env))

    def backup(self, **env: str) -> str:
        done = self.run("ks_protect_backup.py", **env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def drill(self, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return self.run("ks_protect_drill.py", *arguments, **env)

    def killed_at_each_call(self, most: int) -> int:
        """Run a backup, and kill it at its first call of restic, the next one at its second, until one ends well.

        A wrapper counts the calls, and at one of them kills restic and who called it, as the node's loss would. Gives
        how often it killed.
        """
        wrapper, calls = self.root / "wrapper", self.root / "calls"
        real = self.env["KS_RESTIC"]
        wrapper.write_text(
            f'#!/bin/sh\necho x >> {calls}\nif [ "$(wc -l < {calls})" != "$KILL_AT" ]; then exec {real} "$@"; fi\n'
            f'{real} "$@" & sleep 0.7\nkill -9 $! $PPID\n'
        )
        wrapper.chmod(0o755)
        for step in range(1, most):
            calls.write_text("")
            self.owned()
            done = self.run("ks_protect_backup.py", KS_RESTIC=str(wrapper), KILL_AT=str(step))
            if done.returncode == 0:
                return step - 1
            assert done.returncode == -9, done.stderr
        raise AssertionError(f"{most} backups were killed, and none ended")

    def restic(self, *arguments: str) -> str:
        done = finished(self.program([str(self.program_of_restic), "--quiet", *arguments]))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def snapshots(self) -> list[dict[str, Any]]:
        return json.loads(self.restic("snapshots", "--json")) or []

    @contextmanager
    def indexing(self) -> Iterator[None]:
        """Somebody writes into a file of the indexes without a pause, from before the block until its end."""
        ends, begun = threading.Event(), threading.Event()

        def index() -> None:
            while not ends.is_set():
                (self.data / "indexes/docstore/other").write_bytes(os.urandom(10))
                begun.set()
                time.sleep(0.01)

        writer = threading.Thread(target=index)
        writer.start()
        try:
            assert begun.wait(20), "nobody indexes"
            yield
        finally:
            ends.set()
            writer.join()

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """Somebody writes conversations without a pause; gives the file of acknowledged turns."""
        said = self.root / "acknowledged"
        with said.open("w") as out:
            database = str(self.data / "sessions/sql.db")
            writer = subprocess.Popen([pod_user.python(), "-c", WRITER, database], stdout=out, **pod_user.as_pod())
            try:
                until = time.monotonic() + 20
                while said.stat().st_size < 100 and time.monotonic() < until:
                    time.sleep(0.02)
                yield said
            finally:
                writer.kill()
                writer.wait()


def rot(file: Path) -> None:
    """Change one byte in the middle of a file, which stays the same file: its attributes may be an object's."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    with file.open("r+b") as opened:
        opened.write(bytes(content))


def finished(running: "subprocess.Popen[str]") -> "subprocess.CompletedProcess[str]":
    out, err = running.communicate(timeout=300)
    return subprocess.CompletedProcess([], running.returncode, out, err)


@contextmanager
def place() -> Iterator[Place]:
    with pod_user.folder("protection") as root:
        yield Place(root)
