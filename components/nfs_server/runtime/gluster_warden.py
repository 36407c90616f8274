#!/usr/bin/python3
"""The warden of a node of a pair on GlusterFS: it serves while it has the lease in the volume, and only then.

`warden.py` runs for ever; `switch` is a planned switch; `stopped` runs after the warden ended; `status` says what this
node sees. It is the file warden.py on the host.
"""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from gluster_lease import BEAT, Lease
from nfs_answer import serves

STAGE = Path("/etc/kotaemon-nfs")
RUN = Path("/run/kotaemon-nfs")
SERVER = "kotaemon-nfs-ganesha.service"
TURN = 1.0
"""Seconds between two looks."""
PATIENCE = 25.0
"""Seconds without a beat, or an answer of the server, after which this node gives up: the volume stands still for ten
seconds when another host is lost, and that is no reason."""
LOCKS = 3.0
"""Seconds by which the locks of a lost node's server may outlive its lease; a client that came before could not take
its own lock up again."""
START = 120.0
"""Seconds within which a server has to answer after its start."""
AGAIN = 5.0
"""Seconds after which a mount that failed is tried again; systemd gives up units that fail more often."""
AWAY = 30.0
"""Seconds for which a node that gave up does not ask for the lease."""


def say(text: str) -> None:
    """To the journal of the unit."""
    print(text, flush=True)


