"""All drills of a pair of NFS servers in guests."""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from components.nfs_server.files import HostFile
from drills.nfs_ha import failing, machines
from drills.nfs_ha.watching import Watches
from drills.program import Section
from drills.results import Result

TITLE = "A pair of NFS servers, in Linux guests"
Done = Callable[[Result], None]


def run(report: Callable[[str], None]) -> Section:
    """Run the drills one after the other; each begins where the one before it ended."""

    def drilled(made: machines.Machines, done: Done) -> None:
        done(installed(made, machines.files()))
        follow(failing.Pair(made, Watches(made.nodes)), failing.DRILLS, done)

    return section(TITLE, machines.guests, drilled, report)


def section(
    title: str,
    guests: Callable[[Path], machines.Machines],
    drilled: Callable[[machines.Machines, Done], None],
    report: Callable[[str], None],
) -> Section:
    """A section of the record, by what `drilled` does with the guests once they answer."""
    made = Section(title)

    def done(result: Result) -> None:
        result.facts["load"] = f"{os.getloadavg()[0]:.0f}"
        report(result.line)
        made.results.append(result)

    report("Making the guests' image, where it is not there yet (two minutes) ...")
    with (
        tempfile.TemporaryDirectory(prefix="kotaemon-nfs-") as folder,
        machines.powered_on(guests(Path(folder)), report) as on,
    ):
        drilled(on, done)
    return made


def follow(pair: failing.Pair, drills: Sequence[Callable[[failing.Pair], Result]], done: Done) -> None:
    """One drill after the other, under a client that has the pair mounted, until one breaks off."""
    pair.serving()
    pair.machines.client.ssh(machines.mount())
    for drill in drills:
        try:
            result = drill(pair)
        except (OSError, TimeoutError) as problem:
            done(Result(drill.__name__, problems=[str(problem)]))
            break
        done(result)
    pair.watches.end()


def installed(made: machines.Machines, files: Sequence[list[HostFile]]) -> Result:
    """All three hosts, by the command and bytes that Pulumi sends; a second run changes nothing."""
    machines.set_up(made, files)
    second = machines.set_up(made, files)
    problems = [said.strip() for said in second if said.strip() != "kotaemon-nfs: nothing to change"]
    return Result("installed over SSH, twice", {}, problems)
