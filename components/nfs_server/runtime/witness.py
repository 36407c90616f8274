#!/usr/bin/python3
"""The witness of a pair of NFS servers: it gives the lease to one node at a time and remembers whose disk is outdated.

It holds no data and sees none. What it must not forget (owner, whose disk is outdated) is on its disk before it
answers. After its own restart the last owner's lease runs for its full time once more.
"""

import os
import socketserver
import sys
import threading
import time
from pathlib import Path

from pair_rules import LEASE, Held, judged
from pair_words import STAGE, Asked, read_asked, secret, signed

KEPT = Path("/var/lib/kotaemon-nfs/witness")


class Witness:
    """The memory of the witness, and its answers."""

    def __init__(self, nodes: tuple[str, str], kept: Path) -> None:
        self._nodes = nodes
        self._kept = kept
        self._lock = threading.Lock()
        self._last: dict[str, tuple[str, int]] = {}
        self._over: set[str] = set()
        owner, outdated = kept.read_text().split("\n")[:2] if kept.exists() else ("", "")
        self._held = Held(owner, time.monotonic() + LEASE if owner else 0.0, outdated)

    def answer(self, asked: Asked) -> str:
        """Mine or refused; empty for a question that came too late or from nobody of the pair."""
        if asked.node not in self._nodes:
            return ""
        other = self._nodes[1 - self._nodes.index(asked.node)]
        with self._lock:
            if not self._newer(asked):
                return ""
            said, held = judged(self._held, asked.node, other, asked.mark, time.monotonic())
            if held[::2] != self._held[::2]:
                self._keep(held)
                print(f"owner {held.owner}, outdated {held.outdated or 'nobody'}", flush=True)
            self._held = held
        return said

    def _newer(self, asked: Asked) -> bool:
        boot, number = self._last.get(asked.node, (asked.boot, -1))
        if asked.boot in self._over or (boot == asked.boot and asked.number <= number):
            return False
        if boot != asked.boot:
            self._over.add(boot)
        self._last[asked.node] = (asked.boot, asked.number)
        return True

    def _keep(self, held: Held) -> None:
        new = self._kept.with_suffix(".new")
        with new.open("w") as file:
            file.write(f"{held.owner}\n{held.outdated}\n")  # always two lines
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._kept)
        folder = os.open(self._kept.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def server(address: str, port: int, key: bytes, witness: Witness) -> socketserver.ThreadingTCPServer:
    """The server, bound and not yet started."""

    class Handler(socketserver.StreamRequestHandler):
        timeout = 2  # whoever says nothing for so long is not waited for

        def handle(self) -> None:
            try:
                asked = read_asked(key, self.rfile.readline(400))
                if asked is not None and (said := witness.answer(asked)):
                    self.wfile.write(signed(key, [asked.nonce, said]))
            except OSError:
                pass  # whoever asked has gone or is cut off: it asks again, and no answer is a no

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    return Server((address, port), Handler)


def main() -> None:
    """Serve for ever."""
    address, port, *nodes = (STAGE / "witness").read_text().split()
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    with server(address, int(port), secret(), Witness((nodes[0], nodes[1]), KEPT)) as serving:
        serving.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
