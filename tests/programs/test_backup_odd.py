"""Backup, drill and restore on odd folders and repositories: names, links, what cannot be read, clocks, a full disk."""

import http.client
import itertools
import json
import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.programs.protection import Place, place
from tests.unit.components.kotaemon.runtime.stand_in import eventually, free_port
from tests.unit.pod_user import UID

AGAIN, REFUSED = 75, 78


@pytest.fixture
def house() -> Iterator[Place]:
    with place() as found:
        yield found


NAMES = (b"line\nbreak", b"not-utf8-\xff\xfe.pdf", b"'q\" $(id) *?[a]", b"-rf", b"n" * 250, " ü ".encode(), b"\\u0041")


def odd(house: Place) -> dict[bytes, bytes]:
    """Files of every kind of name, a link, a hard link, a hole and an empty folder; what is in the files."""
    folder = os.fsencode(house.data / "uploads/odd\nfolder")
    os.makedirs(folder + b"/empty")
    found: dict[bytes, bytes] = {}
    for name in NAMES:
        found[folder + b"/" + name] = name * 3
        with open(folder + b"/" + name, "wb") as file:
            file.write(name * 3)
    os.symlink(b"../tmp/paper.pdf", folder + b"/link")
    os.symlink(b"/nowhere", folder + b"/dangling")
    os.link(house.data / "uploads/tmp/paper.pdf", folder + b"/hard")
    with open(folder + b"/sparse", "wb") as file:
        file.seek(32 << 20)
        file.write(b"end")
    house.owned()
    return found


def lost(house: Place) -> None:
    """The volume is lost, and an empty one is there with the folders that a start makes."""
    for path in (*house.data.iterdir(), *house.stage.iterdir()):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for role in ("sessions", "indexes", "uploads", "models"):
        (house.data / role).mkdir()
    house.owned()


def test_every_name_link_and_hole_is_in_a_backup_and_comes_back(house: Place) -> None:
    wanted = odd(house)
    assert house.backup()
    done = house.drill()
    assert done.returncode == 0, done.stderr
    lost(house)
    done = house.run("ks_protect_restore.py")
    assert done.returncode == 0, done.stdout + done.stderr
    for path, content in wanted.items():
        with open(path, "rb") as file:
            assert file.read() == content, path
    folder = house.data / "uploads/odd\nfolder"
    assert os.readlink(folder / "link") == "../tmp/paper.pdf"
    assert os.readlink(folder / "dangling") == "/nowhere"
    assert (folder / "empty").is_dir()
    assert (folder / "sparse").stat().st_size == (32 << 20) + 3


def test_a_link_that_is_lost_or_leads_elsewhere_turns_the_drill_red(house: Place) -> None:
    """The Hugging Face cache is links: a model without them is not found."""
    link = house.data / "models/snapshots/main/model.safetensors"
    link.parent.mkdir(parents=True)
    link.symlink_to("../../versions/1/model.safetensors")
    house.owned()
    house.backup()
    assert house.drill().returncode == 0
    live = str(house.data / "sessions/sql.db")
    for change, said in ((lambda: link.unlink(), "is missing"), (lambda: link.symlink_to("/other"), "leads to")):
        change()
        house.owned()
        house.restic(
            "backup", "--host", "kotaemon", "--tag", "whole", "--exclude", live, str(house.data), str(house.stage)
        )
        done = house.drill()
        assert done.returncode == 1, done.stdout
        assert f"models/snapshots/main/model.safetensors {said}" in done.stderr


@pytest.mark.parametrize("name", ["uploads/closed", "uploads/closed.pdf"])
def test_what_cannot_be_read_is_named_and_there_is_no_whole_backup(house: Place, name: str) -> None:
    path = house.data / name
    if path.suffix:
        path.write_bytes(b"mine")
    else:
        path.mkdir()
        (path / "inner").write_bytes(b"mine")
    house.owned()
    path.chmod(0)
    done = house.run("ks_protect_backup.py")
    assert done.returncode == AGAIN
    assert "Traceback" not in done.stderr
    assert name in done.stderr
    assert "Permission denied" in done.stderr or "permission denied" in done.stderr
    if (house.root / "repository").exists():
        assert not [one for one in house.snapshots() if one.get("tags")]
    path.chmod(0o700)
    house.backup()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to another user, which only root may")
