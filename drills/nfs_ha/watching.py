"""Both servers seen from this machine: who was Primary, and who had the virtual address, when."""

import shlex
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from time import time

from drills.guests.guest import Guest
from drills.nfs_ha.machines import ADDRESS

DRBD = ("ro:Primary", "/proc/drbd")
LISTENS = (":0801 00000000000000000000000000000000:0000 0A", "/proc/net/tcp6")
"""How a node is known to be the one, a text and where it then stands: DRBD's role, or a server on port 2049."""
_WATCHER = (Path(__file__).parent / "watcher.py").read_text()
Spans = list[tuple[float, float]]


@dataclass(frozen=True)
class Look:
    """What a node saw of itself."""

    at: float
    """By this machine's clock."""
    primary: bool
    address: bool


class Watch:
    """One node from one power-on on."""

    def __init__(self, node: Guest, known_by: tuple[str, str]) -> None:
        self.node = node
        if known_by == DRBD:
            node.ssh("modprobe drbd")
        node.ssh("cat > /tmp/watcher.py", text=_WATCHER)
        self._process = subprocess.Popen(
            [*node.ssh_command(), f"exec python3 /tmp/watcher.py {shlex.join([ADDRESS, *known_by])}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._said: list[tuple[float, float, bool, bool]] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 a pipe was asked for
        for line in self._process.stdout:
            at, primary, address = line.split()
            self._said.append((time(), float(at), primary == "1", address == "1"))

    def looks(self) -> list[Look]:
        """All looks. The guest's clock is put right by the line that was fastest to come here."""
        said = list(self._said)
        ahead = min((here - there for here, there, _, _ in said), default=0.0)
        return [Look(there + ahead, primary, address) for _, there, primary, address in said]

    def end(self) -> None:
        """Look no more."""
        self._process.kill()
        self._process.wait()


def spans(looks: list[Look], what: str) -> Spans:
    """From the first to the last look of each time that something held."""
    found: Spans = []
    open_span = False
    for look in looks:
        if not getattr(look, what):
            open_span = False
        elif open_span:
            found[-1] = (found[-1][0], look.at)
        else:
            found.append((look.at, look.at))
            open_span = True
    return found


def overlaps(one: Spans, other: Spans) -> list[float]:
    """For how many seconds each two spans were both open."""
    both = [min(a[1], b[1]) - max(a[0], b[0]) for a in one for b in other]
    return [seconds for seconds in both if seconds > 0]


class Watches:
    """Both nodes over all their power-ons."""

    def __init__(self, nodes: tuple[Guest, Guest], known_by: tuple[str, str] = DRBD) -> None:
        self._known_by = known_by
        self._all = {node.name: [Watch(node, known_by)] for node in nodes}

    def again(self, node: Guest) -> None:
        """The node was powered on again."""
        self._all[node.name].append(Watch(node, self._known_by))

    def after(self, node: Guest, moment: float, what: str) -> float | None:
        """How long after a moment a node first was `primary` or had the `address`."""
        looks = (look for watch in self._all[node.name] for look in watch.looks() if look.at > moment)
        return next((look.at - moment for look in looks if getattr(look, what)), None)

    def problems(self) -> list[str]:
        """Two Primaries, two addresses, or the address where no Primary is; empty: none of it was ever seen."""
        one, other = ([look for watch in watches for look in watch.looks()] for watches in self._all.values())
        found: list[str] = []
        for what, said in (("primary", "both nodes were Primary"), ("address", "both nodes had the address")):
            if both := overlaps(spans(one, what), spans(other, what)):
                found.append(f"{said} for {max(both):.1f} s")
        return found

    def end(self) -> None:
        """Look no more."""
        for watches in self._all.values():
            watches[-1].end()
