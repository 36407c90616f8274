"""The measurement in guests, as a section of the record."""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from drills.nfs_speed import machines, measuring
from drills.program import Section
from drills.results import Result

TITLE = "Speed of NFS mounts, in Linux guests"
NOTE = f"""Three mounts of one export by one client: `default`, by `mount -t nfs` without an option; `ours`, by the
options of [nfs-mounts.md](nfs-mounts.md); `ours with fsc`, with FS-Cache on a disk of the client as well. Small files
are 2000 of 4 KiB in 20 folders, the big one has 64 MiB. Each step was done three times on each mount, and each
mount came once first, once second and once last. Times are medians. Ratios are between mounts of the same round: their
median and, in brackets, the lowest and the highest. `cold`: mounted anew, and nothing in the client's memory; the
server has all in its memory. `requests`: calls of the client to the server, for the three mounts in their order.

The guests' processors are emulated (QEMU), about ten times slower than real ones, and the network holds back each
round trip by {machines.DELAY_MS} ms. So the times say nothing of real hardware, and no time makes a row red; the number
of requests is the same on any machine. Red are other contents, more requests with our options than without any, and
reads that FS-Cache should have served and did not.
"""


def run(report: Callable[[str], None]) -> Section:
    """Measure; what goes wrong on the way is a red row."""
    section = Section(TITLE, note=NOTE)

    def done(result: Result) -> None:
        report(result.line)
        section.results.append(result)

    with (
        tempfile.TemporaryDirectory(prefix="kotaemon-nfs-") as folder,
        machines.guests(Path(folder), report) as (server, client),
    ):
        try:
            machines.set_up(server, client)
            measurement = measuring.Measurement(client, report)
            measurement.run()
            for result in [measuring.network(server, client), *measurement.results()]:
                done(result)
        except (OSError, subprocess.TimeoutExpired) as problem:
            done(Result("measurement", problems=[str(problem)]))
    return section
