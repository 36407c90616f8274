"""File locks. The kernel frees a lock when its holder ends, however it ends, so a crash leaves nothing to clean up."""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Generator
from pathlib import Path

START = "start.lock"
"""Held in a cluster's folder while one process starts it."""
SUPERVISOR = "supervisor.lock"
"""Held in a cluster's folder by its supervisor, whose process id it contains."""

_POLL_SECONDS = 0.05


@contextlib.contextmanager
def hold(path: Path) -> Generator[None]:
    """Hold the lock of `path` for a `with` block; waits for it without limit."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def take(path: Path, seconds: float) -> int | None:
    """Take the lock for as long as this process lives and write its id into the file.

    Returns the open descriptor, or None when somebody else keeps the lock for `seconds`.
    """
    descriptor = _open(path)
    deadline = time.monotonic() + seconds
    while not _try(descriptor, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            os.close(descriptor)
            return None
        time.sleep(_POLL_SECONDS)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock."""
    if not path.exists():
        return False
    descriptor = _open(path)
    try:
        return not _try(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def holder(path: Path) -> int | None:
    """Process id of the lock's holder; None when it is free."""
    if not is_held(path):
        return None
    text = path.read_text()
    return int(text) if text.isdigit() else None


def wait_until_free(path: Path, seconds: float) -> bool:
    """Wait until nobody holds the lock; False when it is still held after `seconds`."""
    deadline = time.monotonic() + seconds
    while is_held(path):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True