def systemctl(*command: str) -> bool:
    """Whether it did so; what it says goes to the journal."""
    try:
        done = subprocess.run(["systemctl", *command], capture_output=True, text=True, timeout=180)
    except subprocess.TimeoutExpired:
        say(f"systemctl {' '.join(command)} did not end")
        return False
    if done.returncode:
        say(f"systemctl {' '.join(command)}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.returncode == 0


def address(*, held: bool) -> None:
    """What keepalived looks at: 0 and it takes the virtual address, 1 and it lets go."""
    text, file = f"{int(not held)}\n", RUN / "address"
    if not file.exists() or file.read_text() != text:
        file.write_text(text)


def exported() -> str:
    """What clients mount."""
    return (STAGE / "pair-served").read_text().strip()


class Holder:
    """The lease, held by a thread of its own: the volume may let it wait."""

    def __init__(self, lease: Lease, mount: str) -> None:
        self._lease, self._mount = lease, mount
        self._good: float | None = None
        self._worked = time.monotonic()
        self.wanted = False
        threading.Thread(target=self._run, daemon=True).start()

    def may(self) -> bool:
        """Whether this node may serve now."""
        good = self._good
        return good is not None and time.monotonic() - good < PATIENCE

    def held(self) -> bool:
        """Whether it is not yet given back."""
        return self._good is not None

    @property
    def from_a_loss(self) -> bool:
        """Whether the last holder was lost."""
        return self._lease.from_a_loss

    def _run(self) -> None:
        while True:
            try:
                self._turn()
                self._worked = time.monotonic()
            except OSError as problem:
                self._lost(problem)
            time.sleep(BEAT if self._good is not None else TURN)

    def _turn(self) -> None:
        if not self._mounted():
            return
        began = time.monotonic()
        if self._good is None:
            if self.wanted and self._lease.ask(began):
                self._good = began
        elif self.wanted:
            self._lease.beat()
            self._good = began
        else:
            self._good = None
            self._lease.let_go()

    def _lost(self, problem: OSError) -> None:
        if self._good is not None:
            say(f"the lease is lost: {problem}")
        self._good = None
        with contextlib.suppress(OSError):
            self._lease.forget()
        # The volume's own process may have ended, and only a mount brings it back.
        if time.monotonic() - self._worked > PATIENCE:
            self._worked = time.monotonic()
            systemctl("stop", self._unit())

    def _mounted(self) -> bool:
        if f" {self._mount} " in Path("/proc/self/mounts").read_text():
            return True
        if self._good is not None:
            raise OSError(f"{self._mount} is no longer mounted")
        if not systemctl("start", self._unit()):
            time.sleep(AGAIN)
        return False

    def _unit(self) -> str:
        done = subprocess.run(
            ["systemd-escape", "--path", "--suffix=mount", self._mount], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()


class Warden:
    """Looks, decides, does."""

    def __init__(self, holder: Holder) -> None:
        self._holder = holder
        self._path = exported()
        self._serving = False
        self._answered = 0.0
        self._away_until = 0.0
        self.over = False

    def run(self) -> None:
        """Until SIGTERM; then whoever serves hands over."""
        self.stop("the warden begins")
        while not self.over:
            self.turn()
            time.sleep(TURN)
        self.hand_over("the warden ends")

    def turn(self) -> None:
        """One look, and what follows from it."""
        if (RUN / "away").exists():
            (RUN / "away").unlink()
            if self._serving:
                self.hand_over("a planned switch")
        self._holder.wanted = time.monotonic() >= self._away_until
        may = self._holder.may()
        if may and not self._serving:
            self.start()
        elif self._serving and not may:
            self.stop("it has no lease")
        elif self._serving and not self._healthy():
            self.hand_over("its server does not answer")

    def start(self) -> None:
        """Serve, and take the address once a question goes through to the volume."""
        if self._holder.from_a_loss:
            time.sleep(LOCKS)
        say("starting the server")
        systemctl("restart", SERVER)
        until = time.monotonic() + START
        while time.monotonic() < until and self._holder.may() and not self.over:
            with contextlib.suppress(ConnectionRefusedError):
                if serves(self._path):
                    self._serving, self._answered = True, time.monotonic()
                    address(held=True)
                    say("serving")
                    return
            time.sleep(0.2)
        self.hand_over(f"the server did not start; see journalctl -u {SERVER}")

    def stop(self, why: str) -> None:
        """Give up the address, then the server."""
        address(held=False)
        systemctl("stop", SERVER)
        if self._serving:
            say(f"no longer serving: {why}")
        self._serving = False

    def hand_over(self, why: str) -> None:
        """Stop, and give the lease back, for a while."""
        self.stop(why)
        self._away_until = time.monotonic() + AWAY
        self._holder.wanted = False
        until = time.monotonic() + PATIENCE
        while self._holder.held() and time.monotonic() < until:
            time.sleep(0.1)

    def _healthy(self) -> bool:
        try:
            if serves(self._path):
                self._answered = time.monotonic()
        except ConnectionRefusedError:
            return False
        return time.monotonic() - self._answered < PATIENCE


def switch(lease: Lease, me: str) -> int:
    """A planned switch: this node hands over, and waits until the other one has the lease."""
    if lease.holder() != me:
        say(f"refused: a switch is made on the node that serves; here {lease.holder() or 'nobody'} has the lease")
        return 1
    (RUN / "away").touch()
    until = time.monotonic() + 2 * AWAY
    while time.monotonic() < until:
        time.sleep(TURN)
        if (other := lease.holder()) not in (me, "-"):
            say(f"{other} has the lease")
            return 0
    say("nobody has taken over; see journalctl -u kotaemon-nfs-warden on both")
    return 1


def main(command: str) -> int:
    """Run one of the commands in the docstring of this file."""
    RUN.mkdir(exist_ok=True)
    if command == "stopped":
        address(held=False)
        systemctl("stop", SERVER)
        return 0
    mount, me = (STAGE / "pair-mount").read_text().strip(), (STAGE / "pair-me").read_text().strip()
    lease = Lease(Path(mount) / ".kotaemon-nfs", me)
    if command == "switch":
        return switch(lease, me)
    if command == "status":
        here = (RUN / "address").exists() and (RUN / "address").read_text() == "0\n"
        say(f"this is {me} and {'serves' if here else 'does not serve'}; {lease.holder() or 'nobody'} has the lease")
        return 0
    warden = Warden(Holder(lease, mount))

    def end(*_signal: object) -> None:
        warden.over = True

    signal.signal(signal.SIGTERM, end)
    warden.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "run"))
