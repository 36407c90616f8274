"""Runs inside the client guest: one piece of work on the mount, timed.

`python3 work.py PIECE CONTENT` prints one line of JSON: `seconds`; `requests`, all calls that the kernel's NFS client
sent meanwhile; `reads`, those of them that read content from the server; `wrong`, the files that were missing or had
another content. CONTENT is any word; what the files hold follows from it.
"""

import hashlib
import json
import mmap
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable

FOLDER = "/mnt/nfs/models/speed"
BIG = f"{FOLDER}/big"
FOLDERS, FILES, SIZE = 10, 40, 4096
MIB = 1 << 20
BIG_MIB = 32
PATHS = [f"{FOLDER}/{folder:02}/{file:02}" for folder in range(FOLDERS) for file in range(FILES)]
Timed = tuple[float, int]


def content(word: str, of: object, size: int) -> bytes:
    """What a file holds."""
    return hashlib.sha256(f"{word} {of}".encode()).digest() * (size // 32)


def timed(work: Callable[[], None]) -> float:
    """The seconds that a piece of work takes."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def create(word: str) -> Timed:
    """Write all small files. A file is on the server's disk when it is closed: that is NFS's promise."""
    os.makedirs(FOLDER)
    new = [(path, content(word, path, SIZE)) for path in PATHS]

    def work() -> None:
        for folder in range(FOLDERS):
            os.mkdir(f"{FOLDER}/{folder:02}")
        for path, data in new:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o660)
            os.write(file, data)
            os.close(file)

    return timed(work), 0


def look(_: str) -> Timed:
    """List all folders and take size and times of every file."""
    sizes: list[int] = []

    def work() -> None:
        for folder in range(FOLDERS):
            with os.scandir(f"{FOLDER}/{folder:02}") as entries:
                sizes.extend(entry.stat().st_size for entry in entries)

    return timed(work), len(PATHS) - sizes.count(SIZE)


def read(word: str) -> Timed:
    """Read all small files."""
    found: list[bytes] = []

    def work() -> None:
        for path in PATHS:
            file = os.open(path, os.O_RDONLY)
            found.append(os.read(file, 2 * SIZE))
            os.close(file)

    took = timed(work)
    return took, sum(data != content(word, path, SIZE) for path, data in zip(PATHS, found, strict=True))


def beside(word: str) -> Timed:
    """Read all small files while another process reads the big one from the server, over and over."""
    reader = os.fork()
    if reader == 0:
        read_for_ever()
    time.sleep(0.5)
    try:
        return read(word)
    finally:
        os.kill(reader, signal.SIGKILL)
        os.waitpid(reader, 0)


def read_for_ever() -> None:
    """Read the big file past all caches of this machine (O_DIRECT)."""
    file, block = os.open(BIG, os.O_RDONLY | os.O_DIRECT), mmap.mmap(-1, MIB)
    while True:
        for number in range(BIG_MIB):
            os.preadv(file, [block], number * MIB)


def write_big(word: str) -> Timed:
    """Write the big file, until the server's disk has it."""
    blocks = [content(word, number, MIB) for number in range(BIG_MIB)]

    def work() -> None:
        file = os.open(BIG, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o660)
        for block in blocks:
            os.write(file, block)
        os.fsync(file)
        os.close(file)

    return timed(work), 0


def read_big(word: str) -> Timed:
    """Read the big file from its beginning to its end."""
    found = memoryview(bytearray(BIG_MIB * MIB))

    def work() -> None:
        file = os.open(BIG, os.O_RDONLY)
        for number in range(BIG_MIB):
            os.readv(file, [found[number * MIB : (number + 1) * MIB]])
        os.close(file)

    took = timed(work)
    same = [bytes(found[n * MIB : (n + 1) * MIB]) == content(word, n, MIB) for n in range(BIG_MIB)]
    return took, int(not all(same))


def clear(_: str) -> Timed:
    """Delete everything."""
    return timed(lambda: shutil.rmtree(FOLDER)), 0


PIECES = {
    "create": create,
    "look": look,
    "read": read,
    "beside": beside,
    "write-big": write_big,
    "read-big": read_big,
    "clear": clear,
}


def calls() -> tuple[int, int]:
    """All calls of this machine's NFS client so far, and those that read content."""
    with open("/proc/net/rpc/nfs") as file:
        counts = {line.split()[0]: line.split()[1:] for line in file}
    # proc4: how many kinds of calls, then NULL, READ, WRITE ...
    return int(counts["rpc"][0]), int(counts["proc4"][2])


def main(piece: str, word: str) -> None:
    """Do one piece of work and say what it took."""
    before = calls()
    took, wrong = PIECES[piece](word)
    after = calls()
    said = {"seconds": took, "requests": after[0] - before[0], "reads": after[1] - before[1], "wrong": wrong}
    print(json.dumps(said))


main(sys.argv[1], sys.argv[2])
