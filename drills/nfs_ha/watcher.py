"""Runs inside a server guest: twice a second, whether this node is Primary and whether it has the virtual address."""

import sys
import time
from pathlib import Path

address = f"-- {sys.argv[1]}\n"
while True:
    primary = "ro:Primary" in Path("/proc/drbd").read_text()
    held = address in Path("/proc/net/fib_trie").read_text()
    print(time.time(), int(primary), int(held), flush=True)
    time.sleep(0.5)
