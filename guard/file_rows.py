"""The rows of the guard's table for whole files: the Hugging Face cache, uploads and logs."""

from guard.row_words import (
    CEPHFS,
    CEPHFS_DOC,
    CEPHFS_LOCKS,
    DISK,
    DISK_MANY,
    EFS,
    EFS_DOC,
    HF_ENOSYS,
    HF_LOCK,
    JUICEFS,
    JUICEFS_APPEND,
    JUICEFS_DOC,
    K8S,
    LUSTRE,
    LUSTRE_DOC,
    LUSTRE_OPTIONS,
    LUSTRES,
    NFS,
    NFS_APPEND,
    NFS_CLOSE,
    NFS_LOCKS,
    NFS_MAN,
    NOFLOCK,
    NOLOCK,
    OBJECT,
    S3_DOC,
    SMB,
    SMB_OPTIONS,
    Line,
    Note,
)
from guard.words import Backing

_NO_HF = Note("hf-cache-on-object", "downloads are renamed and linked into place; a mount has neither", S3_DOC)
HF_ONE: list[Line] = [
    (DISK, Note("", "the node's kernel arbitrates the cache's flock", K8S)),
    ((*NFS, *LUSTRE), Note("", "one pod downloads; what is lost can be downloaded again", HF_LOCK)),
    (NOFLOCK, Note("hf-cache-locks", "a download fails: flock is not implemented (ENOSYS)", HF_ENOSYS)),
    (JUICEFS, Note("", "flock, renames and symbolic links work", JUICEFS_DOC)),
    (CEPHFS, Note("", "flock, renames and symbolic links work", CEPHFS_DOC)),
    (SMB, Note("", "one pod downloads; without mfsymlinks the cache keeps copies in place of links", SMB_OPTIONS)),
    (OBJECT, _NO_HF),
]

HF_MANY: list[Line] = [
    *DISK_MANY,
    (
        (*NOLOCK, *NOFLOCK),
        Note(
            "hf-cache-locks",
            "every pod gets the lock: two downloads of one file mix, and the result looks complete",
            HF_LOCK,
        ),
    ),
    (NFS_LOCKS, Note("", "the server arbitrates flock, so one pod downloads a file", NFS_MAN)),
    (LUSTRE, Note("", "flock is coherent on all nodes, so one pod downloads a file", LUSTRE_OPTIONS)),
    (JUICEFS, Note("", "flock is arbitrated by the metadata engine, so one pod downloads a file", JUICEFS_DOC)),
    (CEPHFS, Note("", "flock is kept by the metadata server, so one pod downloads a file", CEPHFS_LOCKS)),
    (
        SMB,
        Note("hf-cache-locks", "with nobrl every pod gets the lock: two downloads of one file mix", SMB_OPTIONS),
    ),
    (OBJECT, _NO_HF),
]

_NO_UPLOADS = Note("uploads-on-object", "an upload is moved into place, and a mounted bucket cannot rename", S3_DOC)
UPLOADS_ONE: list[Line] = [
    (DISK, Note("", "whole files, written once", K8S)),
    (NFS, Note("", "whole files, written once; no locks are used", NFS_CLOSE)),
    (LUSTRES, Note("", "whole files, written once; no locks are used", LUSTRE_DOC)),
    (JUICEFS, Note("", "whole files, written once; renames are atomic", JUICEFS_DOC)),
    (CEPHFS, Note("", "whole files, written once; no locks are used", CEPHFS_DOC)),
    (SMB, Note("", "whole files, written once; no locks are used", SMB_OPTIONS)),
    (OBJECT, _NO_UPLOADS),
]

UPLOADS_MANY: list[Line] = [
    *DISK_MANY,
    (
        NFS,
        Note("", "each file is written once; others see it once it is closed and their attributes expire", NFS_CLOSE),
    ),
    (LUSTRES, Note("", "each file is written once; clients never see stale data", LUSTRE_DOC)),
    (JUICEFS, Note("", "each file is written once, and is complete for other pods once closed", JUICEFS_DOC)),
    (CEPHFS, Note("", "each file is written once; clients never see stale data", CEPHFS_DOC)),
    (SMB, Note("", "each file is written once; others see it once their attributes expire (actimeo)", SMB_OPTIONS)),
    (OBJECT, _NO_UPLOADS),
]

_NO_LOG = Note("log-on-object", "an object cannot be appended to (S3), or is rewritten at every line (OSS)", S3_DOC)
LOG_ONE: list[Line] = [
    (DISK, Note("", "the node's kernel appends atomically", "https://man7.org/linux/man-pages/man2/open.2.html")),
    (NFS, Note("", "the file has one writer, whose client knows where it ends", NFS_APPEND)),
    (LUSTRES, Note("", "the file has one writer", LUSTRE_DOC)),
    (JUICEFS, Note("", "the file has one writer", JUICEFS_DOC)),
    (CEPHFS, Note("", "the file has one writer", CEPHFS_DOC)),
    (SMB, Note("", "the file has one writer", SMB_OPTIONS)),
    (OBJECT, _NO_LOG),
]

LOG_MANY: list[Line] = [
    *DISK_MANY,
    (EFS, Note("log-shared-file", "EFS is NFS, and consistent only for writes that do not append", EFS_DOC)),
    (
        tuple(backing for backing in NFS if backing != Backing.EFS),
        Note(
            "log-shared-file",
            "NFS has no append: each client writes where it believes the end to be, and lines overwrite each other",
            NFS_APPEND,
        ),
    ),
    (LUSTRES, Note("log-shared-slow", "appends are atomic on all nodes, but each waits for the others", LUSTRE_DOC)),
    (
        CEPHFS,
        Note("log-shared-file", "a client asks for the end of the file and then writes: two can get one", CEPHFS_DOC),
    ),
    (JUICEFS, Note("log-shared-file", "concurrent appends from two mounts can overwrite each other", JUICEFS_APPEND)),
    (SMB, Note("log-shared-file", "each client writes where it believes the end to be", SMB_OPTIONS)),
    (OBJECT, _NO_LOG),
]
