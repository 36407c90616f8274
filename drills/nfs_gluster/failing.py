"""The drills of a pair on GlusterFS: those of every pair, with Gluster's own word for bricks that are equal."""

import time

from components.nfs_server.delivery import UNPACK, stream
from components.nfs_server.gluster import arbiter_files
from components.nfs_server.gluster_files import EXPORTED
from drills.guests.guest import Guest
from drills.nfs_gluster.machines import PAIR
from drills.nfs_ha import failing
from drills.nfs_ha.failing import said
from drills.nfs_ha.machines import Machines
from drills.results import Result

_PATIENCE = 900.0
_BRICK = PAIR.get("brick", "")


class GlusterPair(failing.Pair):
    """The pair under the drills."""

    exported = EXPORTED

    def wait_for_both(self, node: Guest) -> float:
        """Wait until all three bricks are there and nothing is left to heal; the seconds that took."""
        began, heal = time.monotonic(), ""
        while time.monotonic() - began < _PATIENCE:
            heal = node.ssh("gluster --mode=script volume heal kotaemon info", seconds=200, check=False).stdout
            if heal.count("Status: Connected") == heal.count("Number of entries: 0") == 3:
                return time.monotonic() - began
            time.sleep(2)
        raise TimeoutError(f"the bricks did not become equal: {heal}")


def foreign_data(machines: Machines) -> Result:
    """A brick's directory that holds a file of others is refused, and the file stays as it is."""
    host, file = machines.third, f"{_BRICK}/theirs"
    host.ssh(f"mkdir {_BRICK} && echo data of others > {file}")
    done = host.ssh(UNPACK, text=stream(arbiter_files(PAIR)), seconds=900, check=False)
    problems: list[str] = []
    if done.returncode == 0 or "holds data that is not ours" not in done.stderr:
        problems.append(f"it was not refused: {done.stdout[-200:]} {done.stderr[-200:]}")
    if host.ssh(f"cat {file}").stdout != "data of others\n":
        problems.append("the file was changed")
    if said(host, "systemctl is-active glusterd") == "active":
        problems.append("a daemon was started although nothing should be changed")
    host.ssh(f"rm -r {_BRICK}")
    return Result("a brick with data of others is refused", {}, problems)


def cut_off(pair: failing.Pair) -> Result:
    """The serving node loses its whole network for two minutes: it stops by itself, and the other one serves."""
    result = Result("the node that serves is cut off from everybody, and comes back")
    server, other = pair.serving()
    with pair.writing(result):
        server.ssh("ip link set eth1 down")
        pair.wait_until_serves(other)
    if pair.serves(server):
        result.problems.append(f"{server.name} still serves")
    server.ssh("ip link set eth1 up")
    pair.stays_with(other, server, result)
    return result


DRILLS = (failing.planned, failing.power_off, cut_off)
