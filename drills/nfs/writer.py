"""Runs inside a client guest: numbered records, each on the server's disk before it is acknowledged, under a held lock.

`python3 writer.py FILE` prints `lock`, then the number of each record that was written, fsynced and so acknowledged.
It ends when its standard input ends, and prints `held` or `lost` for its lock.
"""

import fcntl
import os
import select
import sys
import time


def main(path: str) -> None:
    """Write until the standard input ends."""
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o660)
    fcntl.lockf(lock, fcntl.LOCK_EX)
    print("lock", flush=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o660)
    number = 0
    while not select.select([0], [], [], 0)[0]:
        os.write(file, b"%d\n" % number)
        os.fsync(file)
        print(number, flush=True)
        number += 1
        time.sleep(0.05)
    try:
        # A lock that the server forgot makes this fail with EIO (NFSv4: the state is gone).
        os.pwrite(lock, b"x", 0)
        os.fsync(lock)
        print("held", flush=True)
    except OSError as problem:
        print(f"lost {problem}", flush=True)


main(sys.argv[1])
