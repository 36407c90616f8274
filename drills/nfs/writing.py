"""The writer in a client guest, seen from this machine."""

import subprocess
import threading
import time
from pathlib import Path

from drills.guests.guest import Guest

_WRITER = (Path(__file__).parent / "writer.py").read_text()


class Writing:
    """The writer in a client guest, and what it acknowledged, with this machine's times."""

    def __init__(self, client: Guest, path: str) -> None:
        client.ssh("cat > /tmp/writer.py", text=_WRITER)
        self.process = subprocess.Popen(
            [*client.ssh_command(), f"exec python3 /tmp/writer.py {path}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: list[tuple[float, str]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 a pipe was asked for
        for line in self.process.stdout:
            self.lines.append((time.monotonic(), line.strip()))

    @property
    def acknowledged(self) -> list[tuple[float, int]]:
        """Time and number of each acknowledged record."""
        return [(at, int(line)) for at, line in self.lines if line.isdigit()]

    def wait_for(self, more: int, limit: float) -> None:
        """Wait for so many more records. Raises TimeoutError."""
        until, goal = time.monotonic() + limit, len(self.acknowledged) + more
        while len(self.acknowledged) < goal:
            if time.monotonic() > until:
                raise TimeoutError(f"no {more} records within {limit:.0f} s; the last lines: {self.lines[-3:]}")
            time.sleep(0.1)

    def end(self) -> str:
        """Stop writing; what became of the lock."""
        assert self.process.stdin is not None  # noqa: S101 a pipe was asked for
        self.process.stdin.write("\n")
        self.process.stdin.close()
        self._reader.join(timeout=180)
        self.process.wait(timeout=30)
        return self.lines[-1][1]