@pytest.mark.parametrize("name", ["lost+found", ".snapshot"])
@pytest.mark.long
def test_a_file_systems_own_folder_at_the_root_of_a_role_is_not_in_the_way(house: Place, name: str) -> None:
    own = house.data / "uploads" / name
    own.mkdir()
    (own / "copy").write_bytes(b"of the filer")
    os.chown(own, 0, 0)
    own.chmod(0o700)
    house.backup()
    (whole,) = house.snapshots()
    assert f"uploads/{name}" not in house.restic("ls", whole["id"])
    assert house.drill().returncode == 0


@contextmanager
def always(what: object) -> Iterator[None]:
    ends, begun = threading.Event(), threading.Event()

    def work() -> None:
        number = 0
        while not ends.is_set():
            number += 1
            what(number)  # type: ignore[operator]
            begun.set()
            time.sleep(0.01)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert begun.wait(20)
        yield
    finally:
        ends.set()
        thread.join()


def test_uploads_that_grow_while_they_are_copied_make_no_drill_red_and_no_restore_fail(house: Place) -> None:
    def grow(number: int) -> None:
        with (house.data / "uploads/growing.bin").open("ab") as file:
            file.write(b"x" * 1000)
        file = house.data / f"uploads/tmp/part-{number % 7}"
        file.write_bytes(os.urandom(200))
        os.chmod(file, 0o644)

    with always(grow):
        house.backup()
    done = house.drill()
    assert done.returncode == 0, done.stderr
    assert "written meanwhile" in done.stdout
    lost(house)
    done = house.run("ks_protect_restore.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (house.data / "uploads/growing.bin").stat().st_size > 0
    assert (house.data / "uploads/tmp/paper.pdf").read_bytes() == b"%PDF a paper"


@pytest.mark.long
def test_uploads_that_come_and_go_do_not_end_a_backup(house: Place) -> None:
    def churn(number: int) -> None:
        folder = house.data / f"uploads/tmp/gone-{number}"
        folder.mkdir()
        for n in range(5):
            (folder / str(n)).write_bytes(b"x" * 1000)
        before = house.data / f"uploads/tmp/gone-{number - 3}"
        if before.exists():
            shutil.rmtree(before)

    with always(churn):
        house.backup(KS_ATTEMPTS="30", KS_PAUSE_SECONDS="0.05")
    assert house.drill().returncode == 0


def test_a_source_database_that_is_damaged_is_said_and_the_drill_publishes_it(house: Place) -> None:
    house.backup()
    database = house.data / "sessions/sql.db"
    with closing(sqlite3.connect(database)) as opened, opened:
        for number in range(2000):
            opened.execute("INSERT INTO conversation VALUES (?, ?)", (f"c-{number}", "x" * 300))
    content = bytearray(database.read_bytes())
    content[4096 * 5 : 4096 * 40] = os.urandom(4096 * 35)
    database.write_bytes(bytes(content))
    house.owned()
    done = house.run("ks_protect_backup.py")
    assert "Traceback" not in done.stderr, done.stderr
    if done.returncode == 0:
        drill = house.drill()
        assert drill.returncode == 1
        assert "Traceback" not in drill.stderr, drill.stderr
        assert "the drill is bad" in drill.stderr
        assert "database" in drill.stderr
    else:
        assert "database" in done.stderr


@pytest.mark.long
def test_a_file_that_is_no_database_is_said(house: Place) -> None:
    (house.data / "sessions/sql.db").write_bytes(b"this is no database" * 500)
    house.owned()
    done = house.run("ks_protect_backup.py")
    assert done.returncode == AGAIN
    assert "Traceback" not in done.stderr, done.stderr
    assert "sql.db" in done.stderr
    assert "not a database" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no manifest that can be read"),
        ("{}", "no manifest that can be read"),
        ("[1]", "no manifest that can be read"),
        ('{"files": 1, "staged": {}, "at": "x", "counts": {}}', "no manifest that can be read"),
    ],
)
def test_a_manifest_that_says_nothing_turns_the_drill_red_in_words(house: Place, text: str, said: str) -> None:
    house.backup()
    (house.stage / "manifest.json").write_text(text)
    house.owned()
    house.restic("backup", "--host", "kotaemon", "--tag", "whole", str(house.data), str(house.stage))
    for script in ("ks_protect_drill.py", "ks_protect_restore.py"):
        if script.endswith("restore.py"):
            lost(house)
        done = house.run(script)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr, done.stderr
        assert said in done.stderr


