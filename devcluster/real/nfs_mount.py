"""`mount` as a node's kubelet calls it: NFS becomes a bind of a folder of the machine, the rest is mount(8).

Run by a script that is called `mount` and lies first in the kubelet's PATH, with the folder of the shares before
mount's own arguments.
"""

import os
import sys
from pathlib import Path

from devcluster.real import share

_MOUNT = next((path for path in ("/usr/bin/mount", "/bin/mount") if os.path.exists(path)), "/bin/mount")
_FLAGS_OF_BIND = {"ro", "rw", "noatime", "nodev", "noexec", "nosuid", "relatime"}


def translated(shares: Path, arguments: list[str]) -> list[str]:
    """The arguments for mount(8). What is not a mount of NFS stays as it is."""
    if "-t" not in arguments or not arguments[arguments.index("-t") + 1].startswith("nfs"):
        return arguments
    source, target = arguments[-2:]
    options = arguments[arguments.index("-o") + 1].split(",") if "-o" in arguments else []
    kept = [option for option in options if option in _FLAGS_OF_BIND]
    return ["-o", ",".join(["bind", *kept]), str(share.folder(shares, source)), target]


def main(arguments: list[str]) -> None:
    """Become mount(8)."""
    os.execv(_MOUNT, [_MOUNT, *translated(Path(arguments[0]), arguments[1:])])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
