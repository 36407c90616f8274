"""The leader's word: announces each published version over NATS, once.

It runs beside the web server that the followers pull from, and sees the same folder, read-only. What it is told:
KS_MODELS_SHARED        the folder with `versions`
KS_NATS_URL             tls://host:port, and KS_NATS_CA, KS_NATS_USER, KS_NATS_PASSWORD
KS_NATS_STREAM          name of the stream, and KS_NATS_REPLICAS: servers that keep it

Whether a version was announced, JetStream knows (ks_nats_stream.py): a leader that comes back on another node announces
what is new. Exit code 78: somebody has to do something first; the message says what.
"""

import os
import sys
import time
from pathlib import Path

from ks_models_layout import DIGEST, VERSIONS
from ks_models_tree import Refused, end_on_sigterm, refuse, say, versions_in
from ks_nats import Denied, Lost, Nats
from ks_nats_stream import Failed, Releases, wait

POLL_SECONDS = float(os.environ.get("KS_POLL_SECONDS", "5"))
AGAIN_SECONDS = 10
"""After a lost connection."""


def connect(name: str) -> Nats:
    """The connection that this pod is told of. Raises Denied and Lost."""
    told = os.environ
    return Nats(told["KS_NATS_URL"], told["KS_NATS_USER"], told["KS_NATS_PASSWORD"], told["KS_NATS_CA"], name)


def announce(releases: Releases, shared: Path, announced: set[str]) -> None:
    """Announce what is published and not in `announced`, oldest first, and add it there."""
    for version in versions_in(shared):
        if version in announced:
            continue
        digest = (shared / VERSIONS / version / DIGEST).read_text().strip()
        new = releases.announce(version, digest)
        announced.add(version)
        say(f"version {version} is announced" if new else f"version {version} was announced before")


def main() -> int:
    end_on_sigterm()
    shared, announced = Path(os.environ["KS_MODELS_SHARED"]), set[str]()
    while True:
        try:
            with connect("models-leader") as nats:
                releases = Releases(nats, os.environ["KS_NATS_STREAM"])
                releases.make(int(os.environ.get("KS_NATS_REPLICAS", "1")))
                say(f"connected to {nats.url}")
                while True:
                    announce(releases, shared, announced)
                    wait(POLL_SECONDS, nats)
        except (Denied, Refused) as wrong:
            refuse(str(wrong))
        except (Lost, Failed, FileNotFoundError) as lost:  # a version that is removed while it is looked at
            say(f"nothing can be announced now, trying again: {lost}")
            time.sleep(min(POLL_SECONDS, AGAIN_SECONDS))


if __name__ == "__main__":
    sys.exit(main())
