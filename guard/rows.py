"""The rows of the guard's table. Each says what happens to a store on some backings with one or many writers.

Every source is the URL of documentation or of an issue. tests/unit/guard/test_empirical.py runs what it can.
"""

from collections.abc import Mapping
from typing import NamedTuple

from guard.words import Backing, Store, Writers


class Note(NamedTuple):
    """A fact about some cells of the table. With an empty rule these cells are safe."""

    rule: str
    reason: str
    source: str


Line = tuple[tuple[Backing, ...], Note]

_RWOP, _RWO = (Backing.BLOCK_RWOP,), (Backing.BLOCK_RWO,)
_DISK = _RWOP + _RWO
_NFS3, _NFS4, _EFS, _OPENZFS = (Backing.NFS3,), (Backing.NFS4,), (Backing.EFS,), (Backing.OPENZFS,)
_NAS3, _NAS4 = (Backing.NAS3_NOLOCK,), (Backing.NAS4,)
_LUSTRE, _NOFLOCK = (Backing.LUSTRE,), (Backing.LUSTRE_NOFLOCK,)
_JUICEFS, _CEPHFS, _OBJECT = (Backing.JUICEFS,), (Backing.CEPHFS,), (Backing.OBJECT,)
_NOLOCK = (Backing.NFS_NOLOCK, Backing.NAS3_NOLOCK)
_NFS_LOCKS = (Backing.NFS3, Backing.NFS4, Backing.EFS, Backing.OPENZFS, Backing.NAS4)
"""Kinds of NFS whose server arbitrates file locks between all nodes."""
_NFS = _NOLOCK + _NFS_LOCKS
_LUSTRES = _LUSTRE + _NOFLOCK

_K8S = "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes"
_NFS_MAN = "https://man7.org/linux/man-pages/man5/nfs.5.html"
_NFS_APPEND = "https://nfs.sourceforge.net/#faq_a9"
_NFS_CLOSE = "https://nfs.sourceforge.net/#faq_a8"
_NAS_CSI = "https://github.com/kubernetes-sigs/alibaba-cloud-csi-driver/tree/master/examples/nas"
_NAS_LIMITS = "https://www.alibabacloud.com/help/doc-detail/122195.htm"
_EFS_DOC = "https://docs.aws.amazon.com/efs/latest/ug/features.html"
_OPENZFS_DOC = "https://docs.aws.amazon.com/fsx/latest/APIReference/API_OpenZFSClientConfiguration.html"
_LUSTRE_DOC = "https://wiki.lustre.org/Lustre_Clients_Overview"
_LUSTRE_OPTIONS = "https://kernel.org/doc/readme/drivers-staging-lustre-README.txt"
_JUICEFS_DOC = "https://juicefs.com/docs/cloud/reference/posix_compatibility"
_JUICEFS_APPEND = "https://github.com/juicedata/juicefs/pull/6596"
_CEPHFS_DOC = "https://docs.ceph.com/en/latest/cephfs/posix/"
_CEPHFS_LOCKS = "https://docs.ceph.com/en/latest/cephfs/capabilities/"
_S3_DOC = "https://github.com/awslabs/mountpoint-s3/blob/main/doc/SEMANTICS.md"
_OSS_DOC = "https://github.com/aliyun/ossfs/wiki/FAQ-EN"
_SQLITE_NET = "https://sqlite.org/useovernet.html"
_SQLITE_CORRUPT = "https://sqlite.org/howtocorrupt.html"
_SQLITE_EFS = "https://github.com/louislam/uptime-kuma/issues/5915"
_CHROMA_DOC = "https://cookbook.chromadb.dev/core/system_constraints"
_LANCE_LINK = "https://github.com/lancedb/lancedb/issues/647"
_LANCE_CONFLICT = "https://github.com/lancedb/lancedb/issues/725"
_LANCE_NFS = "https://github.com/lancedb/lancedb/issues/2963"
_LANCE_S3 = "https://github.com/lancedb/lancedb/issues/2016"
_FAISS_ADD = "https://github.com/facebookresearch/faiss/issues/861"
_FAISS_WRITE = "https://github.com/facebookresearch/faiss/issues/1623"
_HF_LOCK = "https://github.com/huggingface/huggingface_hub/pull/4228"
_HF_ENOSYS = "https://github.com/huggingface/huggingface_hub/issues/2399"

_PENDING = "the disk admits one pod: the second stays Pending"
_MULTI_ATTACH = (
    "the disk is on one node: a pod elsewhere never starts (Multi-Attach), a pod on the same node writes too"
)
_DISK_MANY: list[Line] = [
    (_RWOP, Note("disk-many-pods", _PENDING, _K8S)),
    (_RWO, Note("disk-many-pods", _MULTI_ATTACH, _K8S)),
]
"""A disk with many writers, for stores that could be shared on other storage."""

