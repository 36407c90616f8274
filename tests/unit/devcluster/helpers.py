"""Helpers of the devcluster's tests, here and in tests/cluster."""

import os
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path


def write_script(path: Path, body: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def processes_in(directory: Path) -> list[int]:
    """Processes whose working directory is `directory`: every program of a cluster runs in the cluster's folder."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            if os.readlink(entry / "cwd") == str(directory) and state != "Z":
                found.append(int(entry.name))
        except OSError:
            # It has ended meanwhile, or belongs to somebody else.
            continue
    return found


def listening_addresses(processes: list[int]) -> set[tuple[str, int]]:
    """Address and port of every TCP socket on which one of the processes listens, as the kernel lists them."""
    sockets: set[str] = set()
    for pid in processes:
        sockets.update(os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir())
    found: set[tuple[str, int]] = set()
    for family, table in ((socket.AF_INET, "tcp"), (socket.AF_INET6, "tcp6")):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"socket:[{inode}]" in sockets:
                address, port = local.split(":")
                # Words of four bytes, each in the order of this machine.
                words = [bytes.fromhex(address[i : i + 8])[::-1] for i in range(0, len(address), 8)]
                found.add((socket.inet_ntop(family, b"".join(words)), int(port, 16)))
    return found


def eventually(what: str, seconds: float, check: Callable[[], object]) -> float:
    """Wait until `check()` is true; fails the test after `seconds`. Returns how long it took, in seconds."""
    began = time.monotonic()
    while not check():
        waited = time.monotonic() - began
        assert waited < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.1)
    return time.monotonic() - began
