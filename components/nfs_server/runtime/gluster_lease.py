"""The lease in the volume: which node of a pair on GlusterFS may serve.

The holder has a lock on a file of the volume, and writes a beat into another one every two seconds. The volume gives a
lock only where a majority of its bricks can be seen, and takes it from a host that they no longer see; so it is the
third that decides between two nodes. Whoever wants the lease asks for the lock only when the beat stands still: a lock
that is asked for all the time could be taken from a holder whose brick just came back.
"""

import fcntl
import os
from pathlib import Path

BEAT = 2.0
"""Seconds between two beats."""
STILL = 5.0
"""Seconds for which a beat must be seen to stand still before the lease is asked for."""
FREE = "-"
"""Who holds it, where somebody let it go."""
_LENGTH = 100


class LostError(OSError):
    """Another node has the lease."""


class Lease:
    """One node's side of it. Each call may wait for the volume for as long as that waits for a lost host."""

    def __init__(self, folder: Path, me: str) -> None:
        self._folder, self._me = folder, me
        self._lock = self._beats = -1
        self._number = 0
        self._seen, self._since = "", 0.0
        self.from_a_loss = False
        """Whether the last holder had not let it go: its server's locks go at about the same time as its lease."""

    def holder(self) -> str:
        """Who has it, as far as the volume says; empty: nobody ever had it."""
        return (self._read().split() or [""])[0]

    def ask(self, now: float) -> bool:
        """Take it if nobody has it. `now`: of a clock that never goes back."""
        said = self._read()
        if said != self._seen:
            self._seen, self._since = said, now
        free = not said or said.startswith(f"{FREE} ")
        if not free and now - self._since < STILL:
            return False
        if not self._take():
            return False
        self.from_a_loss = not free
        self.beat()
        return True

    def beat(self) -> None:
        """Keep it, and prove that the volume can be written. Raises OSError: it is lost, or the volume is."""
        fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if self._number and self.holder() != self._me:
            raise LostError(f"{self.holder()} has the lease")
        self._write(self._me)

    def let_go(self) -> None:
        """So that the other node need not wait. Raises OSError."""
        self._write(FREE)
        self.forget()

    def forget(self) -> None:
        """Close what is open, and with it the lock."""
        for file in (self._lock, self._beats):
            if file >= 0:
                os.close(file)
        self._lock = self._beats = -1
        self._number = 0

    def _take(self) -> bool:
        self.forget()
        self._lock = os.open(self._folder / "lease.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.forget()
            return False
        self._beats = os.open(self._folder / "lease", os.O_RDWR | os.O_CREAT, 0o600)
        return True

    def _write(self, who: str) -> None:
        self._number += 1
        text = f"{who} {os.getpid()} {self._number}\n"
        os.pwrite(self._beats, text.rjust(_LENGTH).encode(), 0)
        os.fsync(self._beats)

    def _read(self) -> str:
        try:
            return (self._folder / "lease").read_text().strip()
        except FileNotFoundError:
            return ""
