"""The measurement in guests, as a section of the record."""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from drills.guests.guest import Guest
from drills.nfs_speed import machines, measuring
from drills.program import Section
from drills.results import Result

TITLE = "Speed of NFS mounts, in Linux guests"
NOTE = f"""Three mounts of one export by one client: `default`, by `mount -t nfs` without an option; `ours`, by the
options of [nfs-mounts.md](nfs-mounts.md); `ours with fsc`, with FS-Cache on a disk of the client as well. Small files
are 400 of 4 KiB in 10 folders, the big one has 32 MiB. In each round a step was done once on each mount, and over
three rounds each mount comes once first, once second and once last. Times are medians. Ratios are between mounts of the
same round: their median and, in brackets, the lowest and the highest. `cold`: mounted anew, and nothing in the
client's memory; the server has all in its memory. `requests`: calls of the client to the server, for the three mounts
in their order.

The guests' processors are emulated (QEMU), about ten times slower than real ones, and the network holds back each
round trip by {machines.DELAY_MS} ms. So the times say nothing of real hardware, and no time makes a row red; the number
of requests is the same on any machine. Red are other contents, more requests with our options than without any, and
reads that FS-Cache should have served and did not.
"""


def run(report: Callable[[str], None]) -> Section:
    """Measure; what goes wrong on the way is a red row."""
    report("Making the guests' images, where they are not there yet (two minutes each) ...")
    section = Section(TITLE, note=NOTE)

    def done(result: Result) -> None:
        report(result.line)
        section.results.append(result)

    with tempfile.TemporaryDirectory(prefix="kotaemon-nfs-") as name:
        folder = Path(name)
        try:
            with machines.machine(machines.server(folder), report) as server:
                machines.set_up_server(server)
                for release in machines.RELEASES:
                    with machines.machine(machines.client(folder, release), report) as client:
                        _measure(server, client, report, done)
        except (OSError, subprocess.TimeoutExpired, KeyboardInterrupt) as problem:
            # What was measured until then is worth its place in the record
            done(Result("measurement", problems=[str(problem) or "broken off by Ctrl-C"]))
    return section


def _measure(server: Guest, client: Guest, report: Callable[[str], None], done: Callable[[Result], None]) -> None:
    """All rows of one client."""
    machines.set_up_client(client)
    kernel = ".".join(client.ssh("uname -r").stdout.split(".")[:2])

    def told(row: Result) -> None:
        done(Result(row.name, {"client": f"Linux {kernel}", **row.facts}, row.problems))

    measurement = measuring.Measurement(client, report)
    try:
        measurement.run()
        told(measuring.network(server, client))
    finally:
        for row in measurement.results():
            told(row)
