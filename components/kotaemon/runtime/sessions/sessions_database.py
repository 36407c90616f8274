"""The application's conversations in its database, SQLite or PostgreSQL, with the drivers that are there anyway.

The tables are those of ktem/db/base_models.py (0.11.3): `conversation` (id, name, user, is_public, data_source as JSON,
date_created, date_updated) and `user` (id, username, ...). Columns of other versions are taken along as they are.
Nothing is cached: the application reads a conversation from the database each time it is opened.
"""

import hashlib
import importlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

BATCH = 200
"""Conversations read in one statement: between two of them a writer of SQLite gets its turn."""
ELECTION = 0x6B6F7461656D6F6E
"""Number of the advisory lock by which one pod of several exports (`kotaemon` in ASCII)."""
JSON_COLUMN = "data_source"
TIMES = ("date_created", "date_updated")


class Unreachable(Exception):
    """The database cannot be read now; trying again may help."""


class Known(NamedTuple):
    """A conversation without its content."""

    user: str
    digest: str
    """Changes with any column of the row."""


def plain(column: str, value: Any) -> Any:
    """A value as JSON has it: times as `2026-11-28 18:00:00.123456` in the zone that the application wrote them in."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    if column in TIMES and isinstance(value, str):
        head, _, fraction = value.replace("T", " ").partition(".")
        return f"{head}.{fraction:0<6}"
    if column == "is_public" and value is not None:
        return bool(value)
    if column == JSON_COLUMN and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


class Database:
    """One connection. Every failure of the driver is Unreachable."""

    mark = "?"
    """How a statement names a parameter."""

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Sequence[Any]]:
        """The rows of a statement."""
        raise NotImplementedError

    def digests(self) -> Iterator[tuple[str, Known]]:
        """Id and digest of every conversation."""
        raise NotImplementedError

    def columns(self, table: str) -> list[str]:
        """Names of a table's columns; empty: there is no such table."""
        raise NotImplementedError

    def mine(self) -> bool:
        """Whether this process is the one that exports."""
        return True

    def changed(self) -> bool:
        """Whether anything may have changed since the last question."""
        return True

    def conversations(self, user: str) -> list[dict[str, Any]]:
        """All conversations of a user, oldest first."""
        names = self.columns("conversation")
        listed = ", ".join(f'"{name}"' for name in names)
        found = self.rows(
            f'SELECT {listed} FROM conversation WHERE "user" = {self.mark} ORDER BY date_created, id', (user,)
        )
        return [{name: plain(name, value) for name, value in zip(names, row, strict=True)} for row in found]

    def users(self) -> dict[str, str]:
        """Id -> name. Empty where the application has no users of its own."""
        if not self.columns("user"):
            return {}
        return {str(row[0]): str(row[1]) for row in self.rows('SELECT id, username FROM "user"')}

    def close(self) -> None:
        """End the connection."""
        raise NotImplementedError


class Sqlite(Database):
    """The file of the profile single-writer. `write`: only the import writes."""

    def __init__(self, file: Path, *, write: bool = False) -> None:
        if not file.is_file():
            raise Unreachable(f"{file} is not there yet")
        mode = "rw" if write else "ro"
        self.connection = sqlite3.connect(f"file:{file}?mode={mode}", uri=True, timeout=10, isolation_level=None)
        self.connection.create_function("digest_of", -1, _digest, deterministic=True)
        self._version: int | None = None

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Sequence[Any]]:
        try:
            return self.connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise Unreachable(f"SQLite: {error}") from None

    def columns(self, table: str) -> list[str]:
        return [str(row[1]) for row in self.rows(f'PRAGMA table_info("{table}")')]

    def changed(self) -> bool:
        before, self._version = self._version, int(self.rows("PRAGMA data_version")[0][0])
        return before != self._version

    def digests(self) -> Iterator[tuple[str, Known]]:
        listed = ", ".join(f'"{name}"' for name in self.columns("conversation"))
        last, what = -1, f'rowid, id, "user", digest_of({listed})'
        while listed:
            found = self.rows(f"SELECT {what} FROM conversation WHERE rowid > ? ORDER BY rowid LIMIT ?", (last, BATCH))
            yield from ((str(row[1]), Known(str(row[2]), row[3])) for row in found)
            if len(found) < BATCH:
                return
            last = found[-1][0]

    def close(self) -> None:
        self.connection.close()


class Postgres(Database):
    """The server of the profile scaled."""

    mark = "%s"

    def __init__(self, url: str, *, write: bool = False) -> None:
        self._driver: Any = importlib.import_module("psycopg2")
        try:
            self.connection = self._driver.connect(url, application_name="kotaemon-sessions", connect_timeout=10)
        except self._driver.Error as error:
            raise Unreachable(f"PostgreSQL: {_first_line(error)}") from None
        self.connection.set_session(readonly=not write, autocommit=not write)

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Sequence[Any]]:
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
        except self._driver.Error as error:
            raise Unreachable(f"PostgreSQL: {_first_line(error)}") from None

    def columns(self, table: str) -> list[str]:
        found = self.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() "
            "AND table_name = %s ORDER BY ordinal_position",
            (table,),
        )
        return [str(row[0]) for row in found]

    def mine(self) -> bool:
        return bool(self.rows("SELECT pg_try_advisory_lock(%s)", (ELECTION,))[0][0])

    def digests(self) -> Iterator[tuple[str, Known]]:
        if not self.columns("conversation"):
            return
        for row in self.rows('SELECT id, "user", md5(c::text) FROM conversation c'):
            yield str(row[0]), Known(str(row[1]), row[2])

    def close(self) -> None:
        self.connection.close()


def connect(*, write: bool = False) -> Database:
    """The database of this pod, by the Deployment's variables. Its URL is never printed. Raises Unreachable."""
    url = os.environ.get("KH_DATABASE", "")
    if url.startswith("postgres"):
        scheme, _, rest = url.partition("://")
        return Postgres(f"{scheme.partition('+')[0]}://{rest}", write=write)
    return Sqlite(Path(os.environ["KS_SESSIONS_DIR"]) / "sql.db", write=write)


def _digest(*values: Any) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