_SQLITE_ONE: list[Line] = [
    (_RWOP, Note("", "Kubernetes admits one pod, and the kernel of its node arbitrates SQLite's locks", _K8S)),
    (_RWO, Note("", "one node mounts the disk; a second pod on that node meets real locks", _K8S)),
    (
        (Backing.NFS_NOLOCK,),
        Note(
            "sqlite-on-node-local-locks",
            "a lock is invisible on other nodes: while the pod of a lost node still runs, its successor overwrites "
            "what that pod has committed, and that pod sees no error",
            _NFS_MAN,
        ),
    ),
    (
        _NAS3,
        Note(
            "sqlite-on-node-local-locks",
            "the driver mounts v3 with nolock, so a lock is invisible on other nodes: while the pod of a lost node "
            "still runs, its successor overwrites what that pod has committed",
            _NAS_CSI,
        ),
    ),
    (
        _NOFLOCK,
        Note(
            "sqlite-on-node-local-locks",
            "without flock every lock call fails with ENOSYS, with localflock a lock is invisible on other nodes",
            _LUSTRE_OPTIONS,
        ),
    ),
    (
        _NFS3,
        Note(
            "sqlite-on-network",
            "locks are real, but NLM is a protocol of its own that needs rpc.statd on every node to recover them; "
            "SQLite advises against network file systems",
            _SQLITE_NET,
        ),
    ),
    (
        _NFS4,
        Note(
            "sqlite-on-network",
            "works, as locks are part of NFS v4 and Kotaemon keeps the rollback journal (WAL needs shared memory); "
            "SQLite advises against network file systems",
            _SQLITE_NET,
        ),
    ),
    (
        _EFS,
        Note(
            "sqlite-on-network",
            "locks are real (NFS v4), but SQLite files on EFS were reported corrupt after a restart with one task",
            _SQLITE_EFS,
        ),
    ),
    (
        _OPENZFS,
        Note(
            "sqlite-on-network",
            "locks are real and sync is the default of the export; SQLite advises against network file systems",
            _OPENZFS_DOC,
        ),
    ),
    (
        _LUSTRE,
        Note("sqlite-on-network", "flock makes locks coherent on all nodes; small commits are slow", _LUSTRE_OPTIONS),
    ),
    (
        _NAS4,
        Note(
            "sqlite-on-network",
            "locks are real, at most 8192 on 256 files a mount; SQLite advises against network file systems",
            _NAS_LIMITS,
        ),
    ),
    (
        _JUICEFS,
        Note("sqlite-on-network", "locks are kept in the metadata engine, and are as available as it is", _JUICEFS_DOC),
    ),
    (
        _CEPHFS,
        Note(
            "sqlite-on-network",
            "locks are real, kept by the metadata server; SQLite advises against network file systems",
            _CEPHFS_LOCKS,
        ),
    ),
    (_OBJECT, Note("sqlite-on-object", "an object mount has no locks and cannot change a file in place", _S3_DOC)),
]

_SQLITE_MANY: list[Line] = [
    (_RWOP, Note("sqlite-many-writers", _PENDING, _K8S)),
    (_RWO, Note("sqlite-many-writers", _MULTI_ATTACH, _K8S)),
    (
        (*_NOLOCK, *_NOFLOCK),
        Note(
            "sqlite-many-writers",
            "no pod sees another's lock: saved conversations are overwritten, and their pod sees no error",
            _SQLITE_CORRUPT,
        ),
    ),
    (
        (*_NFS_LOCKS, *_LUSTRE, *_JUICEFS, *_CEPHFS),
        Note(
            "sqlite-many-writers",
            "over a network SQLite is for one client; Kotaemon gives up on a lock after 5 s, and of two pods that "
            "start on an empty database one crashes (ktem/index/manager.py:186)",
            _SQLITE_NET,
        ),
    ),
    (_OBJECT, Note("sqlite-many-writers", "an object mount has no locks: the last upload of the file wins", _S3_DOC)),
]

_CHROMA_ONE: list[Line] = [
    (_DISK, Note("", "one process on one node, as Chroma is made for", _CHROMA_DOC)),
    (
        _NOLOCK,
        Note(
            "chroma-on-node-local-locks",
            "Chroma keeps a SQLite file: while the pod of a lost node still runs, its successor overwrites it",
            _SQLITE_CORRUPT,
        ),
    ),
    (
        _NOFLOCK,
        Note(
            "chroma-on-node-local-locks",
            "Chroma keeps a SQLite file, and without flock its lock calls fail with ENOSYS or stay on the node",
            _LUSTRE_OPTIONS,
        ),
    ),
    (
        (*_NFS_LOCKS, *_LUSTRE, *_JUICEFS, *_CEPHFS),
        Note(
            "chroma-on-network",
            "locks are real, but Chroma keeps a SQLite file, and SQLite advises against network file systems",
            _SQLITE_NET,
        ),
    ),
    (_OBJECT, Note("chroma-on-object", "its SQLite and HNSW files are changed in place, an object cannot be", _S3_DOC)),
]

