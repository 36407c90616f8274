"""What the rows of the guard's table share: notes, groups of backings, sources, and the rows of a disk for many."""

from typing import NamedTuple

from guard.words import Backing


class Note(NamedTuple):
    """A fact about some cells of the table. With an empty rule these cells are safe."""

    rule: str
    reason: str
    source: str


Line = tuple[tuple[Backing, ...], Note]

RWOP, RWO = (Backing.BLOCK_RWOP,), (Backing.BLOCK_RWO,)
DISK = RWOP + RWO
NFS3, NFS4, EFS, OPENZFS = (Backing.NFS3,), (Backing.NFS4,), (Backing.EFS,), (Backing.OPENZFS,)
NAS3, NAS4 = (Backing.NAS3_NOLOCK,), (Backing.NAS4,)
LUSTRE, NOFLOCK = (Backing.LUSTRE,), (Backing.LUSTRE_NOFLOCK,)
JUICEFS, CEPHFS, OBJECT = (Backing.JUICEFS,), (Backing.CEPHFS,), (Backing.OBJECT,)
SMB = (Backing.SMB,)
NOLOCK = (Backing.NFS_NOLOCK, Backing.NAS3_NOLOCK)
NFS_LOCKS = (Backing.NFS3, Backing.NFS4, Backing.EFS, Backing.OPENZFS, Backing.NAS4)
"""Kinds of NFS whose server arbitrates file locks between all nodes."""
NFS = NOLOCK + NFS_LOCKS
LUSTRES = LUSTRE + NOFLOCK

K8S = "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes"
NFS_MAN = "https://man7.org/linux/man-pages/man5/nfs.5.html"
NFS_APPEND = "https://nfs.sourceforge.net/#faq_a9"
NFS_CLOSE = "https://nfs.sourceforge.net/#faq_a8"
NAS_CSI = "https://github.com/kubernetes-sigs/alibaba-cloud-csi-driver/tree/master/examples/nas"
NAS_LIMITS = "https://www.alibabacloud.com/help/doc-detail/122195.htm"
EFS_DOC = "https://docs.aws.amazon.com/efs/latest/ug/features.html"
OPENZFS_DOC = "https://docs.aws.amazon.com/fsx/latest/APIReference/API_OpenZFSClientConfiguration.html"
LUSTRE_DOC = "https://wiki.lustre.org/Lustre_Clients_Overview"
LUSTRE_OPTIONS = "https://kernel.org/doc/readme/drivers-staging-lustre-README.txt"
JUICEFS_DOC = "https://juicefs.com/docs/cloud/reference/posix_compatibility"
JUICEFS_APPEND = "https://github.com/juicedata/juicefs/pull/6596"
CEPHFS_DOC = "https://docs.ceph.com/en/latest/cephfs/posix/"
CEPHFS_LOCKS = "https://docs.ceph.com/en/latest/cephfs/capabilities/"
S3_DOC = "https://github.com/awslabs/mountpoint-s3/blob/main/doc/SEMANTICS.md"
OSS_DOC = "https://github.com/aliyun/ossfs/wiki/FAQ-EN"
SMB_LOCKS = "https://github.com/dani-garcia/vaultwarden/issues/846"
SMB_LINKS = "https://github.com/facebook/rocksdb/issues/9627"
SMB_OPTIONS = (
    "https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/storage/mountoptions-settings-azure-files"
)
SQLITE_NET = "https://sqlite.org/useovernet.html"
SQLITE_CORRUPT = "https://sqlite.org/howtocorrupt.html"
SQLITE_EFS = "https://github.com/louislam/uptime-kuma/issues/5915"
CHROMA_DOC = "https://cookbook.chromadb.dev/core/system_constraints"
LANCE_LINK = "https://github.com/lancedb/lancedb/issues/647"
LANCE_CONFLICT = "https://github.com/lancedb/lancedb/issues/725"
LANCE_NFS = "https://github.com/lancedb/lancedb/issues/2963"
LANCE_S3 = "https://github.com/lancedb/lancedb/issues/2016"
FAISS_ADD = "https://github.com/facebookresearch/faiss/issues/861"
FAISS_WRITE = "https://github.com/facebookresearch/faiss/issues/1623"
HF_LOCK = "https://github.com/huggingface/huggingface_hub/pull/4228"
HF_ENOSYS = "https://github.com/huggingface/huggingface_hub/issues/2399"

PENDING = "the disk admits one pod: the second stays Pending"
MULTI_ATTACH = "the disk is on one node: a pod elsewhere never starts (Multi-Attach), a pod on the same node writes too"
DISK_MANY: list[Line] = [
    (RWOP, Note("disk-many-pods", PENDING, K8S)),
    (RWO, Note("disk-many-pods", MULTI_ATTACH, K8S)),
]
"""A disk with many writers, for stores that could be shared on other storage."""