def test_a_snapshot_of_a_clock_that_was_ahead_neither_hides_newer_ones_nor_removes_them(house: Place) -> None:
    house.backup()
    (first,) = house.snapshots()
    house.restic("backup", "--host", "kotaemon", "--tag", "whole", "--time", "2099-01-01 00:00:00", str(house.data))
    (house.data / "uploads/new.pdf").write_bytes(b"new")
    house.owned()
    said = house.backup(KS_KEEP_DAILY="1", KS_KEEP_WEEKLY="0", KS_KEEP_MONTHLY="0")
    assert "2099-01-01" in said
    kept = [one for one in house.snapshots() if one["time"] > first["time"] and one["time"] < "2099"]
    assert kept, "the backup of today is removed by the one of 2099"
    done = house.drill()
    assert done.returncode == 0, done.stderr
    assert kept[0]["short_id"] in done.stdout


@pytest.mark.long
def test_a_clock_that_is_behind_still_finds_its_backups(house: Place) -> None:
    house.backup()
    house.restic("forget", "--tag", "none", "--keep-last", "1")
    (one,) = house.snapshots()
    faked = house.scripts / "sitecustomize.py"
    faked.write_text(
        "import time, datetime\nreal = time.time\ntime.time = lambda: real() - 3 * 365 * 86400\n"
        "class D(datetime.datetime):\n"
        "    @classmethod\n    def now(cls, tz=None):\n        return datetime.datetime.fromtimestamp(time.time(), tz)\n"
    )
    house.owned()
    done = house.drill(PYTHONPATH=str(house.scripts))
    assert done.returncode == 0, done.stderr
    assert one["short_id"] in done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system, which only root may")
def test_a_full_disk_under_the_copy_of_the_database_is_said(house: Place) -> None:
    with small(house.stage, "256k"):
        with closing(sqlite3.connect(house.data / "sessions/sql.db")) as opened, opened:
            for number in range(300):
                opened.execute("INSERT INTO conversation VALUES (?, ?)", (f"c-{number}", "x" * 3000))
        house.owned()
        done = house.run("ks_protect_backup.py")
        assert done.returncode == AGAIN
        assert "Traceback" not in done.stderr, done.stderr
        assert "full" in done.stderr or "No space left" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system, which only root may")
@pytest.mark.long
def test_a_full_scratch_disk_turns_the_drill_red_in_words(house: Place) -> None:
    house.backup()
    with small(house.scratch, "256k"):
        done = house.drill()
    assert done.returncode == 1
    assert "Traceback" not in done.stderr, done.stderr
    assert "space left" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system, which only root may")
def test_a_restore_without_room_moves_nothing_aside(house: Place) -> None:
    house.backup()
    lost(house)
    with small(house.data / "models", "128k"):
        (house.data / "models/kept").write_bytes(b"kept")
        (house.data / "uploads/kept").write_bytes(b"kept")
        house.owned()
        done = house.run("ks_protect_restore.py", KS_REPLACE="1")
        assert done.returncode == REFUSED, done.stdout + done.stderr
        assert "models" in done.stderr
        assert "free" in done.stderr
        assert (house.data / "models/kept").read_bytes() == b"kept"
        assert (house.data / "uploads/kept").read_bytes() == b"kept"


@pytest.mark.parametrize(
    ("said", "code", "made"),
    [
        ("unable to open config file: Stat: 503 Service Unavailable", 1, False),
        ("unable to open config file: Stat: Access Denied.", 1, False),
        ("unable to open config file: Get https://s3/: dial tcp: i/o timeout", 1, False),
        ("unable to open config file: Stat: The specified key does not exist.", 1, True),
        ("unable to open config file: <config/> does not exist", 1, True),
        ("repository does not exist: unable to open config file", 10, True),
    ],
)
def test_only_where_there_is_none_a_repository_is_made(house: Place, said: str, code: int, made: bool) -> None:
    """restic's words of other servers and releases are played by a wrapper."""
    wrapper, calls = house.root / "wrapper", house.root / "calls"
    location = "Is there a repository at the following location?"
    wrapper.write_text(
        f'#!/bin/sh\necho "$2" >> {calls}\n[ "$2" = init ] && exit 0\n'
        f'echo "Fatal: {said}" >&2; echo "{location}" >&2; exit {code}\n'
    )
    wrapper.chmod(0o755)
    house.owned()
    done = house.run("ks_protect_backup.py", KS_RESTIC=str(wrapper))
    assert done.returncode == AGAIN
    assert ("init" in calls.read_text().split()) == made, done.stderr
    assert made or said in done.stderr