_CHROMA_MANY: list[Line] = [
    (
        (*_NFS, *_LUSTRES, *_JUICEFS, *_CEPHFS, *_OBJECT),
        Note(
            "chroma-many-writers",
            "Chroma is not process-safe: a pod never finds what another has added until it restarts, and the last to "
            "save its HNSW files wins; a Chroma server is not possible (Kotaemon always opens a folder)",
            _CHROMA_DOC,
        ),
    ),
    (_RWOP, Note("chroma-many-writers", _PENDING + "; Chroma is not process-safe either", _CHROMA_DOC)),
    (_RWO, Note("chroma-many-writers", _MULTI_ATTACH + "; Chroma is not process-safe", _CHROMA_DOC)),
]

_LANCEDB_ONE: list[Line] = [
    (_DISK, Note("", "files are immutable, and a version is committed by a hard link", _LANCE_LINK)),
    (_NFS, Note("", "it takes no locks; a version is committed by a hard link, which NFS has", _LANCE_LINK)),
    (_LUSTRES, Note("", "it takes no locks; a version is committed by a hard link, which Lustre has", _LANCE_LINK)),
    (_JUICEFS, Note("", "it takes no locks; metadata operations such as link are atomic", _JUICEFS_DOC)),
    (_CEPHFS, Note("", "it takes no locks; a version is committed by a hard link, which CephFS has", _CEPHFS_DOC)),
    (_OBJECT, Note("lancedb-on-object", "it commits by a rename or hard link, which fails with ENOSYS", _LANCE_S3)),
]

_LANCEDB_MANY: list[Line] = [
    *_DISK_MANY,
    (
        _NFS,
        Note(
            "lancedb-many-writers",
            "no commit is lost (the first hard link wins), but a writer gives up after 5 conflicts, and concurrent "
            "writers on NFS have met missing files",
            _LANCE_NFS,
        ),
    ),
    (
        (*_LUSTRES, *_JUICEFS, *_CEPHFS),
        Note("lancedb-many-writers", "no commit is lost, but a writer gives up after 5 conflicts", _LANCE_CONFLICT),
    ),
    (_OBJECT, Note("lancedb-on-object", "without hard links nothing stops two commits of one version", _OSS_DOC)),
]

_INDEX_FILE_ONE: list[Line] = [
    (_DISK, Note("", "one process reads the file and rewrites it", _FAISS_WRITE)),
    (_NFS, Note("", "one process needs no locks, and a closed file is complete for the next one", _NFS_CLOSE)),
    (_LUSTRES, Note("", "one process needs no locks, and the next one never sees stale data", _LUSTRE_DOC)),
    (_JUICEFS, Note("", "one process needs no locks, and a closed file is complete for the next one", _JUICEFS_DOC)),
    (_CEPHFS, Note("", "one process needs no locks, and the next one never sees stale data", _CEPHFS_DOC)),
    (_OBJECT, Note("index-file-on-object", "HNSW files are changed in place, an object cannot be", _S3_DOC)),
]

_INDEX_FILE_MANY: list[Line] = [
    (_RWOP, Note("index-file-many-writers", _PENDING, _K8S)),
    (_RWO, Note("index-file-many-writers", _MULTI_ATTACH, _K8S)),
    (
        (*_NFS, *_LUSTRES, *_JUICEFS, *_CEPHFS),
        Note(
            "index-file-many-writers",
            "concurrent adding is not supported, and writing replaces the file: the last pod wins, a reader in between "
            "meets half a file",
            _FAISS_ADD,
        ),
    ),
    (_OBJECT, Note("index-file-many-writers", "writes of several pods to one object are not coordinated", _S3_DOC)),
]

_NO_HF = Note("hf-cache-on-object", "downloads are renamed and linked into place; a mount has neither", _S3_DOC)
_HF_ONE: list[Line] = [
    (_DISK, Note("", "the node's kernel arbitrates the cache's flock", _K8S)),
    ((*_NFS, *_LUSTRE), Note("", "one pod downloads; what is lost can be downloaded again", _HF_LOCK)),
    (_NOFLOCK, Note("hf-cache-locks", "a download fails: flock is not implemented (ENOSYS)", _HF_ENOSYS)),
    (_JUICEFS, Note("", "flock, renames and symbolic links work", _JUICEFS_DOC)),
    (_CEPHFS, Note("", "flock, renames and symbolic links work", _CEPHFS_DOC)),
    (_OBJECT, _NO_HF),
]

