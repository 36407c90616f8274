"""Conversations out of the database and into it again: SQLite with the tables of 0.11.3, and PostgreSQL where it is."""

import itertools
import json
import signal
import sqlite3
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.unit.components.kotaemon.runtime.convert.volume import SCHEMA
from tests.unit.components.kotaemon.runtime.stand_in import PYTHON, RUNTIME, eventually
from tests.unit.components.kotaemon.runtime.test_ks_locks import in_postgres, postgres_server

NUMBERS = itertools.count()
SESSIONS = RUNTIME / "sessions"
TURNS = {
    "messages": [["Where does 江 flow?", "To the sea 🌊 \u0000-free"]],
    "selected": {"1": ["select", ["s1"], "u1"]},
}
POSTGRES = (
    SCHEMA.replace("DATETIME", "TIMESTAMP")
    .replace(" user VARCHAR", ' "user" VARCHAR')
    .replace("TABLE user", 'TABLE "user"')
    .replace("(name, user)", '(name, "user")')
    .replace("CONSTRAINT _name_user_uc ", "")
)


class Pod:
    """A database, the folder of the exports, and the scripts as processes."""

    def __init__(self, root: Path, url: str = "") -> None:
        self.folder, self.scratch, self.url = root / "eval/sessions", root / "scratch", url
        self.file = root / "sessions" / "sql.db"
        self.file.parent.mkdir(parents=True)
        self.running: list[subprocess.Popen[str]] = []
        self.execute(POSTGRES if url else SCHEMA)

    def connection(self) -> Any:
        if not self.url:
            return sqlite3.connect(self.file, timeout=10)
        import psycopg2

        return psycopg2.connect(self.url)

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(self.connection()) as connection, connection:
            cursor = connection.cursor()
            if not values and statement is SCHEMA:
                cursor.executescript(statement)
            else:
                cursor.execute(statement.replace("?", "%s") if self.url else statement, values)
            return cursor.fetchall() if cursor.description else []

    def user(self, identity: str, name: str) -> None:
        self.execute('INSERT INTO "user" VALUES (?, ?, ?, ?, ?)', identity, name, name.lower(), "hash", False)

    def talks(self, rows: list[tuple[str, str, Any]]) -> None:
        """Many at once: id, user, turns."""
        when = "2026-11-28 18:00:00.123456"
        values = [(key, "rivers", user, False, json.dumps(turns), when, when) for key, user, turns in rows]
        with closing(self.connection()) as connection, connection:
            mark = "%s" if self.url else "?"
            marks = ", ".join([mark] * 7)
            connection.cursor().executemany(f"INSERT INTO conversation VALUES ({marks})", values)

    def talk(self, identity: str, user: str, name: str = "rivers", turns: Any = TURNS) -> None:
        when = "2026-11-28 18:00:00.123456"
        self.execute(
            "INSERT INTO conversation VALUES (?, ?, ?, ?, ?, ?, ?)",
            identity,
            name,
            user,
            False,
            json.dumps(turns),
            when,
            "2026-11-28 18:00:00.500000",
        )

    def everything(self) -> list[tuple[Any, ...]]:
        rows = self.execute("SELECT * FROM conversation ORDER BY id")
        return [
            tuple(
                json.dumps(v, sort_keys=True)
                if isinstance(v, dict)
                else json.dumps(json.loads(v), sort_keys=True)
                if str(v).startswith("{")
                else str(v)
                for v in row
            )
            for row in rows
        ]

    def env(self, lag: str) -> dict[str, str]:
        return {
            "KS_SESSIONS_DIR": str(self.file.parent),
            "KS_EXPORT_DIR": str(self.folder),
            "KS_EXPORT_SECONDS": lag,
            "KS_SCRATCH_DIR": str(self.scratch),
            "KS_POD_NAME": "pod-a",
            "PYTHONDONTWRITEBYTECODE": "1",
            **({"KH_DATABASE": self.url.replace("postgresql:", "postgresql+psycopg2:")} if self.url else {}),
        }

    def export(self, lag: str = "1") -> subprocess.Popen[str]:
        """A running exporter, in its first pass or behind it."""
        (self.scratch / "metrics/sessions.prom").unlink(missing_ok=True)
        process = subprocess.Popen(
            [PYTHON, str(SESSIONS / "sessions_export.py")],
            env=self.env(lag),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.running.append(process)
        return process

    def exported(self) -> None:
        """One pass and its end, as the pod's end has it."""
        process = self.export("60")
        self.passed()
        self.end(process)

    def passed(self) -> None:
        eventually(lambda: (self.scratch / "metrics/sessions.prom").exists(), "a pass", lambda: "")

    def end(self, process: subprocess.Popen[str]) -> str:
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=20)[0]
        assert process.returncode == 0, said
        return said

    def put_back(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            [PYTHON, str(SESSIONS / "sessions_import.py"), "--folder", str(self.folder), *words],
            env=self.env("60"),
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def read(self, user: str) -> dict[str, Any]:
        return json.loads((self.folder / f"{user}.json").read_text())


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture
def database(server: str) -> str:
    """An empty database of the one server: to start one takes longer than a test."""
    name = f"t{next(NUMBERS)}"
    in_postgres(server, f"CREATE DATABASE {name}")
    return server.replace("/postgres", f"/{name}")


@pytest.fixture(params=["sqlite", "postgresql"])
def pod(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pod]:
    url = request.getfixturevalue("database") if request.param == "postgresql" else ""
    made = Pod(tmp_path / "pod", url)
    made.user("u1", "Anna")
    made.user("u2", "ben")
    yield made
    for process in made.running:
        process.kill()
        process.wait()


def test_each_user_has_a_file_that_only_its_owner_reads(pod: Pod) -> None:
    pod.talk("c1", "u1")
    pod.talk("c2", "u1", "lakes")
    pod.talk("c3", "u2")
    pod.exported()
    assert sorted(path.name for path in pod.folder.iterdir()) == ["u1.json", "u2.json"]
    assert stat.S_IMODE((pod.folder / "u1.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(pod.folder.stat().st_mode) == 0o700
    found = pod.read("u1")
    assert (found["format"], found["user"]) == ("kotaemon.dev/sessions/1", {"id": "u1", "username": "Anna"})
    assert [one["id"] for one in found["conversations"]] == ["c1", "c2"]
    assert found["conversations"][0] == {
        "id": "c1",
        "name": "rivers",
        "user": "u1",
        "is_public": False,
        "data_source": TURNS,
        "date_created": "2026-11-28 18:00:00.123456",
        "date_updated": "2026-11-28 18:00:00.500000",
    }
    assert "江" in (pod.folder / "u1.json").read_text(), "a person can read it"


def test_changes_arrive_within_the_lag_and_only_they_are_written(pod: Pod) -> None:
    pod.talk("c1", "u1")
    pod.talk("c2", "u2")
    pod.export("2")
    eventually(lambda: (pod.folder / "u2.json").exists(), "the first pass", lambda: "")
    before = (pod.folder / "u2.json").stat()
    for statement, seen in (
        (
            "UPDATE conversation SET name = 'later' WHERE id = 'c1'",
            lambda: pod.read("u1")["conversations"][0]["name"] == "later",
        ),
        ("DELETE FROM conversation WHERE id = 'c1'", lambda: not pod.read("u1")["conversations"]),
    ):
        pod.execute(statement)
        begun = time.monotonic()
        eventually(seen, statement, lambda: "")
        assert time.monotonic() - begun < 50, "the setting is two seconds, and it waits a minute without one"
    assert (pod.folder / "u2.json").stat() == before
    numbers = (pod.scratch / "metrics/sessions.prom").read_text()
    assert 'kotaemon_sessions_export_lag_limit_seconds{pod="pod-a"} 2.0' in numbers
    assert 'kotaemon_sessions_export_failures_total{pod="pod-a"} 0' in numbers


def test_the_end_of_the_pod_takes_the_last_turn_along(pod: Pod) -> None:
    pod.talk("c1", "u1")
    process = pod.export("600")
    eventually(lambda: (pod.folder / "u1.json").exists(), "the first pass", lambda: "")
    pod.talk("c2", "u1", "the last")
    pod.end(process)
    assert [one["name"] for one in pod.read("u1")["conversations"]] == ["rivers", "the last"]


def test_the_loss_of_the_database_and_back(pod: Pod) -> None:
    pod.talks(
        [(f"c{number:03}", "u1" if number % 3 else "u2", {"messages": [["q", str(number)]]}) for number in range(410)]
    )
    pod.exported()
    was = pod.everything()
    pod.execute("DELETE FROM conversation")
    assert "2 users; conversations: 410 added" in pod.put_back("--all")
    assert pod.everything() == was
    assert "0 added, 0 replaced, 410 there already" in pod.put_back("--all")


def test_one_user_comes_back_by_name_with_a_new_id(pod: Pod) -> None:
    pod.talk("c1", "u1")
    pod.talk("c2", "u2")
    pod.exported()
    pod.execute("DELETE FROM conversation")
    pod.execute("UPDATE \"user\" SET id = 'new' WHERE id = 'u1'")
    assert "Anna has the id new now" in pod.put_back("--user", "Anna")
    assert [(row[0], row[2]) for row in pod.everything()] == [("c1", "new")]


def test_a_user_who_is_gone_is_made_without_a_password(pod: Pod) -> None:
    pod.talk("c1", "u1")
    pod.exported()
    pod.execute("DELETE FROM conversation")
    pod.execute("DELETE FROM \"user\" WHERE id = 'u1'")
    assert "the user Anna was made; an administrator has to set a password" in pod.put_back("--all")
    (password, admin) = pod.execute("SELECT password, admin FROM \"user\" WHERE id = 'u1'")[0]
    assert password.startswith("imported-")
    assert not admin


def test_what_is_in_the_database_counts_unless_it_is_said(pod: Pod) -> None:
    pod.talk("c1", "u1")
    pod.exported()
    pod.execute("UPDATE conversation SET name = 'newer'")
    assert "0 added, 0 replaced, 1 there already" in pod.put_back("--all")
    assert "1 replaced" in pod.put_back("--all", "--replace", "--dry-run")
    assert pod.everything()[0][1] == "newer"
    pod.put_back("--all", "--replace")
    assert pod.everything()[0][1] == "rivers"


def test_an_empty_new_database_writes_nothing_over(pod: Pod) -> None:
    pod.talk("c1", "u1")
    pod.exported()
    before = (pod.folder / "u1.json").read_text()
    pod.execute("DELETE FROM conversation")
    pod.talk("other", "u1", "of a first start")
    process = pod.export()
    pod.passed()
    said = pod.end(process)
    assert "it is another one. Nothing is written over" in said
    assert (pod.folder / "u1.json").read_text() == before
    assert 'failures_total{pod="pod-a"} 0' not in (pod.scratch / "metrics/sessions.prom").read_text()
    pod.put_back("--all")
    pod.exported()
    assert {one["id"] for one in pod.read("u1")["conversations"]} == {"c1", "other"}


def test_a_killed_exporter_leaves_whole_files(pod: Pod) -> None:
    pod.talks(
        [(f"c{number}", f"user-{number % 60}", {"messages": [["q" * 2000, "a" * 2000]]}) for number in range(300)]
    )
    process = pod.export()
    eventually(lambda: len(list(pod.folder.glob("*.json"))) > 3, "some files", lambda: "")
    process.kill()
    process.wait()
    for path in pod.folder.glob("*.json"):
        json.loads(path.read_text())
    pod.exported()
    assert len(list(pod.folder.glob("*.json"))) == 60
    assert not list(pod.folder.glob(".part-*"))


def test_an_id_that_is_no_name_of_a_file(pod: Pod) -> None:
    pod.talk("c1", "../../etc/passwd")
    pod.talk("c2", "anna@example.org")
    pod.exported()
    names = sorted(path.name for path in pod.folder.iterdir())
    assert names[0] == "anna@example.org.json"
    assert names[1].startswith("id-")
    assert not (pod.folder.parent.parent / "etc").exists()


def test_what_is_no_export_is_refused(pod: Pod) -> None:
    pod.folder.mkdir(parents=True)
    assert "has no exported file; nothing was changed" in pod.put_back("--all", code=78)
    (pod.folder / "x.json").write_text('{"format": "else"}')
    assert "its format is not kotaemon.dev/sessions/1" in pod.put_back("--all", code=78)


def test_one_pod_of_several_exports(tmp_path: Path, database: str) -> None:
    first = Pod(tmp_path / "pod", database)
    first.talk("c1", "u1")
    one = first.export()
    eventually(lambda: (first.folder / "u1.json").exists(), "the first pass", lambda: "")
    first.scratch = tmp_path / "scratch-b"
    other = first.export()
    time.sleep(1.5)
    assert not (first.scratch / "metrics/sessions.prom").exists()
    one.kill()
    one.wait()
    eventually(lambda: (first.scratch / "metrics/sessions.prom").exists(), "the other takes over", lambda: "")
    first.end(other)


def test_an_application_that_writes_is_not_held_up(tmp_path: Path) -> None:
    """The exporter reads SQLite in short statements; a writer waits at most its five seconds."""
    pod = Pod(tmp_path / "pod")
    with closing(pod.connection()) as filling, filling:
        rows = (
            (
                f"c{n}",
                "n",
                f"u{n % 50}",
                0,
                json.dumps({"m": "x" * 20000}),
                "2026-11-28 18:00:00",
                "2026-11-28 18:00:00",
            )
            for n in range(3000)
        )
        filling.executemany("INSERT INTO conversation VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    process = pod.export()
    slowest = 0.0
    end = time.monotonic() + 4
    while time.monotonic() < end:
        begun = time.monotonic()
        pod.execute("UPDATE conversation SET name = ? WHERE id = 'c7'", str(begun))
        slowest = max(slowest, time.monotonic() - begun)
    pod.end(process)
    assert slowest < 4.5, "SQLite gives a writer up after five seconds"
