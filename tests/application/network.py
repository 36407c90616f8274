"""A network of its own for pods and servers, in namespaces without any way out of this machine.

The machine's side of the bridge, 10.77.0.1, is where servers listen: the fake model endpoint, the resolver, the stores,
the front. Pods have an address each on the bridge. Nothing routes further.
"""

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

GATEWAY = "10.77.0.1"
PREFIX = "10.77.0."


class Network:
    """The namespace that holds the bridge; use as a context manager."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], start_new_session=True)
        self._numbers = itertools.count(10)
        _until_own_network(self._holder.pid)
        for command in (
            "link set lo up",
            "link add name bridge0 type bridge",
            f"address add {GATEWAY}/24 dev bridge0",
            "link set bridge0 up",
        ):
            self._ip(command)

    def __enter__(self) -> "Network":
        return self

    def __exit__(self, *_: object) -> None:
        self._holder.kill()
        self._holder.wait()

    def inside(self, command: Sequence[str]) -> list[str]:
        """The command, to be run on the bridge's side."""
        return ["nsenter", "--target", str(self._holder.pid), "--net", *command]

    def attach(self, pid: int) -> str:
        """Give the network namespace of a process an address; returns it."""
        number = next(self._numbers)
        address = f"{PREFIX}{number}"
        _until_own_network(pid)
        self._ip(f"link add name pod{number} type veth peer name eth0 netns {pid}")
        self._ip(f"link set pod{number} master bridge0 up")
        for command in ("link set lo up", f"address add {address}/24 dev eth0", "link set eth0 up"):
            subprocess.run(["nsenter", "--target", str(pid), "--net", "ip", *command.split()], check=True)
        return address

    def cut(self, address: str, up: bool = False) -> None:
        """Take a pod's cable out (or put it back): packets vanish, as when a node is lost."""
        self._ip(f"link set pod{address.removeprefix(PREFIX)} {'up' if up else 'down'}")

    def _ip(self, command: str) -> None:
        subprocess.run(self.inside(["ip", *command.split()]), check=True)


class Server:
    """A program on the bridge's side, with its output in a file."""

    def __init__(self, network: Network, output: Path, command: Sequence[str], **options: object) -> None:
        self._file = output.open("ab")
        self.process = subprocess.Popen(
            network.inside(command),
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **options,  # pyright: ignore
        )

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> None:
        """End it and what it started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, with_signal)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self._file.close()


def _until_own_network(pid: int) -> None:
    ours = os.readlink("/proc/self/ns/net")
    deadline = time.monotonic() + 10
    while os.readlink(f"/proc/{pid}/ns/net") == ours:
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} has no network namespace of its own")
        time.sleep(0.02)
