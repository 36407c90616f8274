"""The table: complete, sourced, and found by what a claim says of itself."""

import itertools
import re

import pytest

from components.contract import AccessMode, Claim, Locks, Medium
from guard.rules import RULES, Severity
from guard.table import TABLE, Cell, Verdict, backing_of
from guard.words import BACKING_NAMES, DISKS, STORE_NAMES, Backing, Store, Writers

NO_LOCKS = (Backing.NFS_NOLOCK, Backing.NAS3_NOLOCK, Backing.LUSTRE_NOFLOCK, Backing.SMB)
CELLS = list(TABLE.items())


def claim(backend: str, locks: Locks = Locks.SHARED, mode: AccessMode = AccessMode.RWX) -> Claim:
    return Claim(
        name="files",
        access_mode=mode,
        medium=Medium.BLOCK if backend == "disk" else Medium.FILE,
        backend=backend,
        size_gib=100,
        zones=[],
        encrypted_by="LUKS",
        locks=locks,
        fs_group=False,
    )


def test_every_cell_is_there() -> None:
    assert len(Store) * len(Backing) * len(Writers) == 7 * 15 * 2 == len(TABLE)
    assert set(TABLE) == set(itertools.product(Store, Backing, Writers))
    assert set(STORE_NAMES) == set(Store)
    assert set(BACKING_NAMES) == set(Backing)


@pytest.mark.parametrize(("place", "cell"), CELLS, ids=[" ".join(part.value for part in place) for place, _ in CELLS])
def test_every_cell_has_a_reason_and_a_source(place: tuple[Store, Backing, Writers], cell: Cell) -> None:
    assert cell.source.startswith("https://")
    assert len(cell.reason.split()) >= 3
    if cell.verdict == Verdict.OK:
        assert cell.rule == ""
    else:
        assert cell.verdict.value == RULES[cell.rule].severity.value


def test_every_rule_is_used() -> None:
    of_table = {cell.rule for cell in TABLE.values()}
    own = {name for name, rule in RULES.items() if rule.source}
    assert of_table | own == {*RULES, ""}
    severities = [rule.severity for rule in RULES.values()]
    assert severities == sorted(severities, key=list(Severity).index), "refusals are reported first"


@pytest.mark.parametrize("store", [Store.SQLITE, Store.CHROMA, Store.INDEX_FILE])
@pytest.mark.parametrize("backing", Backing)
def test_stores_of_one_writer_are_refused_to_many(store: Store, backing: Backing) -> None:
    cell = TABLE[store, backing, Writers.MANY]
    assert cell.verdict == Verdict.REFUSE
    assert RULES[cell.rule].final


@pytest.mark.parametrize("store", Store)
def test_many_is_never_better_than_one(store: Store) -> None:
    order = list(Verdict)
    for backing in Backing:
        one, many = TABLE[store, backing, Writers.ONE], TABLE[store, backing, Writers.MANY]
        assert order.index(many.verdict) >= order.index(one.verdict)


@pytest.mark.parametrize("store", Store)
@pytest.mark.parametrize("disk", DISKS)
def test_a_disk_is_for_one_pod(store: Store, disk: Backing) -> None:
    assert TABLE[store, disk, Writers.ONE].verdict == Verdict.OK
    assert TABLE[store, disk, Writers.MANY].verdict == Verdict.REFUSE


@pytest.mark.parametrize("store", [Store.SQLITE, Store.CHROMA])
@pytest.mark.parametrize("backing", NO_LOCKS)
def test_no_database_without_shared_locks_even_for_one_writer(store: Store, backing: Backing) -> None:
    assert TABLE[store, backing, Writers.ONE].rule == f"{store.value}-on-node-local-locks"


@pytest.mark.parametrize("store", Store)
@pytest.mark.parametrize("writers", Writers)
def test_nothing_is_written_to_an_object_mount(store: Store, writers: Writers) -> None:
    assert TABLE[store, Backing.OBJECT, writers].verdict == Verdict.REFUSE


FOUND = [
    (claim("disk", Locks.ONE_NODE, AccessMode.RWOP), Backing.BLOCK_RWOP),
    (claim("disk", Locks.ONE_NODE, AccessMode.RWO), Backing.BLOCK_RWO),
    (claim("nfs3"), Backing.NFS3),
    (claim("nfs3", Locks.NODE_LOCAL), Backing.NFS_NOLOCK),
    (claim("nfs4"), Backing.NFS4),
    (claim("nfs4", Locks.NODE_LOCAL), Backing.NFS_NOLOCK),
    (claim("nfs4", Locks.ONE_NODE), Backing.NFS_NOLOCK),
    (claim("efs"), Backing.EFS),
    (claim("efs", Locks.NONE), Backing.NFS_NOLOCK),
    (claim("openzfs"), Backing.OPENZFS),
    (claim("openzfs", Locks.NODE_LOCAL), Backing.NFS_NOLOCK),
    (claim("lustre"), Backing.LUSTRE),
    (claim("lustre", Locks.NODE_LOCAL), Backing.LUSTRE_NOFLOCK),
    (claim("lustre", Locks.NONE), Backing.LUSTRE_NOFLOCK),
    (claim("nas3", Locks.NODE_LOCAL), Backing.NAS3_NOLOCK),
    (claim("nas3"), Backing.NAS3_NOLOCK),
    (claim("nas4"), Backing.NAS4),
    (claim("nas4", Locks.NODE_LOCAL), Backing.NAS3_NOLOCK),
    (claim("juicefs"), Backing.JUICEFS),
    (claim("juicefs", Locks.NODE_LOCAL), Backing.NFS_NOLOCK),
    (claim("object", Locks.NONE), Backing.OBJECT),
    (claim("cephfs"), Backing.CEPHFS),
    (claim("cephfs", Locks.NODE_LOCAL), Backing.NFS_NOLOCK),
    (claim("smb"), Backing.SMB),
    (claim("smb", Locks.NODE_LOCAL), Backing.SMB),
    (claim("seaweedfs"), Backing.NFS_NOLOCK),
    (claim("node", Locks.ONE_NODE, AccessMode.RWO), Backing.BLOCK_RWO),
    (claim("unknown", Locks.ONE_NODE, AccessMode.RWOP), Backing.BLOCK_RWOP),
    (claim("unknown", Locks.NODE_LOCAL), Backing.NFS_NOLOCK),
]


@pytest.mark.parametrize(("given", "backing"), FOUND)
def test_backing_of_a_claim(given: Claim, backing: Backing) -> None:
    assert backing_of(given) == backing


def test_every_backing_can_be_found() -> None:
    assert {backing for _, backing in FOUND} == set(Backing)


def test_unknown_backend() -> None:
    message = (
        "claim files: the guard knows no backend 'glusterfs'; known: disk, node, nfs3, nfs4, efs, openzfs, lustre, "
        "nas4, juicefs, cephfs, nas3, smb, seaweedfs, object"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        backing_of(claim("glusterfs"))


@pytest.mark.parametrize("mode", [AccessMode.RWX, AccessMode.ROX])
def test_disk_that_nodes_share(mode: AccessMode) -> None:
    message = (
        f"claim files: access_mode is {mode.value}, but a disk is ReadWriteOncePod or ReadWriteOnce: "
        "a file system that two nodes mount at once is corrupt at once"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        backing_of(claim("disk", Locks.ONE_NODE, mode))
