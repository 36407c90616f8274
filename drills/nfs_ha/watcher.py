"""Runs inside a server guest: twice a second, whether this node is Primary and whether it has the virtual address.

Arguments: the address, a text that says Primary, and the file in which it then is.
"""

import sys
import time
from pathlib import Path

address, mark, file = f"-- {sys.argv[1]}\n", sys.argv[2], Path(sys.argv[3])
while True:
    primary = mark in file.read_text()
    held = address in Path("/proc/net/fib_trie").read_text()
    print(time.time(), int(primary), int(held), flush=True)
    time.sleep(0.5)
