"""The files of one pod in the role `logs`: <pod>/app-00000001.log and so on, and the limit for all pods.

A file never gets another name: who reads files in the order of their names has the lines in order, also while a new
file is begun. <pod>/app.log is a link to the one that is being written.

A full volume or one that does not answer costs lines, never the pod: everything that touches the volume runs in a
thread of its own, and what that thread cannot write in time is dropped, counted and said.
"""

import contextlib
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

MIB = 1024 * 1024
NAME = "app.log"
NUMBERED = "app-*.log"
EVERY = "app*.log*"
"""With those of earlier releases: app.log and app.log.1."""
LIVING_SECONDS = 3600
"""The newest file of a pod that was written within this time is left alone by the other pods."""


class Limits(NamedTuple):
    """How large the files may become, in bytes."""

    file: int
    """One file; the next line begins a new one."""
    files: int
    """Files of one pod: the one that is being written, and those before it."""
    total: int
    """All pods' files together. Those of pods that are gone count as well, and go first by age."""


class LogFile:
    """Appends to the files of one pod, from a thread of its own. `path` is that of the link."""

    PENDING_LIMIT = 8 * MIB
    RETRY_SECONDS = 5.0
    SAY_SECONDS = 60.0

    def __init__(self, path: Path, limits: Limits, complain: Callable[[str], None]) -> None:
        self.path = path
        self.dropped = 0
        """Lines that standard output has and the files have not."""
        self._limits = limits
        self._complain = complain
        self._said_at = -self.SAY_SECONDS
        self._file = path
        self._fd = -1
        self._size = 0
        self._fresh = False  # whether the file has its first line and no other
        self._retry_at = 0.0
        self._failed = 0
        self._skipped = 0
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log-file", daemon=True)
        self._thread.start()

    def add(self, lines: bytes) -> None:
        """Have whole lines written. Returns at once, whatever the volume does."""
        with self._changed:
            if self._pending_size + len(lines) > self.PENDING_LIMIT:
                self._skipped += lines.count(b"\n")
                self.dropped += lines.count(b"\n")
                self._say("takes no lines: its volume is too slow, or does not answer")
                return
            if self._skipped:
                lines = _missing(self._skipped) + lines
                self._skipped = 0
            self._pending.append(lines)
            self._pending_size += len(lines)
            self._changed.notify()

    def close(self, seconds: float) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(seconds)

    def _say(self, what: str) -> None:
        if time.monotonic() - self._said_at < self.SAY_SECONDS:
            return
        self._said_at = time.monotonic()
        self._complain(
            f"log file {self.path} {what}; standard output goes on, {self.dropped} lines are not in the file"
        )

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._pending and not self._closing:
                    self._changed.wait()
                lines = b"".join(self._pending)
                self._pending.clear()
                self._pending_size = 0
                if not lines:
                    return
            self._write(lines)

    def _write(self, lines: bytes) -> None:
        try:
            if time.monotonic() < self._retry_at:
                raise OSError
            self._open()
            if self._failed:
                lines = _missing(self._failed) + lines
                self._failed = 0
            while lines:
                lines = self._append(lines)
        except OSError as error:
            lost = lines.count(b"\n")
            self._failed += lost
            with self._changed:
                self.dropped += lost
            self._forget()
            if error.errno is not None:
                self._retry_at = time.monotonic() + self.RETRY_SECONDS
                self._say(f"cannot be written: {error.strerror}")

    def _open(self) -> None:
        """Open the newest file unless it is open already. Another pod may have removed it, or the folder, meanwhile."""
        if self._fd >= 0:
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.stat(self._file), os.fstat(self._fd)):
                    return
            self._forget()
        self.path.parent.mkdir(mode=0o750, exist_ok=True)
        self._begin(max(numbered(self.path.parent), default=self.path.with_name(name(1))))

    def _begin(self, file: Path) -> None:
        """Open a file, which may be there."""
        self._file = file
        self._fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        self._size = os.fstat(self._fd).st_size
        self._fresh = not self._size
        if self._fresh:
            self._put(first_line(file.parent.name))
        elif os.pread(self._fd, 1, self._size - 1) != b"\n":
            # The container was killed, or the volume was full, in the middle of a line.
            self._size += os.write(self._fd, b"\n")
        point(self.path, file.name)
        make_room(file, self._limits.total)

    def _append(self, lines: bytes) -> bytes:
        """Write as many lines as the file takes, and return the others."""
        room = self._limits.file - self._size
        end = len(lines) if len(lines) <= room else lines.rfind(b"\n", 0, max(room, 0)) + 1
        if not end and not self._fresh:
            self._rotate()
            return lines
        self._fresh = False
        return lines[self._put(lines[: end or lines.find(b"\n") + 1]) :]

    def _put(self, lines: bytes) -> int:
        written = os.write(self._fd, lines)
        self._size += written
        return written

    def _rotate(self) -> None:
        self._forget()
        files = sorted(numbered(self._file.parent))
        for old in files[: len(files) + 1 - self._limits.files]:
            old.unlink(missing_ok=True)
        self._begin(self._file.with_name(name(int(self._file.stem.partition("-")[2]) + 1)))

    def _forget(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            # NFS reports a late write error here; the next write says so again.
            with contextlib.suppress(OSError):
                os.close(fd)


def name(number: int) -> str:
    return f"app-{number:08d}.log"


def numbered(folder: Path) -> list[Path]:
    """The files of one pod."""
    return [path for path in folder.glob(NUMBERED) if path.stem.partition("-")[2].isdecimal()]


def point(link: Path, target: str) -> None:
    """Let the link lead to a file, at once for whoever reads. Where links cannot be made, nothing depends on it."""
    with contextlib.suppress(OSError):
        if link.is_symlink() and os.readlink(link) == target:
            return
        if link.is_file() and not link.is_symlink():
            link.rename(f"{link}.1")  # of an earlier release
        new = link.with_name(".app.log")
        new.unlink(missing_ok=True)
        new.symlink_to(target)
        new.replace(link)


def first_line(pod: str) -> bytes:
    """What every file begins with. The readers of logs know a file by its first bytes, and those of several pods that
    start alike would be one file to them; components/logs/collector.py names records by it."""
    begun = datetime.now(timezone.utc).isoformat(timespec="microseconds")
    return f"launch: log file of {pod}, begun {begun}\n".encode()


def _missing(lines: int) -> bytes:
    return f"launch: {lines} lines are missing here\n".encode()


def make_room(own: Path, total: int) -> None:
    """Remove the oldest log files of all pods until they are no larger than `total` together.

    `own`: the file that is being written. A file that another pod removes meanwhile is no mistake.
    """
    found = sorted(_files(own.parents[1]))
    size = sum(size for _, size, _ in found)
    for written, bytes_, path in found:
        if size <= total:
            return
        # On either side of now: a clock that was wrong must not keep the files of pods that are gone.
        if path == own or (
            abs(time.time() - written) < LIVING_SECONDS and path == max(numbered(path.parent), default=None)
        ):
            continue
        with contextlib.suppress(OSError):
            path.unlink()
            size -= bytes_
            _remove_empty(path.parent)


def _files(logs: Path) -> Iterator[tuple[float, int, Path]]:
    """When each log file was last written, its size, its path."""
    for path in logs.glob(f"*/{EVERY}"):
        with contextlib.suppress(OSError):
            found = path.lstat()
            if not stat.S_ISLNK(found.st_mode):
                yield found.st_mtime, found.st_size, path


def _remove_empty(folder: Path) -> None:
    """Remove the folder of a pod that has no log file any more. A pod that still lives makes it again."""
    if any(not path.is_symlink() for path in folder.glob(EVERY)):
        return
    for left in (NAME, "metrics.prom"):
        (folder / left).unlink(missing_ok=True)
    folder.rmdir()
