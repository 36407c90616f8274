"""Runs many small pieces of work at once: in a process for each CPU, and in several threads of each.

Threads wait for a network file system at the same time; processes hash and copy at the same time, because Python
runs one thread of a process at a time. The processes are forked, and take the numbers of pieces from a pipe.
"""

import errno
import json
import mmap
import os
import select
import signal
import struct
import threading
import time
from collections.abc import Callable

from ks_models_tree import say

THREADS = 16
"""Threads of each process: on a file system with 1 ms for each operation, 16 are 16 operations in that time."""
LARGE_THREADS = 1
"""The same for parts of large files: what one thread reads, hashes and writes stays in its processor's cache. Four of
them took twice the processor time of one in the kernel (0.5 s and 0.2 s for 256 MiB). A network file system is asked
for what comes next meanwhile (ks_models_manifest.read_ahead)."""
SAY_SECONDS = 5
MOST_MISTAKES = 20
"""How many mistakes are told; a folder that is not there at all has thousands."""

Done = Callable[[int], None]
Work = Callable[[int, Done], "list[str]"]
"""Does the piece of a number, calls `done` with the bytes it has dealt with, and returns mistakes by name."""


class Full(Exception):
    """A disk has no room left."""


def processes() -> int:
    """CPUs that this process may use, at most 8: more only fight for the disk."""
    return max(1, min(8, len(os.sched_getaffinity(0))))


def size_text(size: float) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"


class Progress:
    """Says every few seconds how far it is, and keeps the numbers for whoever measures."""

    def __init__(self, doing: str, total: int) -> None:
        self.doing, self.total = doing, total
        self.begun = self.said = time.monotonic()
        self.before = self.bytes = 0

    @property
    def seconds(self) -> float:
        return max(1e-6, time.monotonic() - self.begun)

    def at(self, size: int) -> None:
        """`size`: bytes of the pieces that are being done; those of finished ones are in `before`."""
        self.bytes = self.before + size
        if time.monotonic() - self.said >= SAY_SECONDS:
            self.said = time.monotonic()
            say(self.text())

    def text(self) -> str:
        return (
            f"{self.doing}: {size_text(self.bytes)} of {size_text(self.total)}, "
            f"{self.bytes / 2**20 / self.seconds:.0f} MiB/s"
        )


def large_first(large: int, count: int, work: Work, progress: Progress, threads: int = LARGE_THREADS) -> list[str]:
    """Do the pieces 0 to count - 1, of which the first `large` are parts of large files; what was wrong by name."""
    wrong = at_once(large, work, progress, threads)
    progress.before = progress.bytes
    small = at_once(count - large, lambda number, done: work(large + number, done), progress)
    return wrong + small


def at_once(count: int, work: Work, progress: Progress, threads: int = THREADS) -> list[str]:
    """Do the pieces 0 to count - 1, and return what was wrong. Raises Full, and OSError of a process that died."""
    if count == 0:
        return []
    workers = min(processes(), count)
    counters = mmap.mmap(-1, 8 * workers)
    take, give = os.pipe()
    result, report = os.pipe()
    children: list[int] = []
    # A SIGTERM ends this process by an exception: none in the middle of a fork, which would leave a child that nobody
    # knows, and that holds the lock of the cache.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        for number in range(workers):
            child = os.fork()
            if child == 0:
                status = 1
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
                try:
                    os.close(give)
                    os.close(result)
                    _work(take, report, work, counters, number, min(threads, -(-count // workers)))
                    status = 0
                finally:
                    os._exit(status)
            children.append(child)
        os.close(take)
        os.close(report)
        threading.Thread(target=_feed, args=(give, count), daemon=True).start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        text = _read(result, counters, workers, progress)
    except BaseException:  # SIGTERM: they would go on, and hold the lock of the cache
        for child in children:
            os.kill(child, signal.SIGKILL)
        raise
    died = [child for child in children if os.waitpid(child, 0)[1]]
    progress.at(sum(struct.unpack(f"{workers}Q", counters[:])))
    if died:
        raise OSError(errno.ECHILD, "a process that copies was killed; its memory limit may be too small")
    told = [json.loads(line) for line in text.splitlines()]
    if full := next((line["full"] for line in told if "full" in line), None):
        raise Full(full)
    return sorted({mistake for line in told for mistake in line["mistakes"]})


def _feed(give: int, count: int) -> None:
    try:
        for first in range(0, count, 512):
            os.write(give, b"".join(struct.pack("I", i) for i in range(first, min(count, first + 512))))
    except BrokenPipeError:
        pass  # the processes gave up, and say why
    os.close(give)


def _read(result: int, counters: mmap.mmap, workers: int, progress: Progress) -> str:
    found = b""
    while True:
        ready, _, _ = select.select([result], [], [], 1)
        if not ready:
            progress.at(sum(struct.unpack(f"{workers}Q", counters[:])))
        elif part := os.read(result, 65536):
            found += part
        else:
            os.close(result)
            return found.decode()


def _work(take: int, report: int, work: Work, counters: mmap.mmap, number: int, threads: int) -> None:
    mistakes: list[str] = []
    full: list[str] = []
    lock = threading.Lock()
    amount = 0

    def done(size: int) -> None:
        nonlocal amount
        with lock:
            amount += size
            counters[8 * number : 8 * number + 8] = struct.pack("Q", amount)

    def run() -> None:
        while not full and len(mistakes) < MOST_MISTAKES:
            piece = os.read(take, 4)
            if len(piece) < 4:
                return
            try:
                mistakes.extend(work(struct.unpack("I", piece)[0], done))
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    full.append(f"{error.filename or ''}: {error.strerror}")
                    return
                mistakes.append(f"{error.filename or ''}: {error.strerror}")

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    line = {"mistakes": mistakes[:MOST_MISTAKES], **({"full": full[0]} if full else {})}
    while len(text := f"{json.dumps(line)}\n".encode()) > select.PIPE_BUF and line["mistakes"]:
        line["mistakes"] = line["mistakes"][:-1]
    os.write(report, text)  # at most PIPE_BUF: lines of two processes are never mixed
