#!/usr/bin/python3
"""The warden of a node with data: it decides twice a second who serves, and does what that takes.

`warden.py` runs for ever; `fence` is DRBD's fence-peer handler; `switch` is a planned switch; `stopped` runs after the
warden ended; `status` says what this node sees. The rules are in pair_rules.py.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pair_disk
from pair_disk import Disk
from pair_rules import LEASE, MARGIN, RENEW, WAIT, Facts, decide, fenced
from pair_words import STAGE, ask, number, secret

RUN = Path("/run/kotaemon-nfs")
TURN = 0.5
"""Seconds between two looks."""
MADE = Path("/var/lib/kotaemon-nfs/pair-made")
"""There once the first node has made the file systems: the other knows by having seen it as Primary."""
AWAY = 30.0
"""Seconds for which a node that handed over does not ask for the lease."""
PEER_OUTDATED = 4
"""Exit code of a fence-peer handler by which DRBD counts the peer's disk as outdated and goes on writing."""


def say(text: str) -> None:
    """To the journal of the unit."""
    print(text, flush=True)


def restart_node(reason: str) -> None:
    """Self-fencing: the machine restarts at once, without writing anything more."""
    try:
        Path("/dev/kmsg").write_text(f"kotaemon-nfs: restarting this node: {reason}\n")
    finally:
        Path("/proc/sysrq-trigger").write_text("b")
        time.sleep(60)


class Node:
    """This node: its description, its disks, its lease."""

    def __init__(self) -> None:
        self.name, self.other, self._witness, port, self.version = (STAGE / "pair").read_text().split()
        self._port = int(port)
        self._key = secret()

    def disk(self) -> Disk:
        """What DRBD says now."""
        return pair_disk.read(self.other, self.version)

    def ask(self, disk: Disk, mark: str, asked: int) -> str:
        """Whether this node may serve: DRBD's quorum where it has one, else the witness's lease."""
        if disk.quorum is not None:
            return "mine" if disk.quorum else "refused"
        if mark == "paired":
            self.remember(None, alone=False)  # before the witness hears it: from then on the other may serve
        began = time.monotonic()
        said = ask(self._witness, self._port, self._key, self.name, mark, asked)
        if said == "mine" and mark != "free":
            self.remember(began + LEASE - MARGIN, alone=self.lease()[1] if mark == "ask" else mark == "alone")
        return said

    def remember(self, until: float | None, *, alone: bool) -> None:
        """Keep what the witness granted where the fence-peer handler finds it."""
        kept = RUN / f"lease.{os.getpid()}.{threading.get_ident()}"
        kept.write_text(f"{self.lease()[0] if until is None else until} {int(alone)}")
        kept.replace(RUN / "lease")

    def lease(self) -> tuple[float, bool]:
        """Until when the lease is valid, and whether the witness knows that the other's disk is outdated."""
        try:
            until, alone = (RUN / "lease").read_text().split()
        except FileNotFoundError:
            return 0.0, False
        return float(until), alone == "1"

    def sure(self) -> bool:
        """Nobody else can serve now."""
        until, alone = self.lease()
        return alone or time.monotonic() < until


