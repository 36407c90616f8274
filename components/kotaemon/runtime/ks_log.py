"""The pod's output, copied to the pod's own files in the role `logs` (ks_log_file.py).

Files of earlier releases, <pod>.log in the folder itself, are left as they are.
"""

import atexit
import contextlib
import fcntl
import os
import sys
import threading
from pathlib import Path

from ks_environment import number, pod_name
from ks_log_file import MIB, NAME, Limits, LogFile

F_SETPIPE_SZ = 1031  # Linux; fcntl names it since Python 3.10
READ = 65536
LONG_LINE = 2**20 - 2 * READ
"""A longer line is several in the file, each shorter than 10^6 bytes: Fluent Bit leaves longer ones out, and the
Collector cuts them (components/logs)."""


class Tee:
    """Sends what this process and its children print to the real output and to a LogFile."""

    def __init__(self) -> None:
        self.real = 1
        self._log: LogFile | None = None
        self._pump: threading.Thread | None = None
        self._stderr = 2
        self._closed = threading.Lock()
        self._turn = threading.Lock()
        self._at_start = True  # of a line, on the real output
        self._waiting = b""  # what we have to say, and may not in the middle of a line

    def start(self, path: Path, limits: Limits) -> None:
        self.real = os.dup(1)
        self._stderr = os.dup(2)
        reader, writer = os.pipe()
        # Room for what a C extension prints while it holds the lock that the copier needs.
        with contextlib.suppress(OSError):
            fcntl.fcntl(writer, F_SETPIPE_SZ, 1024 * 1024)
        self._log = LogFile(path, limits, self._complain)
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

    @property
    def dropped(self) -> int:
        """Lines that the files have not; 0 where there are no files."""
        return self._log.dropped if self._log is not None else 0

    def _complain(self, message: str) -> None:
        line = f"launch: {message}\n".encode()
        with self._turn:
            if self._at_start:
                self._print(line)
            else:
                self._waiting += line

    def _pass_on(self, data: bytes) -> None:
        with self._turn:
            lines, newline, rest = data.rpartition(b"\n")
            self._print(lines + newline)
            if newline:
                self._print(self._waiting)
                self._waiting = b""
            self._print(rest)
            self._at_start = bool(newline) and not rest

    def _print(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self.real, data) :]
        except OSError:
            pass  # nobody reads our output any more: no reason to stop serving

    def _copy(self, reader: int, log: LogFile) -> None:
        tail = b""
        while data := os.read(reader, READ):
            self._pass_on(data)
            lines, newline, tail = (tail + data).rpartition(b"\n")
            if newline:
                log.add(lines + newline)
            elif len(tail) > LONG_LINE:
                log.add(tail + b"\n")
                tail = b""
        if tail:
            log.add(tail + b"\n")


def limits() -> Limits:
    """What the stack file says of sizes (kotaemon:logs), or the defaults."""
    return Limits(
        file=max(1, number("KS_LOG_MAX_MIB", 64)) * MIB,
        files=max(1, number("KS_LOG_FILES", 4)),
        total=max(1, number("KS_LOG_TOTAL_MIB", 4096)) * MIB,
    )


def start_log(tee: Tee, folders: dict[str, Path], read_only: set[str]) -> None:
    if "logs" not in folders or "logs" in read_only:
        return
    tee.start(folders["logs"] / pod_name() / NAME, limits())
    atexit.register(tee.close)  # registered before the application's own: runs after them
