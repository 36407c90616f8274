"""The rows of the guard's table for indexes in files: LanceDB, and files that one process rewrites."""

from guard.row_words import (
    CEPHFS,
    CEPHFS_DOC,
    DISK,
    DISK_MANY,
    FAISS_ADD,
    FAISS_WRITE,
    JUICEFS,
    JUICEFS_DOC,
    K8S,
    LANCE_CONFLICT,
    LANCE_LINK,
    LANCE_NFS,
    LANCE_S3,
    LUSTRE_DOC,
    LUSTRES,
    MULTI_ATTACH,
    NFS,
    NFS_CLOSE,
    OBJECT,
    OSS_DOC,
    PENDING,
    RWO,
    RWOP,
    S3_DOC,
    SMB,
    SMB_LINKS,
    SMB_OPTIONS,
    Line,
    Note,
)

LANCEDB_ONE: list[Line] = [
    (DISK, Note("", "files are immutable, and a version is committed by a hard link", LANCE_LINK)),
    (NFS, Note("", "it takes no locks; a version is committed by a hard link, which NFS has", LANCE_LINK)),
    (LUSTRES, Note("", "it takes no locks; a version is committed by a hard link, which Lustre has", LANCE_LINK)),
    (JUICEFS, Note("", "it takes no locks; metadata operations such as link are atomic", JUICEFS_DOC)),
    (CEPHFS, Note("", "it takes no locks; a version is committed by a hard link, which CephFS has", CEPHFS_DOC)),
    (
        SMB,
        Note("lancedb-on-smb", "a version is committed by a hard link, which Azure's SMB and others lack", SMB_LINKS),
    ),
    (OBJECT, Note("lancedb-on-object", "it commits by a rename or hard link, which fails with ENOSYS", LANCE_S3)),
]

LANCEDB_MANY: list[Line] = [
    *DISK_MANY,
    (
        NFS,
        Note(
            "lancedb-many-writers",
            "no commit is lost (the first hard link wins), but a writer gives up after 5 conflicts, and concurrent "
            "writers on NFS have met missing files",
            LANCE_NFS,
        ),
    ),
    (
        (*LUSTRES, *JUICEFS, *CEPHFS),
        Note("lancedb-many-writers", "no commit is lost, but a writer gives up after 5 conflicts", LANCE_CONFLICT),
    ),
    (
        SMB,
        Note("lancedb-on-smb", "a version is committed by a hard link, which Azure's SMB and others lack", SMB_LINKS),
    ),
    (OBJECT, Note("lancedb-on-object", "without hard links nothing stops two commits of one version", OSS_DOC)),
]

INDEX_FILE_ONE: list[Line] = [
    (DISK, Note("", "one process reads the file and rewrites it", FAISS_WRITE)),
    (NFS, Note("", "one process needs no locks, and a closed file is complete for the next one", NFS_CLOSE)),
    (LUSTRES, Note("", "one process needs no locks, and the next one never sees stale data", LUSTRE_DOC)),
    (JUICEFS, Note("", "one process needs no locks, and a closed file is complete for the next one", JUICEFS_DOC)),
    (CEPHFS, Note("", "one process needs no locks, and the next one never sees stale data", CEPHFS_DOC)),
    (SMB, Note("", "one process needs no locks, and a closed file is complete for the next one", SMB_OPTIONS)),
    (OBJECT, Note("index-file-on-object", "HNSW files are changed in place, an object cannot be", S3_DOC)),
]

INDEX_FILE_MANY: list[Line] = [
    (RWOP, Note("index-file-many-writers", PENDING, K8S)),
    (RWO, Note("index-file-many-writers", MULTI_ATTACH, K8S)),
    (
        (*NFS, *LUSTRES, *JUICEFS, *CEPHFS, *SMB),
        Note(
            "index-file-many-writers",
            "concurrent adding is not supported, and writing replaces the file: the last pod wins, a reader in between "
            "meets half a file",
            FAISS_ADD,
        ),
    ),
    (OBJECT, Note("index-file-many-writers", "writes of several pods to one object are not coordinated", S3_DOC)),
]