@pytest.mark.parametrize("every", [5])
@pytest.mark.long
def test_a_server_that_is_slow_and_answers_with_503_now_and_then(house: Place, every: int) -> None:
    with unwilling(house, 0) as (url, _):
        house.env["RESTIC_REPOSITORY"] = f"rest:{url}"
        house.backup()
    (house.data / "uploads/new.bin").write_bytes(os.urandom(3_000_000))
    house.owned()
    with unwilling(house, every) as (url, refused):
        house.env["RESTIC_REPOSITORY"] = f"rest:{url}"
        until_it_is_done(house, "ks_protect_backup.py", AGAIN)
        until_it_is_done(house, "ks_protect_drill.py", 1)
    assert len(refused) > 3, "nothing was refused"


def until_it_is_done(house: Place, script: str, code: int) -> None:
    """As a Job does it: restic does not ask a second time for the config of the repository."""
    for _ in range(8):
        done = house.run(script)
        if done.returncode == 0:
            return
        assert (done.returncode, "503" in done.stderr) == (code, True), done.stderr
    raise AssertionError(f"{script} never ended well: {done.stderr}")


def test_a_server_that_only_answers_with_503_gets_no_new_repository(house: Place) -> None:
    with unwilling(house, 0) as (url, refused):
        house.env["RESTIC_REPOSITORY"] = f"rest:{url}"
        house.backup()
    before = sorted((house.root / "served").rglob("*"))
    with unwilling(house, 1) as (url, refused):
        house.env["RESTIC_REPOSITORY"] = f"rest:{url}"
        running = house.start("ks_protect_backup.py")
        time.sleep(6)  # restic itself tries for 15 minutes
        assert running.poll() is None or running.returncode == AGAIN
        running.kill()
        running.wait()
    assert refused
    assert not [what for what in refused if what.startswith("POST") and "/config" in what], refused
    assert sorted((house.root / "served").rglob("*")) == before


@contextmanager
def unwilling(house: Place, every: int) -> Iterator[tuple[str, list[str]]]:
    """restic's own kind of server (`rclone serve restic`) behind one that refuses every n-th request, and is slow.

    Gives its URL and what it refused. 0: it refuses nothing.
    """
    served = house.root / "served"
    served.mkdir(exist_ok=True)
    inner, refused, count = free_port(), [], itertools.count(1)
    server = subprocess.Popen(
        ["rclone", "serve", "restic", "--addr", f"127.0.0.1:{inner}", "--config", "", str(served)],
        stderr=subprocess.DEVNULL,
    )

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Transfer-Encoding") == "chunked":
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            if every and next(count) % every == 0:
                refused.append(f"{self.command} {self.path}")
                self.reply(503, b"slow down", {})
                return
            time.sleep(0.05)
            asked = http.client.HTTPConnection("127.0.0.1", inner, timeout=60)
            kept = {name: value for name, value in self.headers.items() if name in ("Accept", "Range")}
            asked.request(self.command, self.path, body or None, kept)
            got = asked.getresponse()
            self.reply(got.status, got.read(), dict(got.getheaders()))
            asked.close()

        def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name in ("Content-Type", "Content-Range", "Accept-Ranges"):
                if name in headers:
                    self.send_header(name, headers[name])
            length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(body))
            self.send_header("Content-Length", length)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """restic has closed a connection: nobody has to read of it."""

    proxy = Quiet(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        eventually(lambda: open_port(inner), "a server of restic", lambda: "")
        yield f"http://127.0.0.1:{proxy.server_port}/", refused
    finally:
        proxy.shutdown()
        proxy.server_close()
        server.kill()
        server.wait()


def open_port(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def small(folder: Path, size: str) -> Iterator[None]:
    """A file system with this much room on a folder."""
    assert os.system(f"mount -t tmpfs -o size={size},uid={UID},gid={UID} none {folder}") == 0
    try:
        yield
    finally:
        assert os.system(f"umount {folder}") == 0


@pytest.mark.long
def test_modes_come_back(house: Place) -> None:
    path = house.data / "uploads/tmp/paper.pdf"
    path.chmod(0o640)
    house.backup()
    lost(house)
    assert house.run("ks_protect_restore.py").returncode == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.long
def test_the_manifest_can_be_read_by_others(house: Place) -> None:
    odd(house)
    house.backup()
    made = json.loads(house.restic("dump", "latest", str(house.stage / "manifest.json")))
    assert "uploads/odd\nfolder/not-utf8-\udcff\udcfe.pdf" in made["files"]
