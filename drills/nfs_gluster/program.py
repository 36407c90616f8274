"""All drills of a pair of NFS servers on GlusterFS in guests."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from drills.nfs_gluster import failing, machines
from drills.nfs_ha.watching import LISTENS, Watches
from drills.program import Section
from drills.results import Result

TITLE = "A pair of NFS servers on GlusterFS, in Linux guests"


def run(report: Callable[[str], None]) -> Section:
    """Run the drills one after the other; each begins where the one before it ended."""
    section = Section(TITLE)

    def done(result: Result) -> None:
        result.facts["load"] = f"{os.getloadavg()[0]:.0f}"
        report(result.line)
        section.results.append(result)

    with (
        tempfile.TemporaryDirectory(prefix="kotaemon-gluster-") as folder,
        machines.guests(Path(folder), report) as made,
    ):
        machines.prepare(made)
        done(failing.foreign_data(made))
        done(installed(made, report))
        watches = Watches(made.nodes, LISTENS)
        pair = failing.GlusterPair(made, watches)
        pair.serving()
        made.client.ssh(machines.mount())
        for drill in failing.DRILLS:
            try:
                result = drill(pair)
            except (OSError, TimeoutError) as problem:
                done(Result(drill.__name__, problems=[str(problem)]))
                break
            done(result)
        watches.end()
    return section


def installed(made: machines.Machines, report: Callable[[str], None]) -> Result:
    """All three hosts, by the command and bytes that Pulumi sends; a second run changes nothing."""
    for said in machines.install(made):
        report(said.strip())
    second = machines.install(made)
    problems = [said.strip() for said in second if said.strip() != "kotaemon-nfs: nothing to change"]
    return Result("installed over SSH, twice", {}, problems)
