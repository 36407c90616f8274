"""The words of the table: what is stored, on what, by how many writers."""

from enum import Enum


class Store(str, Enum):
    """A way of keeping data in files, with its own needs."""

    SQLITE = "sqlite"
    """Kotaemon's database (role sessions): rollback journal, fcntl locks, 5 s of waiting (ktem/db/engine.py:4)."""
    CHROMA = "chroma"
    """The vector store in the application's process: a SQLite file, HNSW files and an index in memory."""
    LANCEDB = "lancedb"
    """The document store: immutable files, committed by a hard link; no locks."""
    INDEX_FILE = "index-file"
    """FAISS, HNSW or graph files, read at start and rewritten as a whole (GraphRAG, LightRAG)."""
    HF_CACHE = "hf-cache"
    """The Hugging Face cache: flock while it downloads, renames and symbolic links."""
    UPLOADS = "uploads"
    """Whole files, each written once under a name made of its hash: uploads and original documents."""
    LOG = "log"
    """A file that lines are appended to. Its writers are the pods that append to one file, not all pods."""


class Backing(str, Enum):
    """What a claim really is."""

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
    OBJECT = "object"


class Writers(str, Enum):
    """How many pods write the store."""

    ONE = "one"
    """One by design. For a moment there may be two: the pod of a lost node, and its successor."""
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
    Backing.OBJECT: "S3 or OSS mount",
}
DISKS = (Backing.BLOCK_RWOP, Backing.BLOCK_RWO)
