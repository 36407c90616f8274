"""All drills of the NFS server in guests, and whether this machine can run them."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from drills.nfs import installing, machines, serving
from drills.program import Section
from drills.results import Result

TITLE = "A single NFS server, in Linux guests"
_PROGRAMS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "debootstrap": "debootstrap",
    "mke2fs": "e2fsprogs",
    "cpio": "cpio",
    "ssh": "openssh-client",
}
"""Program -> Debian package that has it."""


def why_not() -> str:
    """Why this machine cannot boot the guests; empty when it can."""
    missing = sorted({package for program, package in _PROGRAMS.items() if shutil.which(program) is None})
    if missing:
        return f"the guests need {', '.join(missing)}: apt-get install {' '.join(missing)}"
    return "" if os.geteuid() == 0 else "the guests' disk image is made by debootstrap, which needs root"


def run(report: Callable[[str], None]) -> Section:
    """Run the drills one after the other; each begins where the one before it ended."""
    section = Section(TITLE)

    def done(result: Result) -> None:
        report(result.line)
        section.results.append(result)

    with (
        tempfile.TemporaryDirectory(prefix="kotaemon-nfs-") as folder,
        machines.guests(Path(folder), report) as (server, client, other),
    ):
        done(installing.foreign_data(server))
        done(installing.twice(server))
        done(serving.squashed(client))
        done(serving.outsider(other))
        done(serving.power_off(server, client, other))
        done(installing.killed(server))  # last: it takes the data of the others with it
    return section
