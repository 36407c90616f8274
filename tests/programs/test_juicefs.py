"""JuiceFS's data path: two mounts, a node that is lost, and the metadata dumped and loaded into an empty database."""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.object.juicefs import option_refused
from guard.object_mounts import JUICEFS
from tests.programs.juicefs import BUCKET, Juicefs, file_system, possible
from tests.programs.s3_server import OWNER, secret
from tests.unit.components.kotaemon.runtime.stand_in import eventually
from tests.unit.components.state.test_postgres_backup import Server, running  # noqa: F401 a fixture

pytestmark = pytest.mark.long

LOCKED = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)"


@pytest.fixture(scope="module")
def program() -> None:
    """JuiceFS's program is there; asked before a server is started."""
    possible()


@pytest.fixture
def files(program: None, running: Server) -> Iterator[Juicefs]:  # noqa: F811
    with file_system(running) as made:
        yield made


def manifest(folder: Path) -> dict[str, str]:
    """Files of the role `eval`. In the root is also `.accesslog`, a file of JuiceFS's own that never ends."""
    found = (path for path in sorted((folder / "eval").rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def write(path: Path, data: bytes) -> None:
    """Written and acknowledged."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def test_what_one_mount_writes_the_other_reads_and_the_guard_says_what_it_can(files: Juicefs) -> None:
    one, two = files.root / "one", files.root / "two"
    files.mount("meta", one)
    files.mount("meta", two)
    # More than one chunk of 64 MiB, and many small files.
    write(one / "eval/large.bin", os.urandom(1024) * (70 * 1024))
    for number in range(50):
        write(one / f"eval/run-{number}/report.json", f'{{"run": {number}}}'.encode())
    assert manifest(two) == manifest(one)
    assert len(manifest(two)) == 51
    stored = sum(p.stat().st_size for p in (files.objects.buckets / BUCKET).rglob("*") if p.is_file())
    assert stored > 70 * 1024 * 1024, "chunks are in the bucket, and no file has its own name there"

    assert (JUICEFS.renames, JUICEFS.appends, JUICEFS.changes_in_place, JUICEFS.locks) == (True,) * 4
    (two / "eval/run-0").rename(two / "eval/renamed")
    assert (one / "eval/renamed/report.json").exists()
    with (one / "eval/renamed/report.json").open("ab") as file:
        file.write(b"\nappended")
        os.fsync(file.fileno())
    assert (two / "eval/renamed/report.json").read_bytes().endswith(b"appended")
    with (two / "eval/large.bin").open("r+b") as file:
        file.seek(1024 * 1024)
        file.write(b"changed in place")
        os.fsync(file.fileno())
    with (one / "eval/large.bin").open("rb") as file:
        file.seek(1024 * 1024)
        assert file.read(16) == b"changed in place"
    with (one / "eval/large.bin").open("r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        command = [sys.executable, "-c", LOCKED, str(two / "eval/large.bin")]
        assert subprocess.run(command, capture_output=True, check=False).returncode != 0, "both mounts hold one lock"
        fcntl.lockf(file, fcntl.LOCK_UN)
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_what_was_acknowledged_is_there_after_the_loss_of_the_node(files: Juicefs) -> None:
    one, two = files.root / "one", files.root / "two"
    files.mount("meta", one)
    written = {f"eval/{number}.bin": os.urandom(300_000) for number in range(20)}
    for name, data in written.items():
        write(one / name, data)
    files.kill(one)
    files.mount("meta", two)
    assert manifest(two) == {name: hashlib.sha256(data).hexdigest() for name, data in sorted(written.items())}


def lose_and_load(files: Juicefs, dump: Path) -> Path:
    """The database is lost, the dump loaded into an empty one, and the file system mounted from that."""
    admin = {"PGUSER": "postgres", "PGPASSWORD": "admin", "PGDATABASE": "postgres"}
    files.database.sql("DROP DATABASE meta WITH (FORCE)", **admin)
    files.database.sql("CREATE DATABASE restored OWNER kotaemon", **admin)
    lost = files.run("status", files.url("meta"), check=False)
    assert lost.returncode != 0, "without its database there is no file system"
    files.run("load", files.url("restored"), str(dump))
    # No dump has the key of the bucket, so it is given anew (JuiceFS: "Metadata Backup & Recovery").
    files.run("config", files.url("restored"), "--secret-key", secret(OWNER), "--yes")
    at = files.root / "restored"
    files.mount("restored", at)
    return at


def test_the_metadata_is_dumped_lost_and_loaded(files: Juicefs) -> None:
    one = files.root / "one"
    files.mount("meta", one)
    for number in range(20):
        write(one / f"eval/{number}/report.json", os.urandom(50_000))
    before = manifest(one)
    files.unmount(one)
    dump = files.root / "meta.json"
    files.run("dump", files.url("meta"), str(dump))
    assert secret(OWNER) not in dump.read_text()
    assert manifest(lose_and_load(files, dump)) == before


def test_the_mount_dumps_the_metadata_into_the_bucket_and_that_dump_is_enough(files: Juicefs) -> None:
    one = files.root / "one"
    files.mount("meta", one)
    write(one / "eval/report.json", os.urandom(50_000))
    before = manifest(one)
    files.unmount(one)
    # The hour of the default would be waited for; the program takes less than five minutes with this variable only.
    again = files.root / "again"
    files.mount("meta", again, ["backup-meta=2s"], SKIP_BACKUP_META_CHECK="true")
    bucket = files.objects.buckets / BUCKET
    eventually(lambda: bool(dumps(bucket)), "a dump in the bucket", lambda: files.said(again), 300)
    files.unmount(again)
    newest = files.root / "newest.json.gz"
    newest.write_bytes(dumps(bucket)[-1].read_bytes())
    assert manifest(lose_and_load(files, newest)) == before


def dumps(bucket: Path) -> list[Path]:
    return sorted(bucket.rglob("meta/dump-*.json.gz"))


def test_an_interval_that_we_refuse_is_one_that_the_program_refuses(files: Juicefs) -> None:
    """Under five minutes the mount ends: our refusal says so before any pod waits for it."""
    assert "5 minutes" in option_refused("backup-meta=4m59s")
    assert option_refused("backup-meta=5m") == ""
    one = files.root / "one"
    with pytest.raises(AssertionError, match="should not be less than 5 minutes"):
        files.mount("meta", one, ["backup-meta=4m59s"])
