"""One writer at a time, or one starting pod at a time."""

import errno
import fcntl
import http.client
import importlib
import importlib.util
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ks_environment import EX_TEMPFAIL, number, pod_name, refuse, say

SEED_KEY = 0x6B6F7461
"""Key of the PostgreSQL advisory lock around the start; such locks are per database."""


class Waiting:
    """Says now and then what is waited for, and gives up in time."""

    def __init__(self, what: str, seconds: int) -> None:
        self._what = what
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._say_at = 0.0
        self._told = ""

    def because(self, reason: str) -> None:
        now = time.monotonic()
        if now >= self._deadline:
            refuse(f"{self._what} not free after {self._seconds} s: {reason}", EX_TEMPFAIL)
        if reason != self._told or now >= self._say_at:
            say(f"waiting for {self._what}: {reason}")
            self._told, self._say_at = reason, now + 10
        time.sleep(min(0.5, max(0.0, self._deadline - now)))


def lock_file(path: Path, what: str, seconds: int) -> int:
    """Take an fcntl lock: the kind SQLite uses, so it is as real as SQLite's own. Kept with the fd.

    Never open the file twice in this process: closing the second descriptor drops the lock.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        refuse(f"{what}: {path} cannot be opened by uid {os.getuid()}: {error.strerror}")
    waiting = Waiting(what, seconds)
    while not try_lock(fd, path):
        holder = os.pread(fd, 256, 0).decode(errors="replace").strip()
        waiting.because(f"held by {holder or 'a pod that has not said its name'} ({path})")
    try:
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{pod_name()}\n".encode(), 0)
    except OSError as error:
        say(f"warning: {path} does not say who holds it: {error.strerror}")
    return fd


def try_lock(fd: int, path: Path) -> bool:
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            return False
        refuse(
            f"{path} cannot be locked: {error.strerror}; this storage has no file locks, and SQLite needs them as well"
        )


class DatabaseLock:
    """A PostgreSQL advisory lock on a connection of its own: it ends with the process."""

    def __init__(self, psycopg2: Any, url: str) -> None:
        self._psycopg2 = psycopg2
        self._url = url
        self._connection: Any = None

    def attempt(self) -> str:
        """Empty when the lock is ours, else why not. Polled: a blocking wait would miss SIGTERM."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", (SEED_KEY,))
                return "" if cursor.fetchone()[0] else f"held by {self._holder(cursor)}"
        except self._psycopg2.Error as error:
            self._connection = None
            said = str(error).strip() or type(error).__name__
            return f"PostgreSQL says: {said.splitlines()[0]}"

    def release(self) -> None:
        try:
            self._connection.close()
        except self._psycopg2.Error as error:
            say(f"warning: the start lock was lost before its end: {error}")

    def _connect(self) -> Any:
        connection = self._psycopg2.connect(self._url, connect_timeout=10, application_name=pod_name()[:63])
        connection.autocommit = True
        with connection.cursor() as cursor:
            # The lock of a lost node is freed after half a minute; the default is two hours.
            for name, value in (("idle", 15), ("interval", 5), ("count", 3)):
                cursor.execute(f"SET tcp_keepalives_{name} = {value}")
        return connection

    def _holder(self, cursor: Any) -> str:
        cursor.execute(
            "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            "WHERE l.granted AND l.locktype = 'advisory' AND l.classid = 0 AND l.objid = %s "
            "AND a.datname = current_database()",
            (SEED_KEY,),
        )
        row = cursor.fetchone()
        return row[0] if row else "a pod that has just ended"


def start_lock(uploads: Path, seconds: int) -> Callable[[], None]:
    """Let one pod at a time start; returns what frees the lock.

    The application seeds by check-then-insert (ktem/index/manager.py:186-188).
    """
    what = "the start lock (one pod seeds the stores at a time)"
    scheme, _, rest = os.environ.get("KH_DATABASE", "").partition("://")
    postgres = scheme.partition("+")[0] in ("postgres", "postgresql")
    if postgres and importlib.util.find_spec("psycopg2"):
        lock = DatabaseLock(importlib.import_module("psycopg2"), f"postgresql://{rest}")
        waiting = Waiting(what, seconds)
        while reason := lock.attempt():
            waiting.because(reason)
        say("start lock taken in PostgreSQL")
        return lock.release
    fd = lock_file(uploads / ".start.lock", what, seconds)
    say(f"start lock taken in {uploads / '.start.lock'} (no PostgreSQL driver)")
    return lambda: os.close(fd)


def answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def release_when_serving(release: Callable[[], None], port: int, path: str) -> None:
    """The port opens after imports, seeding and index creation (docs/facts/kotaemon.md 1)."""

    def wait() -> None:
        while not answers(port, path):
            time.sleep(0.5)
        release()
        say(f"port {port} answers: start lock released")

    threading.Thread(target=wait, name="start-lock", daemon=True).start()


def take_locks(profile: str, folders: dict[str, Path], port: int, path: str) -> None:
    if profile == "single-writer":
        # Never closed: the kernel frees the lock with the process, however it ends.
        what = "the writer lock (one pod at a time on SQLite and Chroma)"
        lock_file(folders["sessions"] / ".writer.lock", what, number("KS_LOCK_WAIT_SECONDS", 120))
        say(f"writer lock taken by {pod_name()}")
        return
    # Pods start one after the other, so the last of many waits for all the others.
    release = start_lock(folders["uploads"], number("KS_LOCK_WAIT_SECONDS", 900))
    release_when_serving(release, port, path)