_HF_MANY: list[Line] = [
    *_DISK_MANY,
    (
        (*_NOLOCK, *_NOFLOCK),
        Note(
            "hf-cache-locks",
            "every pod gets the lock: two downloads of one file mix, and the result looks complete",
            _HF_LOCK,
        ),
    ),
    (_NFS_LOCKS, Note("", "the server arbitrates flock, so one pod downloads a file", _NFS_MAN)),
    (_LUSTRE, Note("", "flock is coherent on all nodes, so one pod downloads a file", _LUSTRE_OPTIONS)),
    (_JUICEFS, Note("", "flock is arbitrated by the metadata engine, so one pod downloads a file", _JUICEFS_DOC)),
    (_CEPHFS, Note("", "flock is kept by the metadata server, so one pod downloads a file", _CEPHFS_LOCKS)),
    (_OBJECT, _NO_HF),
]

_NO_UPLOADS = Note("uploads-on-object", "an upload is moved into place, and a mounted bucket cannot rename", _S3_DOC)
_UPLOADS_ONE: list[Line] = [
    (_DISK, Note("", "whole files, written once", _K8S)),
    (_NFS, Note("", "whole files, written once; no locks are used", _NFS_CLOSE)),
    (_LUSTRES, Note("", "whole files, written once; no locks are used", _LUSTRE_DOC)),
    (_JUICEFS, Note("", "whole files, written once; renames are atomic", _JUICEFS_DOC)),
    (_CEPHFS, Note("", "whole files, written once; no locks are used", _CEPHFS_DOC)),
    (_OBJECT, _NO_UPLOADS),
]

_UPLOADS_MANY: list[Line] = [
    *_DISK_MANY,
    (
        _NFS,
        Note("", "each file is written once; others see it once it is closed and their attributes expire", _NFS_CLOSE),
    ),
    (_LUSTRES, Note("", "each file is written once; clients never see stale data", _LUSTRE_DOC)),
    (_JUICEFS, Note("", "each file is written once, and is complete for other pods once closed", _JUICEFS_DOC)),
    (_CEPHFS, Note("", "each file is written once; clients never see stale data", _CEPHFS_DOC)),
    (_OBJECT, _NO_UPLOADS),
]

_NO_LOG = Note("log-on-object", "an object cannot be appended to (S3), or is rewritten at every line (OSS)", _S3_DOC)
_LOG_ONE: list[Line] = [
    (_DISK, Note("", "the node's kernel appends atomically", "https://man7.org/linux/man-pages/man2/open.2.html")),
    (_NFS, Note("", "the file has one writer, whose client knows where it ends", _NFS_APPEND)),
    (_LUSTRES, Note("", "the file has one writer", _LUSTRE_DOC)),
    (_JUICEFS, Note("", "the file has one writer", _JUICEFS_DOC)),
    (_CEPHFS, Note("", "the file has one writer", _CEPHFS_DOC)),
    (_OBJECT, _NO_LOG),
]

_LOG_MANY: list[Line] = [
    *_DISK_MANY,
    (_EFS, Note("log-shared-file", "EFS is NFS, and consistent only for writes that do not append", _EFS_DOC)),
    (
        tuple(backing for backing in _NFS if backing != Backing.EFS),
        Note(
            "log-shared-file",
            "NFS has no append: each client writes where it believes the end to be, and lines overwrite each other",
            _NFS_APPEND,
        ),
    ),
    (_LUSTRES, Note("log-shared-slow", "appends are atomic on all nodes, but each waits for the others", _LUSTRE_DOC)),
    (
        _CEPHFS,
        Note("log-shared-file", "a client asks for the end of the file and then writes: two can get one", _CEPHFS_DOC),
    ),
    (_JUICEFS, Note("log-shared-file", "concurrent appends from two mounts can overwrite each other", _JUICEFS_APPEND)),
    (_OBJECT, _NO_LOG),
]

ROWS: Mapping[Store, Mapping[Writers, list[Line]]] = {
    Store.SQLITE: {Writers.ONE: _SQLITE_ONE, Writers.MANY: _SQLITE_MANY},
    Store.CHROMA: {Writers.ONE: _CHROMA_ONE, Writers.MANY: _CHROMA_MANY},
    Store.LANCEDB: {Writers.ONE: _LANCEDB_ONE, Writers.MANY: _LANCEDB_MANY},
    Store.INDEX_FILE: {Writers.ONE: _INDEX_FILE_ONE, Writers.MANY: _INDEX_FILE_MANY},
    Store.HF_CACHE: {Writers.ONE: _HF_ONE, Writers.MANY: _HF_MANY},
    Store.UPLOADS: {Writers.ONE: _UPLOADS_ONE, Writers.MANY: _UPLOADS_MANY},
    Store.LOG: {Writers.ONE: _LOG_ONE, Writers.MANY: _LOG_MANY},
}
