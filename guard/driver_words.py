"""What the rows of the table of drivers share: access modes, what follows when a node dies, and usual rows."""

from collections.abc import Mapping

from components.contract import AccessMode, Locks
from guard.classes import Bound, Driver

ONE = (AccessMode.RWO, AccessMode.RWOP)
ALL = (AccessMode.RWO, AccessMode.RWOP, AccessMode.RWX, AccessMode.ROX)
MANY = (AccessMode.RWX, AccessMode.ROX)
NO_RWOP = (AccessMode.RWO, AccessMode.RWX, AccessMode.ROX)
"""Modes of a driver outside CSI: ReadWriteOncePod is for CSI volumes."""

FREED = "the node is marked as out of service, or 6 minutes after its pod is deleted by force (docs/drills.md)"
IN_ITS_ZONE = f"it stays on the lost node; another one of its zone gets it once {FREED}"
BY_ITSELF = "once the lost pod is deleted by force, the driver detaches the disk by itself"
NO_ATTACH = "nothing is attached: the pod starts on another node as soon as it is evicted"
WITH_NODE = "the pod stays Pending until the node is back, and the data is lost with the node's disk"
ROOTS_OWN = (
    "the root of its volumes belongs to root, and fsGroup does not reach shared volumes of this driver (its CSIDriver "
    "names no fsGroupPolicy), so the pods cannot make their folders there. Give it to them once, by a pod of yours "
    "that is root: chown <kotaemon:uid>:<kotaemon:gid>"
)
NOT_KNOWN = "that depends on what it makes"


def disk(
    *,
    name: str,
    provisioners: tuple[str, ...],
    node_loss: str,
    source: str,
    read: str = "",
    remark: str = "",
    bound: Bound = Bound.EVERYWHERE,
    modes: tuple[AccessMode, ...] = ONE,
    expands: bool = True,
    snapshots: bool = True,
    with_parameters: Mapping[str, tuple[str, ...]] | None = None,
) -> Driver:
    """A row of a disk: for one node at a time, which grows and has snapshots unless the row says otherwise."""
    given, locks = with_parameters or {}, Locks.ONE_NODE
    at = provisioners, "disk", modes, locks, bound, expands, snapshots, node_loss, source, read, remark, given
    return Driver(name, *at)


def files(
    *,
    name: str,
    provisioners: tuple[str, ...],
    backend: str,
    source: str,
    read: str = "",
    remark: str = "",
    modes: tuple[AccessMode, ...] = ALL,
    locks: Locks = Locks.SHARED,
    expands: bool = True,
    snapshots: bool,
    node_loss: str = NO_ATTACH,
    with_parameters: Mapping[str, tuple[str, ...]] | None = None,
    reads_options: str = "",
    tells: str = "",
    asks: Mapping[str, str] | None = None,
) -> Driver:
    """A row of shared files: for every node, with every access mode and locks that all nodes see unless it says so."""
    given, bound = with_parameters or {}, Bound.EVERYWHERE
    at = provisioners, backend, modes, locks, bound, expands, snapshots, node_loss, source, read, remark, given
    return Driver(name, *at, reads_options, tells, asks or {})
