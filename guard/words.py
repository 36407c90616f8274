"""The terms of the guard's table: stores, backings and numbers of writers."""

from enum import Enum


class Store(str, Enum):
    """A way of keeping data in files that has its own needs of locks, renames and appends."""

    SQLITE = "sqlite"
    """Kotaemon's database, in the role sessions: rollback journal, fcntl locks, waits 5 s for a lock
    (ktem/db/engine.py:4)."""
    CHROMA = "chroma"
    """The vector store inside the application's process: a SQLite file, HNSW files and an index in memory."""
    LANCEDB = "lancedb"
    """The document store in files: they are immutable, a hard link commits a version, and no locks are taken."""
    INDEX_FILE = "index-file"
    """FAISS, HNSW or graph files (GraphRAG, LightRAG): read at start and rewritten as a whole."""
    HF_CACHE = "hf-cache"
    """The Hugging Face cache: it takes flock while it downloads, and uses renames and symbolic links."""
    UPLOADS = "uploads"
    """Uploads and original documents: whole files, each written once under a name made of its hash."""
    LOG = "log"
    """A log file to which lines are appended. Only the pods that append to the same file count as its writers."""


class Backing(str, Enum):
    """What a claim's files are on: the access mode of a disk, or the file system with its kind of locks."""

    BLOCK_RWOP = "block-rwop"
    BLOCK_RWO = "block-rwo"
    NFS_NOLOCK = "nfs3-nolock"
    NFS3 = "nfs3"
    NFS4 = "nfs4"
    EFS = "efs"
    OPENZFS = "openzfs"
    LUSTRE = "lustre"
    LUSTRE_NOFLOCK = "lustre-noflock"
    NAS3_NOLOCK = "nas3-nolock"
    NAS4 = "nas4"
    JUICEFS = "juicefs"
    CEPHFS = "cephfs"
    SMB = "smb"
    OBJECT = "object"


class Writers(str, Enum):
    """How many pods write the store."""

    ONE = "one"
    """One writer by design. For a moment there may be two: the pod of a lost node, and its successor."""
    MANY = "many"


STORE_NAMES = {
    Store.SQLITE: "SQLite",
    Store.CHROMA: "Chroma",
    Store.LANCEDB: "LanceDB",
    Store.INDEX_FILE: "FAISS, HNSW or graph file",
    Store.HF_CACHE: "Hugging Face cache",
    Store.UPLOADS: "Uploads and original documents",
    Store.LOG: "Log file",
}
BACKING_NAMES = {
    Backing.BLOCK_RWOP: "disk, ReadWriteOncePod",
    Backing.BLOCK_RWO: "disk, ReadWriteOnce",
    Backing.NFS_NOLOCK: "NFS with nolock",
    Backing.NFS3: "NFS v3",
    Backing.NFS4: "NFS v4",
    Backing.EFS: "EFS",
    Backing.OPENZFS: "FSx for OpenZFS",
    Backing.LUSTRE: "FSx for Lustre, flock",
    Backing.LUSTRE_NOFLOCK: "FSx for Lustre without flock",
    Backing.NAS3_NOLOCK: "NAS v3 (nolock)",
    Backing.NAS4: "NAS v4.0",
    Backing.JUICEFS: "JuiceFS",
    Backing.CEPHFS: "CephFS",
    Backing.SMB: "SMB",
    Backing.OBJECT: "S3 or OSS mount",
}
DISKS = (Backing.BLOCK_RWOP, Backing.BLOCK_RWO)
