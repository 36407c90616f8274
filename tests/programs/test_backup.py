"""The backup and the restore drill as files, with the real restic: under writes, killed at every step, and damaged."""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.programs.protection import Place, finished, place, rot
from tests.unit import pod_user

AGAIN, REFUSED = 75, 78


@pytest.fixture
def house() -> Iterator[Place]:
    with place() as found:
        yield found


def turns(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as opened:
        return {row[0] for row in opened.execute("SELECT id FROM conversation")}


def test_every_turn_acknowledged_before_is_in_a_backup_that_is_taken_while_others_follow(house: Place) -> None:
    with house.writing() as said:
        before = set(said.read_text().split())
        house.backup()
        after = set(said.read_text().split())
    assert len(before) > 3
    assert after > before, "nobody wrote while the backup ran"
    (whole,) = house.snapshots()
    assert whole["tags"] == ["whole"]
    house.restic("restore", whole["id"], "--target", str(house.root / "out"))
    stage = house.root / "out" / house.stage.relative_to("/")
    assert turns(stage / "sessions/sql.db") >= before
    manifest = json.loads((stage / "manifest.json").read_text())
    assert manifest["order"] == ["database", "vectors", "texts and files"]
    assert manifest["embeddings"]["index_1"]["id"] == "BAAI/bge-m3"
    assert "models/versions/1/model.safetensors" in manifest["files"]
    assert "sessions/sql.db" not in manifest["files"], "the living database is not to be copied as a file"
    done = house.drill()
    assert done.returncode == 0, done.stderr
    assert "the drill is good" in done.stdout
    assert "1 vectors" in done.stdout
    assert "BAAI/bge-m3" in done.stdout
    assert list(house.scratch.iterdir()) == [], "what was restored does not stay"


def test_a_run_while_somebody_indexes_begins_again_until_it_is_quiet(house: Place) -> None:
    with house.indexing():
        running = house.start("ks_protect_backup.py", KS_ATTEMPTS="30")
        assert running.stdout is not None
        said = next((line for line in running.stdout if "does not count: indexes/docstore" in line), "")
    rest = finished(running)  # nobody indexes any more
    assert said, f"it counted while somebody indexed: {rest.stdout}{rest.stderr}"
    assert rest.returncode == 0, rest.stderr
    assert "whole" in rest.stdout
    (whole,) = house.snapshots()
    assert whole["tags"] == ["whole"], "what did not count is removed, and only what did stays"


def test_without_a_quiet_moment_there_is_no_backup_and_it_is_said(house: Place) -> None:
    house.backup()
    with house.indexing():
        done = house.run("ks_protect_backup.py", KS_ATTEMPTS="2")
    assert done.returncode == AGAIN
    assert "no moment was found" in done.stderr
    assert [one["tags"] for one in house.snapshots() if one.get("tags")] == [["whole"]], "the one before is kept"


def test_killed_at_every_call_of_restic_the_next_run_is_whole(house: Place) -> None:
    killed = house.killed_at_each_call(20)
    assert killed >= 5, "snapshots, init, backup, tag and forget at least"
    assert all(one.get("tags") == ["whole"] for one in house.snapshots())
    assert house.drill().returncode == 0


CRASHED = """
import os, signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN")
database.executemany("INSERT INTO conversation VALUES (?, ?)", [(f"turn-{n}", "acknowledged" * 300) for n in range(300)])
database.execute("COMMIT")
database.execute("PRAGMA cache_size = 5")
database.execute("BEGIN")
database.execute("UPDATE conversation SET data = replace(data, 'acknowledged', 'half-written')")
os.kill(os.getpid(), signal.SIGKILL)
"""
"""A writer that is killed in a transaction whose pages are in the file already: its journal has to be rolled back."""


def test_after_the_loss_of_the_volume_every_acknowledged_turn_is_back_and_work_goes_on(house: Place) -> None:
    with house.writing() as said:
        before = set(said.read_text().split())
        house.backup()
    files = {path.relative_to(house.data): path.read_bytes() for path in house.data.rglob("*") if path.is_file()}
    for path in (*house.data.iterdir(), *house.stage.iterdir()):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for role in ("sessions", "indexes", "uploads", "models"):  # an empty volume, with the folders that a start makes
        (house.data / role).mkdir()
    house.owned()
    killed = house.start("ks_protect_restore.py")
    time.sleep(0.6)
    killed.kill()
    killed.wait()
    done = house.run("ks_protect_restore.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert turns(house.data / "sessions/sql.db") >= before
    for name, content in files.items():
        if name.parts[0] != "sessions":
            assert (house.data / name).read_bytes() == content, name
    assert not list(house.data.rglob(".kotaemon-restoring"))
    again = house.run("ks_protect_restore.py")
    assert again.returncode == REFUSED
    assert "holds files already" in again.stderr
    with house.writing() as said:
        later = set(said.read_text().split())
    assert later, "the restored database takes turns"


def test_a_restore_over_files_moves_them_aside(house: Place) -> None:
    house.backup()
    (house.data / "uploads/tmp/paper.pdf").write_bytes(b"another")
    house.owned()
    assert house.run("ks_protect_restore.py").returncode == REFUSED
    assert (house.data / "uploads/tmp/paper.pdf").read_bytes() == b"another"
    done = house.run("ks_protect_restore.py", KS_REPLACE="1")
    assert done.returncode == 0, done.stderr
    assert (house.data / "uploads/tmp/paper.pdf").read_bytes() == b"%PDF a paper"
    (aside,) = (house.data / "uploads").glob(".before-*")
    assert (aside / "tmp/paper.pdf").read_bytes() == b"another"


OTHER_ERRORS = """#!/bin/sh
{real} "$@"; code=$?
case " $* " in *" restore "*)
  echo "ignoring error for {path}: UtimesNano: read-only file system" >&2
  echo "Fatal: There were 1 errors" >&2
  exit 1;;
esac
exit $code
"""
"""What restic says in a pod, where /data is in a root that cannot be written (tests/cluster/test_restore.py)."""


@pytest.mark.parametrize(("path", "code"), [("", 0), ("/sessions", 0), ("/uploads/tmp/paper.pdf", 75)])
def test_times_of_mounted_folders_are_the_volumes_own_and_everything_else_is_an_error(
    house: Place, path: str, code: int
) -> None:
    house.backup()
    for role in [role for role in house.data.iterdir() if role.is_dir()]:
        shutil.rmtree(role)
        role.mkdir()
    wrapper = house.root / "wrapper"
    wrapper.write_text(OTHER_ERRORS.format(real=house.env["KS_RESTIC"], path=f"{house.data}{path}"))
    wrapper.chmod(0o755)
    house.owned()
    done = house.run("ks_protect_restore.py", KS_RESTIC=str(wrapper))
    assert done.returncode == code, done.stdout + done.stderr
    assert ("restored" in done.stdout) == (code == 0)


def test_a_repository_that_another_run_has_is_waited_for_and_unlocked(house: Place) -> None:
    """restic's word is played by a wrapper: a lock of another host counts as stale after half an hour only."""
    wrapper, calls = house.root / "wrapper", house.root / "calls"
    locked = "Fatal: unable to create lock in backend: repository is already locked by PID 7 on pod-a"
    wrapper.write_text(
        f'#!/bin/sh\necho "$2" >> {calls}\nif [ "$(wc -l < {calls})" -le 4 ] && [ "$2" != unlock ]; then\n'
        f'echo "{locked}" >&2; exit 1; fi\n[ "$2" = unlock ] && exit 0\nexec {house.env["KS_RESTIC"]} "$@"\n'
    )
    wrapper.chmod(0o755)
    house.owned()
    assert "the repository is locked" in house.backup(KS_RESTIC=str(wrapper))
    assert calls.read_text().split()[:4] == ["snapshots", "unlock", "snapshots", "unlock"]
    calls.write_text("")
    done = house.run("ks_protect_backup.py", KS_RESTIC=str(wrapper), KS_LOCK_SECONDS="0")
    assert done.returncode == AGAIN
    assert "already locked by PID 7" in done.stderr


def test_a_copy_of_a_snapshot_with_an_open_journal_is_rolled_back(house: Place) -> None:
    finished(house.program([pod_user.python(), "-c", CRASHED, str(house.data / "sessions/sql.db")]))
    assert (house.data / "sessions/sql.db-journal").stat().st_size > 0
    house.backup(KS_STILL="1")
    with closing(sqlite3.connect(house.stage / "sessions/sql.db")) as copied:
        assert copied.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copied.execute("SELECT count(*) FROM conversation WHERE data LIKE 'ack%'").fetchone() == (300,)
    assert (house.data / "sessions/sql.db-journal").stat().st_size > 0, "the volume itself is as it was"
    assert house.drill().returncode == 0


def test_a_drill_in_two_halves_looks_at_what_a_database_server_says(house: Place) -> None:
    """The dump is restored by a container between them (tests/programs/test_backup_postgres.py)."""
    (house.data / "sessions/sql.db").unlink()
    (house.stage / "database.dump").write_bytes(b"a dump")
    found = house.scratch / "found"
    for counts, code, said in ((None, 1, "the dump was not restored"), ("41", 0, "conversations 41")):
        house.owned()
        house.backup(KS_DATABASE="server")
        assert house.drill("restore").returncode == 0
        if counts:
            found.mkdir()
            (found / "conversations").write_text(counts)
            (found / "vectors").write_text("")
            house.owned()
        done = house.drill("look", KS_FOUND=str(found))
        assert done.returncode == code, done.stderr
        assert said in done.stdout + done.stderr


def test_a_file_that_did_not_change_is_not_read_again(house: Place) -> None:
    house.backup()
    model = house.data / "models/versions/1/model.safetensors"
    state = model.stat()
    model.write_bytes(os.urandom(state.st_size))
    os.utime(model, ns=(state.st_atime_ns, state.st_mtime_ns))
    house.owned()
    house.backup()
    newest = json.loads(house.restic("dump", "latest", str(house.stage / "manifest.json")))
    first = house.snapshots()[0]["id"]
    oldest = json.loads(house.restic("dump", first, str(house.stage / "manifest.json")))
    name = "models/versions/1/model.safetensors"
    assert newest["files"][name]["sha256"] == oldest["files"][name]["sha256"]


def test_bytes_that_rot_in_the_repository_turn_the_drill_red(house: Place) -> None:
    house.backup()
    pack = max(
        (house.root / "repository/data").rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0
    )
    pack.chmod(0o600)
    rot(pack)
    house.owned()
    done = house.drill()
    assert done.returncode == 1
    assert "the drill is bad" in done.stderr
    assert "restic check" in done.stderr


def test_without_the_key_the_drill_is_red_and_a_backup_makes_no_second_repository(house: Place) -> None:
    house.backup()
    config = (house.root / "repository/config").read_bytes()
    (house.root / "password").write_text("another")
    house.owned()
    assert "the password does not open" in house.drill().stderr
    done = house.run("ks_protect_backup.py")
    assert done.returncode == REFUSED, done.stderr
    (house.root / "password").unlink()
    assert house.drill().returncode == 1
    assert house.run("ks_protect_backup.py").returncode == AGAIN
    assert (house.root / "repository/config").read_bytes() == config


def test_a_model_with_other_content_and_a_missing_file_turn_the_drill_red(house: Place) -> None:
    """A snapshot, tagged as whole, of what is no longer as its manifest says."""
    house.backup()
    (house.data / "models/versions/1/model.safetensors").write_bytes(b"other")
    (house.data / "uploads/tmp/paper.pdf").unlink()
    house.owned()
    live = str(house.data / "sessions/sql.db")
    folders = (str(house.data), str(house.stage))
    house.restic("backup", "--host", "kotaemon", "--tag", "whole", "--exclude", live, *folders)
    done = house.drill()
    assert done.returncode == 1
    assert "models/versions/1/model.safetensors has other content" in done.stderr
    assert "uploads/tmp/paper.pdf is missing" in done.stderr


def test_a_reference_to_a_vector_that_is_not_there_turns_the_drill_red(house: Place) -> None:
    with closing(sqlite3.connect(house.data / "sessions/sql.db")) as database, database:
        database.execute("INSERT INTO index__1__index VALUES ('s', 'lost', 'vector')")
    house.owned()
    house.backup()
    done = house.drill()
    assert done.returncode == 1
    assert "1 of 2 vectors of index 1" in done.stderr


def test_an_empty_repository_turns_the_drill_red_and_is_not_made(house: Place) -> None:
    assert house.drill().returncode == 1
    assert not (house.root / "repository").exists()


def test_the_retention_removes_by_age_and_leaves_what_others_made(house: Place) -> None:
    house.backup()
    whole = house.snapshots()[0]
    (house.root / "mine").write_text("of somebody else")
    house.owned()
    for _ in range(2):
        house.restic("backup", "--host", "another", "--tag", "whole", str(house.root / "mine"))
    for day in (1, 2):
        at = f"2026-01-{day:02d} 02:00:00"
        house.restic("backup", "--host", "kotaemon", "--tag", "whole", "--time", at, str(house.data))
    house.backup(KS_KEEP_DAILY="1", KS_KEEP_WEEKLY="0", KS_KEEP_MONTHLY="0")
    kept = house.snapshots()
    assert len([one for one in kept if one["hostname"] == "another"]) == 2
    mine = [one for one in kept if one["hostname"] == "kotaemon"]
    assert len(mine) == 1
    assert mine[0]["time"] > whole["time"], "the newest day's newest"
