"""All drills of a pair of NFS servers on GlusterFS in guests."""

from collections.abc import Callable

from drills.nfs_gluster import failing, machines
from drills.nfs_ha.machines import Machines
from drills.nfs_ha.program import Done, follow, installed, section
from drills.nfs_ha.watching import LISTENS, Watches
from drills.program import Section

TITLE = "A pair of NFS servers on GlusterFS, in Linux guests"


def run(report: Callable[[str], None]) -> Section:
    """Run the drills one after the other; each begins where the one before it ended."""

    def drilled(made: Machines, done: Done) -> None:
        machines.prepare(made)
        done(failing.foreign_data(made))
        done(installed(made, machines.files()))
        follow(failing.GlusterPair(made, Watches(made.nodes, LISTENS)), failing.DRILLS, done)

    return section(TITLE, machines.guests, drilled, report)
