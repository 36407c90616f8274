"""Stands in for the PostgreSQL server of the profile scaled: it has only the advisory lock of the start (ks_locks.py).

A real server would not be on the lost node. All that the drills need of it is a lock that ends with its connection.
"""

import contextlib
import fcntl
import os
from collections.abc import Generator
from typing import Any


class Error(Exception):
    """Class of psycopg2's errors."""


class Cursor:
    """Answers the two queries that ks_locks.py sends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._answer: tuple[Any] = ("",)

    def execute(self, query: str, _values: tuple[Any, ...] = ()) -> None:
        """Take the lock, or say who holds it."""
        if "pg_try_advisory_lock" in query:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._answer = (True,)
            except BlockingIOError:
                self._answer = (False,)
        else:
            self._answer = ("another pod",)

    def fetchone(self) -> tuple[Any]:
        """The answer to the last query."""
        return self._answer


class Connection:
    """Holds the lock until it is closed."""

    autocommit = False

    def __init__(self) -> None:
        self._descriptor = os.open(os.environ["DRILL_DATABASE"] + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextlib.contextmanager
    def cursor(self) -> Generator[Cursor]:
        """A cursor, as psycopg2 gives one."""
        yield Cursor(self._descriptor)

    def close(self) -> None:
        """Release the lock."""
        os.close(self._descriptor)


def connect(_url: str, **_options: Any) -> Connection:
    """A connection to the only server there is."""
    return Connection()
