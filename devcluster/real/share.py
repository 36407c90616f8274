"""A stand-in network file system: a folder of the machine, the same for all nodes.

No NFS is spoken: locks and writes are those of one kernel, and no server can be away. What a real server does with
owners is kept: files belong to the user that our exports squash to.
"""

import os
from pathlib import Path

SQUASHED_TO = 1001
"""uid and gid of everything on an export, as docs/nfs server pages set it: all_squash, anonuid, anongid."""


def folder(shares: Path, source: str) -> Path:
    """The folder for a source such as `nfs.example.org:/srv/files`, made where it is missing."""
    place = shares / source.strip("/").replace("/", "_").replace(":", "-")
    if not place.exists():
        place.mkdir(parents=True, exist_ok=True)
        os.chown(place, SQUASHED_TO, SQUASHED_TO)
        place.chmod(0o2775)
    return place
