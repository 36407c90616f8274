"""The rows of the guard's table for databases in files: SQLite and Chroma."""

from guard.row_words import (
    CEPHFS,
    CEPHFS_LOCKS,
    CHROMA_DOC,
    DISK,
    EFS,
    JUICEFS,
    JUICEFS_DOC,
    K8S,
    LUSTRE,
    LUSTRE_OPTIONS,
    LUSTRES,
    MULTI_ATTACH,
    NAS3,
    NAS4,
    NAS_CSI,
    NAS_LIMITS,
    NFS,
    NFS3,
    NFS4,
    NFS_LOCKS,
    NFS_MAN,
    NOFLOCK,
    NOLOCK,
    OBJECT,
    OPENZFS,
    OPENZFS_DOC,
    PENDING,
    RWO,
    RWOP,
    S3_DOC,
    SMB,
    SMB_LOCKS,
    SQLITE_CORRUPT,
    SQLITE_EFS,
    SQLITE_NET,
    Line,
    Note,
)
from guard.words import Backing

SQLITE_ONE: list[Line] = [
    (RWOP, Note("", "Kubernetes admits one pod, and the kernel of its node arbitrates SQLite's locks", K8S)),
    (RWO, Note("", "one node mounts the disk; a second pod on that node meets real locks", K8S)),
    (
        (Backing.NFS_NOLOCK,),
        Note(
            "sqlite-on-node-local-locks",
            "a lock is invisible on other nodes: while the pod of a lost node still runs, its successor overwrites "
            "what that pod has committed, and that pod sees no error",
            NFS_MAN,
        ),
    ),
    (
        NAS3,
        Note(
            "sqlite-on-node-local-locks",
            "the driver mounts v3 with nolock, so a lock is invisible on other nodes: while the pod of a lost node "
            "still runs, its successor overwrites what that pod has committed",
            NAS_CSI,
        ),
    ),
    (
        NOFLOCK,
        Note(
            "sqlite-on-node-local-locks",
            "without flock every lock call fails with ENOSYS, with localflock a lock is invisible on other nodes",
            LUSTRE_OPTIONS,
        ),
    ),
    (
        NFS3,
        Note(
            "sqlite-on-network",
            "locks are real, but NLM is a protocol of its own that needs rpc.statd on every node to recover them; "
            "SQLite advises against network file systems",
            SQLITE_NET,
        ),
    ),
    (
        NFS4,
        Note(
            "sqlite-on-network",
            "works, as locks are part of NFS v4 and Kotaemon keeps the rollback journal (WAL needs shared memory); "
            "SQLite advises against network file systems",
            SQLITE_NET,
        ),
    ),
    (
        EFS,
        Note(
            "sqlite-on-network",
            "locks are real (NFS v4), but SQLite files on EFS were reported corrupt after a restart with one task",
            SQLITE_EFS,
        ),
    ),
    (
        OPENZFS,
        Note(
            "sqlite-on-network",
            "locks are real and sync is the default of the export; SQLite advises against network file systems",
            OPENZFS_DOC,
        ),
    ),
    (
        LUSTRE,
        Note("sqlite-on-network", "flock makes locks coherent on all nodes; small commits are slow", LUSTRE_OPTIONS),
    ),
    (
        NAS4,
        Note(
            "sqlite-on-network",
            "locks are real, at most 8192 on 256 files a mount; SQLite advises against network file systems",
            NAS_LIMITS,
        ),
    ),
    (
        JUICEFS,
        Note("sqlite-on-network", "locks are kept in the metadata engine, and are as available as it is", JUICEFS_DOC),
    ),
    (
        CEPHFS,
        Note(
            "sqlite-on-network",
            "locks are real, kept by the metadata server; SQLite advises against network file systems",
            CEPHFS_LOCKS,
        ),
    ),
    (
        SMB,
        Note(
            "sqlite-on-node-local-locks",
            "the server makes SQLite's locks mandatory, and the database is locked for itself; with nobrl, as in "
            "Azure's classes, a lock is invisible on other nodes",
            SMB_LOCKS,
        ),
    ),
    (OBJECT, Note("sqlite-on-object", "an object mount has no locks and cannot change a file in place", S3_DOC)),
]

SQLITE_MANY: list[Line] = [
    (RWOP, Note("sqlite-many-writers", PENDING, K8S)),
    (RWO, Note("sqlite-many-writers", MULTI_ATTACH, K8S)),
    (
        (*NOLOCK, *NOFLOCK),
        Note(
            "sqlite-many-writers",
            "no pod sees another's lock: saved conversations are overwritten, and their pod sees no error",
            SQLITE_CORRUPT,
        ),
    ),
    (
        (*NFS_LOCKS, *LUSTRE, *JUICEFS, *CEPHFS, *SMB),
        Note(
            "sqlite-many-writers",
            "over a network SQLite is for one client; Kotaemon gives up on a lock after 5 s, and of two pods that "
            "start on an empty database one crashes (ktem/index/manager.py:186)",
            SQLITE_NET,
        ),
    ),
    (OBJECT, Note("sqlite-many-writers", "an object mount has no locks: the last upload of the file wins", S3_DOC)),
]

CHROMA_ONE: list[Line] = [
    (DISK, Note("", "one process on one node, as Chroma is made for", CHROMA_DOC)),
    (
        NOLOCK,
        Note(
            "chroma-on-node-local-locks",
            "Chroma keeps a SQLite file: while the pod of a lost node still runs, its successor overwrites it",
            SQLITE_CORRUPT,
        ),
    ),
    (
        NOFLOCK,
        Note(
            "chroma-on-node-local-locks",
            "Chroma keeps a SQLite file, and without flock its lock calls fail with ENOSYS or stay on the node",
            LUSTRE_OPTIONS,
        ),
    ),
    (
        (*NFS_LOCKS, *LUSTRE, *JUICEFS, *CEPHFS),
        Note(
            "chroma-on-network",
            "locks are real, but Chroma keeps a SQLite file, and SQLite advises against network file systems",
            SQLITE_NET,
        ),
    ),
    (
        SMB,
        Note(
            "chroma-on-node-local-locks",
            "Chroma keeps a SQLite file, whose locks SMB makes mandatory or, with nobrl, keeps on the node",
            SMB_LOCKS,
        ),
    ),
    (OBJECT, Note("chroma-on-object", "its SQLite and HNSW files are changed in place, an object cannot be", S3_DOC)),
]

CHROMA_MANY: list[Line] = [
    (
        (*NFS, *LUSTRES, *JUICEFS, *CEPHFS, *SMB, *OBJECT),
        Note(
            "chroma-many-writers",
            "Chroma is not process-safe: a pod never finds what another has added until it restarts, and the last to "
            "save its HNSW files wins; a Chroma server is not possible (Kotaemon always opens a folder)",
            CHROMA_DOC,
        ),
    ),
    (RWOP, Note("chroma-many-writers", PENDING + "; Chroma is not process-safe either", CHROMA_DOC)),
    (RWO, Note("chroma-many-writers", MULTI_ATTACH + "; Chroma is not process-safe", CHROMA_DOC)),
]
