"""Two processes write to real directories, and what happens is what the table says.

Each writer is a process that does one step at a time (writer.py); the test decides how the steps interleave, so a race
happens every time. What could not be run is listed in docs/guard.md.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guard.table import TABLE, Verdict
from guard.words import DISKS, Backing, Store, Writers

NO_LOCKS = (Backing.NFS_NOLOCK, Backing.NAS3_NOLOCK, Backing.LUSTRE_NOFLOCK)
NFS = (Backing.NFS_NOLOCK, Backing.NFS3, Backing.NFS4, Backing.EFS, Backing.OPENZFS, Backing.NAS3_NOLOCK, Backing.NAS4)
ROUNDS = range(5)
Start = Callable[..., "Writer"]


class Writer:
    """One writer process."""

    def __init__(self, kind: str, folder: Path, who: str, option: str = "") -> None:
        self.who = who
        program = [sys.executable, Path(__file__).with_name("writer.py"), kind, folder, who, option]
        self.process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        assert self.answer() == "ok"

    def do(self, step: str) -> str:
        self.send(step)
        return self.answer()

    def send(self, step: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{step}\n")

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.communicate(timeout=20)


@pytest.fixture
def start() -> Iterator[Start]:
    """`start(kind, folder, who, option)` starts a writer; all end with the test."""
    writers: list[Writer] = []

    def begin(*arguments: object) -> Writer:
        writers.append(Writer(*arguments))  # type: ignore[arg-type]
        return writers[-1]

    yield begin
    for writer in writers:
        if writer.process.poll() is None:
            writer.process.kill()
            writer.process.communicate()


def verdicts(store: Store, writers: Writers, backings: tuple[Backing, ...] = tuple(Backing)) -> set[Verdict]:
    return {TABLE[store, backing, writers].verdict for backing in backings}


def overlap(a: Writer, b: Writer, number: int) -> list[Writer]:
    """Both are in a transaction before either commits, as the pod of a lost node and its successor are."""
    assert [a.do("begin"), b.do("begin")] == ["ok", "ok"]
    wrote = [writer for writer in (a, b) if writer.do(f"insert {number}") == "ok"]
    for writer in {a, b} - set(wrote):
        assert writer.do("rollback") == "ok"
    return [writer for writer in wrote if writer.do("commit") == "ok"]


def again(writer: Writer, number: int) -> None:
    """The user tries again."""
    assert [writer.do(step) for step in ("rollback", "begin", f"insert {number}", "commit")] == ["ok"] * 4


def save_turns(a: Writer, b: Writer) -> set[tuple[str, int]]:
    """Every turn of both writers is acknowledged, at once or on the second try."""
    for number in ROUNDS:
        acknowledged = overlap(a, b, number)
        for writer in {a, b} - set(acknowledged):
            again(writer, number)
    a.end()
    b.end()
    return {(writer.who, number) for writer in (a, b) for number in ROUNDS}


def turns_in(folder: Path) -> set[tuple[str, int]]:
    database = sqlite3.connect(folder / "sql.db")
    try:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return set(database.execute("SELECT who, number FROM turns"))
    finally:
        database.close()


def test_sqlite_with_shared_locks_loses_nothing(tmp_path: Path, start: Start) -> None:
    saved = save_turns(start("sqlite", tmp_path, "a"), start("sqlite", tmp_path, "b"))
    assert turns_in(tmp_path) == saved
    assert verdicts(Store.SQLITE, Writers.ONE, DISKS) == {Verdict.OK}


def test_sqlite_with_node_local_locks_loses_what_it_has_acknowledged(tmp_path: Path, start: Start) -> None:
    """nolock=1: neither writer sees the other's lock. test_two_mounts shows that a mount does the same."""
    saved = save_turns(start("sqlite", tmp_path, "a", "?nolock=1"), start("sqlite", tmp_path, "b", "?nolock=1"))
    lost = saved - turns_in(tmp_path)
    assert lost == {("a", number) for number in ROUNDS}
    assert verdicts(Store.SQLITE, Writers.ONE, NO_LOCKS) == {Verdict.REFUSE}
    assert verdicts(Store.CHROMA, Writers.ONE, NO_LOCKS) == {Verdict.REFUSE}, "it keeps a SQLite file"


def test_sqlite_hammered_by_two_processes_at_full_speed(tmp_path: Path, start: Start) -> None:
    """No order given: whatever it was, no acknowledged turn is missing."""
    writers = [start("sqlite", tmp_path, "a"), start("sqlite", tmp_path, "b")]
    for writer in writers:
        writer.send("hammer 100")
    saved = {(writer.who, number) for writer in writers for number in json.loads(writer.answer())}
    for writer in writers:
        writer.end()
    assert len(saved) == 200
    assert turns_in(tmp_path) == saved


