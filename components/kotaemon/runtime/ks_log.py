"""The pod's output, copied to <pod>/app.log in the role `logs`; app.log.1 beside it is the file before.

Files of earlier releases, <pod>.log in the folder itself, are left as they are.
"""

import atexit
import contextlib
import fcntl
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ks_environment import number, pod_name

F_SETPIPE_SZ = 1031  # Linux; fcntl names it since Python 3.10


class LogFile:
    """Appends to one file, from a thread of its own.

    A full or hanging logs volume costs lines, never the pod.
    """

    PENDING_LIMIT = 8 * 1024 * 1024
    RETRY_SECONDS = 5.0

    def __init__(self, path: Path, limit: int, complain: Callable[[str], None]) -> None:
        self.path = path
        self._limit = limit
        self._complain = complain
        self._fd = -1
        self._size = 0
        self._retry_at = 0.0
        self._dropped = 0
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log-file", daemon=True)
        self._thread.start()

    def add(self, lines: bytes) -> None:
        with self._changed:
            if self._pending_size + len(lines) > self.PENDING_LIMIT:
                self._dropped += lines.count(b"\n")
                return
            self._pending.append(lines)
            self._pending_size += len(lines)
            self._changed.notify()

    def close(self, seconds: float) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(seconds)

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
        if time.monotonic() < self._retry_at:
            self._dropped += lines.count(b"\n")
            return
        try:
            self._open()
            if self._dropped:
                lines = f"launch: {self._dropped} lines are missing here\n".encode() + lines
            for line in lines.splitlines(keepends=True):
                self._append(line)
            self._dropped = 0
        except OSError as error:
            self._dropped += lines.count(b"\n")
            self._retry_at = time.monotonic() + self.RETRY_SECONDS
            self._forget()
            self._complain(f"log file {self.path} cannot be written: {error.strerror}; standard output goes on")

    def _open(self) -> None:
        if self._fd < 0:
            self.path.parent.mkdir(mode=0o750, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._fd = os.open(self.path, flags, 0o640)
            self._size = os.fstat(self._fd).st_size

    def _append(self, line: bytes) -> None:
        if self._size and self._size + len(line) > self._limit:
            self._forget()
            os.replace(self.path, f"{self.path}.1")
            self._open()
        while line:
            written = os.write(self._fd, line)
            self._size += written
            line = line[written:]

    def _forget(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            # NFS reports a late write error here; the next write says so again.
            with contextlib.suppress(OSError):
                os.close(fd)


class Tee:
    """Sends what this process and its children print to the real output and to a LogFile."""

    def __init__(self) -> None:
        self.real = 1
        self._log: LogFile | None = None
        self._pump: threading.Thread | None = None
        self._stderr = 2
        self._closed = threading.Lock()

    def start(self, path: Path, limit: int) -> None:
        self.real = os.dup(1)
        self._stderr = os.dup(2)
        reader, writer = os.pipe()
        # Room for what a C extension prints while it holds the lock that the copier needs.
        with contextlib.suppress(OSError):
            fcntl.fcntl(writer, F_SETPIPE_SZ, 1024 * 1024)
        self._log = LogFile(path, limit, self._complain)
        copy = (reader, self._log)
        self._pump = threading.Thread(target=self._copy, args=copy, name="log-copy", daemon=True)
        self._pump.start()
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        os.close(writer)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(line_buffering=True)  # pyright: ignore

    def close(self, seconds: float = 2.0) -> None:
        """Give the descriptors back and wait until all that was printed has arrived.

        Only the first call acts.
        """
        if self._pump is None or self._log is None or not self._closed.acquire(blocking=False):
            return
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os.dup2(self.real, 1)
        os.dup2(self._stderr, 2)
        self._pump.join(seconds)  # not for ever: a child that outlives us may keep the pipe open
        self._log.close(seconds)

    def _complain(self, message: str) -> None:
        self._print(f"launch: {message}\n".encode())

    def _print(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self.real, data) :]
        except OSError:
            pass  # nobody reads our output any more: no reason to stop serving

    def _copy(self, reader: int, log: LogFile) -> None:
        tail = b""
        while data := os.read(reader, 65536):
            self._print(data)
            lines, newline, tail = (tail + data).rpartition(b"\n")
            if newline:
                log.add(lines + newline)
            elif len(tail) > 1024 * 1024:
                log.add(tail + b"\n")
                tail = b""
        if tail:
            log.add(tail + b"\n")


def start_log(tee: Tee, folders: dict[str, Path], read_only: set[str]) -> None:
    if "logs" not in folders or "logs" in read_only:
        return
    limit = max(1, number("KS_LOG_MAX_MIB", 64)) * 1024 * 1024
    tee.start(folders["logs"] / pod_name() / "app.log", limit)
    atexit.register(tee.close)  # registered before the application's own: runs after them
