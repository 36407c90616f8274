"""SQLite: a copy of one moment while somebody writes, and what is in a database that was restored."""

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

INDEX = re.compile(r"index__(\d+)__index")
"""Tables that refer to the vector store and the document store (docs/facts/kotaemon.md, chapter 8, trap 16)."""
WAIT_SECONDS = 60
PAGES = 4096
"""Pages that are copied before a writer gets its turn: 16 MiB of the usual pages."""
UNDISTURBED_SECONDS = 120
"""After that the copy takes the rest in one step, and writers wait as long as the file takes to be read."""


class Disturbed(Exception):
    """Somebody wrote so often that the copy began again and again."""


@contextmanager
def told(path: Path) -> Generator[None]:
    """Errors of SQLite as an OSError that names the file: a disk that is full, a page that is damaged."""
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(f"the database {path}: {error}") from None


def reader(path: Path) -> sqlite3.Connection:
    """The database for reading: the mount is read-only, and nothing may be made beside it."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=WAIT_SECONDS)


def copy(source: Path, target: Path) -> None:
    """A copy by SQLite's own backup: the state after one whole transaction, whoever writes meanwhile.

    A write of another process makes the backup begin again (https://www.sqlite.org/backup.html). So when it was
    disturbed for too long, all pages come in one step, under a lock that lets others read.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with told(source):
        if os.environ.get("KS_STILL"):
            _still(source, target)
            return
        ends = time.monotonic() + UNDISTURBED_SECONDS
        try:
            _copy(source, target, PAGES, ends)
        except Disturbed:
            _copy(source, target, -1, float("inf"))


def _copy(source: Path, target: Path, pages: int, ends: float) -> None:
    def progress(_status: int, _left: int, _total: int) -> None:
        if time.monotonic() > ends:
            raise Disturbed

    target.unlink(missing_ok=True)
    with closing(reader(source)) as live, closing(sqlite3.connect(target)) as made:
        live.backup(made, pages=pages, progress=progress)


def _still(source: Path, target: Path) -> None:
    """The database on a volume of one moment, that nobody writes: as after a loss of power, with its journal.

    The journal is rolled back in the copy, because the volume is mounted read-only.
    """
    for end in ("", "-journal", "-wal"):
        if (part := source.with_name(source.name + end)).exists():
            shutil.copyfile(part, target.with_name(target.name + end))
    with closing(sqlite3.connect(target)) as made:
        made.execute("PRAGMA journal_mode=DELETE").fetchall()
        made.execute("SELECT count(*) FROM sqlite_master").fetchall()


def tables(path: Path) -> dict[str, int]:
    """Table -> number of rows. Raises OSError for a database that cannot be read."""
    with told(path), closing(reader(path)) as database:
        names = [
            row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ]
        return {name: _count(database, name) for name in names}


def index_rows(path: Path) -> dict[str, int]:
    """The tables that refer to other stores -> number of rows."""
    return {name: rows for name, rows in tables(path).items() if INDEX.fullmatch(name)}


def mistakes(path: Path) -> list[str]:
    """What SQLite itself finds wrong; nothing: every page is as it must be."""
    try:
        with closing(reader(path)) as database:
            found = [str(row[0]) for row in database.execute("PRAGMA integrity_check")]
    except sqlite3.Error as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def referred(path: Path, relation: str) -> dict[str, set[str]]:
    """Number of the index -> ids that its rows of one relation (`vector`, `document`) refer to."""
    with told(path), closing(reader(path)) as database:
        return {
            found[1]: {
                str(row[0])
                for row in database.execute(f'SELECT target_id FROM "{name}" WHERE relation_type = ?', (relation,))
            }
            for name in index_rows(path)
            if (found := INDEX.fullmatch(name))
        }


def _count(database: sqlite3.Connection, table: str) -> int:
    name = table.replace('"', '""')
    return int(database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])