@pytest.fixture
def two_mounts(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[list[Path]]:
    """Two FUSE mounts of one directory: each is a node with locks of its own, unless they are forwarded."""
    if shutil.which("bindfs") is None or not os.access("/dev/fuse", os.W_OK):
        pytest.skip("bindfs is not installed or FUSE is not usable: two real mounts were not tried")
    real, nodes = tmp_path / "real", [tmp_path / "node-a", tmp_path / "node-b"]
    forwarding = ["--multithreaded", "--enable-lock-forwarding"] if request.param == "shared" else []
    mounted: list[Path] = []
    try:
        for folder in (real, *nodes):
            folder.mkdir()
        for node in nodes:
            options = "attr_timeout=0,entry_timeout=0,negative_timeout=0,direct_io"
            tried = subprocess.run(["bindfs", *forwarding, "-o", options, real, node], capture_output=True, text=True)
            if tried.returncode:
                pytest.skip(f"bindfs may not mount here: {tried.stderr.strip()}")
            mounted.append(node)
        yield nodes
    finally:
        for node in mounted:
            subprocess.run([shutil.which("fusermount3") or "fusermount", "-u", "-z", node], check=True)


@pytest.mark.parametrize("two_mounts", ["node-local", "shared"], indirect=True)
def test_two_mounts(two_mounts: list[Path], start: Start, request: pytest.FixtureRequest) -> None:
    """The locks of the kernel itself, with and without a lock manager behind two mounts."""
    writers = [start("sqlite", node, who) for node, who in zip(two_mounts, "ab", strict=True)]
    lost = save_turns(*writers) - turns_in(two_mounts[0].with_name("real"))
    assert lost == ({("a", number) for number in ROUNDS} if "node-local" in request.node.name else set())


def test_chroma_like_store_answers_wrongly_to_two_processes(tmp_path: Path, start: Start) -> None:
    """Facts of the real Chroma (docs/guard.md): count() sees the other's row, query() does not until a restart."""
    a, b = start("chroma", tmp_path, "a"), start("chroma", tmp_path, "b")
    assert a.do("add from-a") == "ok"
    assert (b.do("count"), b.do("query from-a")) == ("1", "not found"), "silently wrong"
    assert b.do("add from-b") == "ok"
    assert [a.do("save"), b.do("save")] == ["ok", "ok"]
    restarted = start("chroma", tmp_path, "c")
    assert restarted.do("count") == "2"
    assert restarted.do("query from-b") == "found"
    assert restarted.do("query from-a") == "not found", "the last to save the file wins"
    assert verdicts(Store.CHROMA, Writers.MANY) == {Verdict.REFUSE}
    assert verdicts(Store.INDEX_FILE, Writers.MANY) == {Verdict.REFUSE}


def test_chroma_like_store_serves_one_process_after_the_other(tmp_path: Path, start: Start) -> None:
    for who in "ab":
        writer = start("chroma", tmp_path, who)
        assert [writer.do(f"add from-{who}"), writer.do("save")] == ["ok", "ok"]
        writer.end()
    reader = start("chroma", tmp_path, "c")
    assert [reader.do(f"query from-{who}") for who in "ab"] == ["found", "found"]
    assert verdicts(Store.CHROMA, Writers.ONE, DISKS) == {Verdict.OK}
    assert verdicts(Store.INDEX_FILE, Writers.ONE, DISKS) == {Verdict.OK}


def lines(file: Path) -> list[str]:
    return sorted(file.read_text().splitlines())


def test_one_kernel_appends_atomically(tmp_path: Path, start: Start) -> None:
    writers = [start("log", tmp_path, who, "append") for who in "ab"]
    for writer in writers:
        writer.send("hammer 2000")
    assert [writer.answer() for writer in writers] == ["ok", "ok"]
    assert lines(tmp_path / "app.log") == sorted(f"{who} {number}" for who in "ab" for number in range(2000))
    for disk in DISKS:
        assert TABLE[Store.LOG, disk, Writers.MANY].rule == "disk-many-pods", "for the mount, not for the append"


def test_clients_that_know_the_end_overwrite_each_other(tmp_path: Path, start: Start) -> None:
    """An NFS WRITE names an offset: each client appends where the end was when it looked."""
    writers = [start("log", tmp_path, who, "offset") for who in "ab"]
    for number in ROUNDS:
        assert [writer.do(f"line {number}") for writer in writers] == ["ok", "ok"]
    assert lines(tmp_path / "app.log") == [f"b {number}" for number in ROUNDS], "every line of a is gone"
    assert verdicts(Store.LOG, Writers.MANY, NFS) == {Verdict.REFUSE}


@pytest.mark.parametrize("kind", ["append", "offset"])
def test_one_log_file_per_pod_loses_nothing(tmp_path: Path, start: Start, kind: str) -> None:
    for who in "ab":
        (tmp_path / who).mkdir()
    writers = [start("log", tmp_path / who, who, kind) for who in "ab"]
    for number in ROUNDS:
        assert [writer.do(f"line {number}") for writer in writers] == ["ok", "ok"]
    for who in "ab":
        assert lines(tmp_path / who / "app.log") == [f"{who} {number}" for number in ROUNDS]
    assert verdicts(Store.LOG, Writers.ONE, (*DISKS, *NFS)) == {Verdict.OK}


def manifests(folder: Path) -> list[str]:
    return [file.read_text() for file in sorted(folder.glob("*.manifest"))]


def test_commits_by_hard_link_conflict_but_are_not_lost(tmp_path: Path, start: Start) -> None:
    a, b = start("lance", tmp_path, "a", "link"), start("lance", tmp_path, "b", "link")
    assert a.do("commit rows") == "ok"
    assert "File exists" in b.do("commit rows")
    assert b.do("latest") == "1"
    assert b.do("commit rows") == "ok"
    assert manifests(tmp_path) == ["a rows", "b rows"]
    assert verdicts(Store.LANCEDB, Writers.MANY, (*NFS, Backing.LUSTRE, Backing.JUICEFS)) == {Verdict.WARN}
    assert verdicts(Store.LANCEDB, Writers.ONE, NO_LOCKS) == {Verdict.OK}, "no lock was taken"


def test_commits_without_hard_links_are_lost(tmp_path: Path, start: Start) -> None:
    a, b = start("lance", tmp_path, "a", "replace"), start("lance", tmp_path, "b", "replace")
    assert [a.do("commit rows"), b.do("commit rows")] == ["ok", "ok"]
    assert manifests(tmp_path) == ["b rows"]
    assert verdicts(Store.LANCEDB, Writers.MANY, (Backing.OBJECT,)) == {Verdict.REFUSE}
