"""All drills of a pair of NFS servers in guests."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from drills.nfs_ha import failing, machines
from drills.nfs_ha.watching import Watches
from drills.program import Section
from drills.results import Result

TITLE = "A pair of NFS servers, in Linux guests"


def run(report: Callable[[str], None]) -> Section:
    """Run the drills one after the other; each begins where the one before it ended."""
    section = Section(TITLE)

    def done(result: Result) -> None:
        report(result.line)
        section.results.append(result)

    with (
        tempfile.TemporaryDirectory(prefix="kotaemon-nfs-") as folder,
        machines.guests(Path(folder), report) as made,
    ):
        done(installed(made))
        watches = Watches(made.nodes)
        pair = failing.Pair(made, watches)
        pair.serving()
        made.client.ssh(machines.mount())
        for drill in failing.DRILLS:
            try:
                result = drill(pair)
            except (OSError, TimeoutError) as problem:
                done(Result(drill.__name__, problems=[str(problem)]))
                break
            result.facts["load"] = f"{os.getloadavg()[0]:.0f}"
            done(result)
        watches.end()
    return section


def installed(made: machines.Machines) -> Result:
    """All three hosts, by the command and bytes that Pulumi sends; a second run changes nothing."""
    machines.install(made)
    second = machines.install(made)
    problems = [line for line in second if line.strip() != "kotaemon-nfs: nothing to change"]
    return Result("installed over SSH, twice", {}, problems)
