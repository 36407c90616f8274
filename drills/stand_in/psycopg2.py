"""Stands in for the PostgreSQL server in the profile scaled: only the advisory lock around the start (ks_locks.py).

The server is not on a lost node, so what the drills need of it is a lock that ends with its connection.
"""

import contextlib
import fcntl
import os
from collections.abc import Generator
from typing import Any


class Error(Exception):
    """What a real server would say."""


class Cursor:
    """Answers the two questions that are asked."""

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
        """The answer."""
        return self._answer


class Connection:
    """Holds the lock until it ends."""

    autocommit = False

    def __init__(self) -> None:
        self._descriptor = os.open(os.environ["DRILL_DATABASE"] + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextlib.contextmanager
    def cursor(self) -> Generator[Cursor]:
        """As in psycopg2."""
        yield Cursor(self._descriptor)

    def close(self) -> None:
        """The lock is free."""
        os.close(self._descriptor)


def connect(_url: str, **_options: Any) -> Connection:
    """There is only one server."""
    return Connection()
