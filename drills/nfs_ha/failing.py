"""The drills: a client writes and holds a lock while the pair is switched, killed and cut apart."""

import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from itertools import pairwise

from drills.guests.guest import Guest
from drills.nfs.writing import Writing
from drills.nfs_ha.machines import PATH, Machines
from drills.nfs_ha.watching import Watches
from drills.results import Result, seconds

_LOGS = "/mnt/nfs/logs"
_CUT = """
nft -f - << RULES
table inet drill {
  chain in { type filter hook input priority filter - 30; tcp dport 7789 drop; tcp sport 7789 drop; }
  chain out { type filter hook output priority filter - 30; tcp dport 7789 drop; tcp sport 7789 drop; }
}
RULES
"""
_MEND = "nft delete table inet drill"
_PATIENCE = 600.0
"""Seconds: emulated guests on a busy machine boot and connect slowly."""


class Pair:
    """The pair under the drills."""

    exported = PATH
    """Where the node that serves has what it exports."""

    def __init__(self, machines: Machines, watches: Watches) -> None:
        self.machines, self.watches, self._number = machines, watches, 0

    def serving(self) -> tuple[Guest, Guest]:
        """The node that serves, and the other; waits until one does."""
        until = time.monotonic() + _PATIENCE
        one, other = self.machines.nodes
        while time.monotonic() < until:
            if self.serves(one):
                return one, other
            if self.serves(other):
                return other, one
            time.sleep(1)
        raise TimeoutError("no node serves")

    def serves(self, node: Guest) -> bool:
        """Whether a node has the address, as far as it answers."""
        return said(node, "cat /run/kotaemon-nfs/address") == "0"

    def wait_until_serves(self, node: Guest) -> None:
        """Wait until a node serves, or for as long as patience lasts."""
        until = time.monotonic() + _PATIENCE
        while not self.serves(node) and time.monotonic() < until:
            time.sleep(1)

    def stays_with(self, node: Guest, other: Guest, result: Result) -> None:
        """Once both have the same data, the node that took over still serves."""
        self.wait_for_both(node)
        if self.serving()[0] is not node:
            result.problems.append(f"{other.name} took over again by itself")

    def wait_for_both(self, node: Guest) -> float:
        """Wait until both disks are equal; the seconds that took."""
        began, disks = time.monotonic(), ""
        while time.monotonic() - began < _PATIENCE:
            disks = said(node, "cat /proc/drbd")
            if disks.count("cs:Connected") == disks.count("ds:UpToDate/UpToDate") == 2:
                return time.monotonic() - began
            time.sleep(1)
        raise TimeoutError(f"the disks did not become equal: {disks}")

    def back(self, node: Guest) -> None:
        """Power on."""
        node.start()
        node.wait()
        self.watches.again(node)

    @contextmanager
    def writing(self, result: Result) -> Generator[Writing]:
        """A client that writes and holds a lock; at the end what it lost goes into the result."""
        self._number += 1
        name = f"records-{self._number}"
        writing = Writing(self.machines.client, f"{_LOGS}/{name}")
        writing.wait_for(10, _PATIENCE)
        yield writing
        writing.wait_for(10, _PATIENCE)
        lock = writing.end()
        server, _ = self.serving()
        there = set(server.ssh(f"cat {self.exported}/logs/{name}").stdout.split())
        lost = [number for _, number in writing.acknowledged if str(number) not in there]
        stale = self.machines.client.ssh(f"ls {_LOGS}; cat {_LOGS}/{name} > /dev/null", check=False).stderr.strip()
        result.facts |= {
            "records": str(len(writing.acknowledged)),
            "lost": str(len(lost)),
            "stale handles": str(stale.count("Stale")),
            "without service": seconds(longest(writing)),
            "lock": lock,
        }
        result.problems += [f"acknowledged records are lost: {lost[:5]}"] if lost else []
        result.problems += [f"the client says: {stale}"] if stale else []
        result.problems += [f"the lock was {lock}"] if lock != "held" else []
        result.problems += self.watches.problems()


def said(node: Guest, command: str) -> str:
    """What a node says; nothing when it is off or does not answer."""
    if node.process is None or node.process.poll() is not None:
        return ""
    try:
        return node.ssh(command, seconds=20, check=False).stdout.strip()
    except subprocess.TimeoutExpired:
        return ""


def longest(writing: Writing) -> float:
    """The longest time between two acknowledged records."""
    times = [at for at, _ in writing.acknowledged]
    return max(later - earlier for earlier, later in pairwise(times))


def planned(pair: Pair) -> Result:
    """A planned switch."""
    result = Result("planned switch")
    server, other = pair.serving()
    with pair.writing(result):
        asked = server.ssh("python3 /etc/kotaemon-nfs/warden.py switch", check=False)
        if asked.returncode:
            result.problems.append(asked.stdout.strip())
    if pair.serving()[0] is not other:
        result.problems.append(f"{server.name} still serves")
    return result


def power_off(pair: Pair) -> Result:
    """The serving node loses its power; it comes back, and does not take over again."""
    result = Result("power-off of the node that serves")
    server, other = pair.serving()
    with pair.writing(result):
        off = server.power_off() - time.monotonic() + time.time()
        if pair.serving()[0] is not other:
            result.problems.append(f"{other.name} does not serve")
    for what in ("primary", "address"):
        result.facts[f"{what} after"] = seconds(pair.watches.after(other, off, what))
    pair.back(server)
    pair.stays_with(other, server, result)
    return result


def link_cut(pair: Pair) -> Result:
    """The replication link is cut and mended: the serving node goes on, the other stays where it is."""
    result = Result("replication link cut, and mended")
    server, other = pair.serving()
    with pair.writing(result) as writing:
        other.ssh(_CUT)
        writing.wait_for(10, _PATIENCE)
        time.sleep(20)  # longer than any lease
        if pair.serving()[0] is not server:
            result.problems.append(f"{other.name} took over")
        other.ssh(_MEND)
    pair.wait_for_both(server)
    return result


def link_cut_and_power_off(pair: Pair) -> Result:
    """The link is cut, records follow that only one disk has, then that node loses its power.

    The other must not serve: it lacks acknowledged records. Service comes back with the node that has them.
    """
    result = Result("replication link cut, then power-off of the node that serves")
    server, other = pair.serving()
    with pair.writing(result) as writing:
        other.ssh(_CUT)
        writing.wait_for(10, _PATIENCE)
        time.sleep(10)
        server.power_off()
        time.sleep(40)
        if "ro:Primary" in said(other, "cat /proc/drbd"):
            result.problems.append(f"{other.name} serves without the last records")
        pair.back(server)
        pair.serving()
    other.ssh(_MEND)
    pair.wait_for_both(server)
    return result


def cut_off(pair: Pair) -> Result:
    """The serving node loses its whole network: it restarts itself, and the other serves."""
    result = Result("the node that serves is cut off from everybody")
    server, other = pair.serving()
    with pair.writing(result):
        server.ssh("ip link set eth1 down")
        pair.wait_until_serves(other)
    if server.process is None or server.process.poll() is None:
        result.problems.append(f"{server.name} did not restart itself")
    server.power_off()
    pair.back(server)
    pair.wait_for_both(other)
    return result


DRILLS = (planned, power_off, link_cut, link_cut_and_power_off, cut_off)
