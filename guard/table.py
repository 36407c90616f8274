"""The guard's table: which store may be on which backing with one writer and with many, and which backing a claim has.

The rows are in guard/rows.py; a reason that several cells share is true of each of them. `python -m guard.docs` writes
the whole table to docs/guard.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from components.contract import AccessMode, Claim, Locks
from guard import rows
from guard.rules import RULES, Severity
from guard.words import Backing, Store, Writers

_SHARED_LOCKS = {
    "nfs3": Backing.NFS3,
    "nfs4": Backing.NFS4,
    "efs": Backing.EFS,
    "openzfs": Backing.OPENZFS,
    "lustre": Backing.LUSTRE,
    "nas4": Backing.NAS4,
    "juicefs": Backing.JUICEFS,
    "cephfs": Backing.CEPHFS,
}
_NO_SHARED_LOCKS = {
    "nfs3": Backing.NFS_NOLOCK,
    "nfs4": Backing.NFS_NOLOCK,
    "efs": Backing.NFS_NOLOCK,
    "openzfs": Backing.NFS_NOLOCK,
    "juicefs": Backing.NFS_NOLOCK,
    "cephfs": Backing.NFS_NOLOCK,
    "lustre": Backing.LUSTRE_NOFLOCK,
    "nas4": Backing.NAS3_NOLOCK,
}
_DISK = {AccessMode.RWOP: Backing.BLOCK_RWOP, AccessMode.RWO: Backing.BLOCK_RWO}
_ALWAYS = {
    "nas3": Backing.NAS3_NOLOCK,  # NAS has no lock manager for NFS v3, and its CSI driver mounts v3 with nolock
    "smb": Backing.SMB,
    "seaweedfs": Backing.NFS_NOLOCK,  # a lock is kept by each mount (seaweedfs/seaweedfs#8750)
    "object": Backing.OBJECT,
}
"""Backends of which the locks that are said change nothing."""
BACKENDS = ("disk", "node", *_SHARED_LOCKS, *_ALWAYS)
"""Every value of claim["backend"] that the guard knows. `node`: a folder on the disk of one node."""
UNKNOWN = "unknown"
"""claim["backend"] of a StorageClass whose driver is not known. It counts as a disk, or as shared files without locks
between nodes, and the rule class-unknown says so."""


class Verdict(str, Enum):
    """What the table says about a combination of store, backing and writers."""

    OK = "ok"
    WARN = "warn"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Cell:
    """One combination of store, backing and writers."""

    verdict: Verdict
    rule: str
    """The rule of guard/rules.py that applies. Empty when the verdict is ok."""
    reason: str
    source: str
    """URL of the documentation or of an issue."""


def backing_of(claim: Claim) -> Backing:
    """The backing of a claim in the table. Locks that are not known to be shared between nodes count as node-local.

    Raises ValueError for a backend that the table does not know, and for a disk with a shared access mode.
    """
    name, backend = claim["name"], claim["backend"]
    if backend == UNKNOWN:
        return _DISK.get(claim["access_mode"], Backing.NFS_NOLOCK)
    if backend in ("disk", "node"):
        mode = claim["access_mode"]
        if mode not in _DISK:
            raise ValueError(
                f"claim {name}: access_mode is {mode.value}, but a disk is ReadWriteOncePod or ReadWriteOnce: "
                "a file system that two nodes mount at once is corrupt at once"
            )
        return _DISK[mode]
    if backend in _ALWAYS:
        return _ALWAYS[backend]
    table = _SHARED_LOCKS if claim["locks"] == Locks.SHARED else _NO_SHARED_LOCKS
    if backend not in table:
        raise ValueError(f"claim {name}: the guard knows no backend {backend!r}; known: {', '.join(BACKENDS)}")
    return table[backend]


def _cells() -> dict[tuple[Store, Backing, Writers], Cell]:
    cells: dict[tuple[Store, Backing, Writers], Cell] = {}
    for store, by_writers in rows.ROWS.items():
        for writers, lines in by_writers.items():
            for backings, note in lines:
                cell = Cell(_verdict(note.rule), note.rule, note.reason, note.source)
                for backing in backings:
                    if (store, backing, writers) in cells:
                        raise ValueError(f"two rows for {store.value}, {backing.value}, {writers.value}")
                    cells[store, backing, writers] = cell
    return cells


def _verdict(rule: str) -> Verdict:
    if not rule:
        return Verdict.OK
    return Verdict.REFUSE if RULES[rule].severity == Severity.REFUSE else Verdict.WARN


TABLE: Mapping[tuple[Store, Backing, Writers], Cell] = _cells()
"""One cell for every combination of store, backing and writers. A test checks that none is missing."""