class Warden:
    """Looks, decides, does."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.over = False
        self._seen = time.monotonic()
        self._away_until = 0.0
        self._said = ""
        self._mounts = [Path(line) for line in (STAGE / "pair-mounts").read_text().split()]
        self._units = Path("/var/lib/kotaemon-nfs/pair-units").read_text().split()

    def run(self) -> None:
        """Until SIGTERM; then whoever serves hands over."""
        disk = self.node.disk()
        self._address(held=False)
        if disk.role == "Secondary":
            self._gate(closed=True)
        threading.Thread(target=self._renewals, daemon=True).start()
        while not self.over:
            self.turn()
            time.sleep(TURN)
        if self.node.disk().role == "Primary":
            self.demote()

    def turn(self) -> None:
        """One look, and what follows from it."""
        asked, disk = number(), self.node.disk()
        if disk.peer != "Unknown":
            self._seen = time.monotonic()
        if disk.peer == "Primary" and not MADE.exists():
            MADE.touch()
        if (RUN / "away").exists():
            (RUN / "away").unlink()
            self._away_until = time.monotonic() + AWAY
        facts = self._facts(disk)
        what = decide(facts, "")
        if what == "ask":
            mark = "alone" if disk.role == "Primary" else "ask"
            what = decide(self._facts(disk), self.node.ask(disk, mark, asked))
        if (line := f"{disk.role}, the other {disk.peer}, disk {disk.disk}: {what}") != self._said:
            say(line)
            self._said = line
        self._do(what, disk)

    def _facts(self, disk: Disk) -> Facts:
        now = time.monotonic()
        return Facts(
            role=disk.role,
            peer=disk.peer,
            disk=disk.disk,
            paired=disk.paired,
            sure=bool(disk.quorum) if disk.quorum is not None else self.node.sure(),
            waited=now - self._seen > WAIT,
            serving=self._serving(),
            away=now < self._away_until or (disk.role == "Secondary" and not MADE.exists()),
        )

    def _do(self, what: str, disk: Disk) -> None:
        if what == "fence":
            restart_node(f"the other node may serve ({disk})")
        elif what == "promote":
            if self._run("drbdadm", "primary", pair_disk.RESOURCE):
                self.start()
            else:
                self.node.ask(disk, "free", number())
        elif what == "start":
            self.start()
        elif what == "serve":
            self._address(held=True)
        elif what == "demote":
            self.demote()
        else:
            self._address(held=False)

    def start(self) -> None:
        """Mount, serve, and only then let clients in and take the address."""
        self._address(held=False)
        self._gate(closed=True)
        if self._run("systemctl", "restart", "nfs-server.service") and self._serving() and self._exported():
            self._gate(closed=False)
            self._address(held=True)
            say("serving")
        else:
            say("the server did not start; see journalctl -u nfs-server")
            self._away_until = time.monotonic() + AWAY  # the other node may be able to

    def demote(self) -> None:
        """Give up the address, the server, the disks and the lease, in this order."""
        self._address(held=False)
        self._gate(closed=True)
        stopped = self._run("systemctl", "stop", "nfs-server.service", *self._units)
        if not stopped or not self._run("drbdadm", "secondary", pair_disk.RESOURCE):
            restart_node("its disks could not be given up")
        self.node.ask(self.node.disk(), "free", number())
        say("handed over")

    def _renewals(self) -> None:
        while True:
            asked, disk = number(), self.node.disk()
            if disk.role == "Primary":
                self.node.ask(disk, "paired" if disk.paired else "alone", asked)
            time.sleep(RENEW)

    def _serving(self) -> bool:
        threads = Path("/proc/fs/nfsd/threads")
        try:
            return all(map(os.path.ismount, self._mounts)) and int(threads.read_text()) > 0
        except OSError:
            return False

    def _exported(self) -> bool:
        table = subprocess.run(["exportfs", "-s"], capture_output=True, text=True).stdout
        return all(f"\n{path} " in f"\n{table}" for path in (STAGE / "paths").read_text().split())

    def _address(self, *, held: bool) -> None:
        """What keepalived looks at: 0 and it takes the virtual address, 1 and it lets go."""
        text, file = f"{int(not held)}\n", RUN / "address"
        if not file.exists() or file.read_text() != text:
            file.write_text(text)

    def _gate(self, *, closed: bool) -> None:
        """While the gate is closed no client sees a server that is only half there."""
        empty = "table inet kotaemon_nfs_gate\ndelete table inet kotaemon_nfs_gate\n"
        shut = (STAGE / "pair-gate.nft").read_text() if closed else ""
        subprocess.run(["nft", "-f", "-"], input=empty + shut, text=True, check=True)

    def _run(self, *command: str) -> bool:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            say(f"{' '.join(command)} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-400:]}")
        return done.returncode == 0


def fence_peer(node: Node) -> int:
    """DRBD asks whether the other node's disk is outdated; until this ends, it acknowledges no write."""
    while True:
        asked, disk = number(), node.disk()
        said = node.ask(disk, "alone", asked)
        what = fenced(disk.role, said, node.sure(), node.lease()[1])
        if what == "restart":
            restart_node(f"the witness is {said}, and the other node is gone")
        if what != "again":
            return PEER_OUTDATED if what == "outdated" else 1
        time.sleep(0.2)


def switch(node: Node) -> int:
    """A planned switch: this node hands over, and waits until the other one serves."""
    disk = node.disk()
    if disk.role != "Primary" or not disk.paired:
        say(f"refused: a switch is made on the node that serves, while both disks are equal; here: {disk}")
        return 1
    (RUN / "away").touch()
    until = time.monotonic() + AWAY
    while time.monotonic() < until:
        time.sleep(TURN)
        if node.disk().peer == "Primary":
            say(f"{node.other} serves")
            return 0
    say(f"{node.other} has not taken over within {AWAY:.0f} seconds; see journalctl -u kotaemon-nfs-warden on both")
    return 1


def main(command: str) -> int:
    """Run one of the commands in the docstring of this file."""
    RUN.mkdir(exist_ok=True)
    node = Node()
    if command == "fence":
        return fence_peer(node)
    if command == "switch":
        return switch(node)
    if command == "status":
        say(str(node.disk()))
        return 0
    if command == "stopped":
        if node.disk().role == "Primary":
            restart_node("its warden ended while it was Primary")
        return 0
    warden = Warden(node)

    def end(*_signal: object) -> None:
        warden.over = True

    signal.signal(signal.SIGTERM, end)
    warden.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "run"))
