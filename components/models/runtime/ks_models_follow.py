"""A node's ear: pulls each announced version into the cache of its node, before a pod asks for it.

What it is told: KS_NATS_* as ks_models_announce.py, KS_NODE, and what ks_models_start.py is told, but for the version.
The pull is that script, in a process of its own, so the follower can say meanwhile that it works. A release that was
dealt with is acknowledged; one that is pulled when this pod dies comes again, and the pull goes on where it was.
Exit code 78: somebody has to do something first; the message says what.
"""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

from ks_models_announce import AGAIN_SECONDS, connect
from ks_models_tree import EX_CONFIG, end_on_sigterm, refuse, say
from ks_nats import Denied, Lost
from ks_nats_stream import ACK_SECONDS, NO_STREAM, Announcement, Failed, Releases

SCRIPT = Path(__file__).parent / "ks_models_start.py"
ASK_SECONDS = 30
"""How long one question for a release may wait for one."""
POLL_SECONDS = float(os.environ.get("KS_POLL_SECONDS", str(AGAIN_SECONDS)))
"""Pause after something that trying again may mend."""


def name_of(node: str) -> str:
    """Name of the node's consumer: names of nodes have dots, and consumers none."""
    return f"node-{hashlib.sha256(node.encode()).hexdigest()[:16]}"


def pull(releases: Releases, release: Announcement) -> int:
    """Pull a version, and return the exit code of the script. Raises Lost."""
    told = {"KS_MODELS_VERSION": release.version, "KS_MODELS_DIGEST": release.digest}
    env = {name: value for name, value in os.environ.items() if not name.startswith("KS_NATS_")}
    running = subprocess.Popen([sys.executable, "-S", str(SCRIPT)], env={**env, **told})
    lost: Lost | None = None
    while True:
        try:
            code = running.wait(ACK_SECONDS / 3)
            break
        except subprocess.TimeoutExpired:
            try:
                if lost is None:
                    releases.working(release)
            except Lost as error:
                lost = error  # the pull goes on; the release comes again, and the version is there
    if lost is not None:
        raise lost
    return code


def follow(releases: Releases, node: str) -> None:
    """Deal with releases, one after the other, for ever. Raises Lost and Failed."""
    releases.consumer(node)
    say(f"waiting for releases from {releases.nats.url}")
    while True:
        release = releases.next(node, ASK_SECONDS)
        if release is None:
            continue
        say(f"version {release.version} is announced")
        code = pull(releases, release)
        if code in (0, EX_CONFIG):
            # What is refused stays refused: the pods say so as well when they start with that version.
            releases.done(release)
            say(f"version {release.version} is dealt with")
        else:
            releases.later(release, POLL_SECONDS)


def main() -> int:
    node = name_of(os.environ["KS_NODE"])
    end_on_sigterm()
    while True:
        try:
            with connect(f"models-follower {os.environ['KS_NODE']}") as nats:
                follow(Releases(nats, os.environ["KS_NATS_STREAM"]), node)
        except Denied as wrong:
            refuse(str(wrong))
        except Failed as failed:
            say(f"the leader has not begun yet: {failed}" if failed.code == NO_STREAM else f"trying again: {failed}")
        except Lost as lost:
            say(f"no announcements can come now, trying again: {lost}")
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
