"""Cases of the rule about mount options."""

from typing import Any

from policy.resource import UNKNOWN
from tests.policy.cases.case import one
from tests.policy.resources import DEPLOY, DEPLOYMENT, NFS_VOLUME, STORAGE_CLASS, VOLUME, changed

LOCKS = "locks stay on the node: two pods on two nodes both get the lock of one file"
TIME_OUT = "a time-out is an error for the writer: data that it believes written is lost"


def csi(attributes: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"csi": {"driver": "nfs.csi.k8s.io", "volumeAttributes": attributes}}}


def inline(attributes: dict[str, Any]) -> dict[str, Any]:
    """The Deployment with a volume of a CSI driver that is written into the pod."""
    return changed(
        DEPLOYMENT,
        "spec/template/spec/volumes",
        [{"name": "files", "csi": {"driver": "nfs.csi.k8s.io", "volumeAttributes": attributes}}],
    )


CASES = [
    one(
        "mount-options",
        "compliant",
        VOLUME,
        changed(NFS_VOLUME, "spec/mountOptions", ["vers=4.1", "hard", "timeo=600"]),
    ),
    one("mount-options", "missing", VOLUME, NFS_VOLUME),
    one("mount-options", "unknown", VOLUME, changed(NFS_VOLUME, "spec/mountOptions", UNKNOWN)),
    one(
        "mount-options",
        "volume",
        VOLUME,
        changed(NFS_VOLUME, "spec/mountOptions", ["vers=3,nolock", "soft"]),
        f"spec.mountOptions holds nolock: {LOCKS}",
        f"spec.mountOptions holds soft: {TIME_OUT}",
    ),
    one(
        "mount-options",
        "patch of a volume",
        f"{VOLUME}Patch",
        {"spec": {"mountOptions": ["local_lock=all"]}},
        f"spec.mountOptions holds local_lock=all: {LOCKS}",
    ),
    one("mount-options", "locks of the server", VOLUME, changed(NFS_VOLUME, "spec/mountOptions", ["local_lock=none"])),
    one(
        "mount-options",
        "annotation",
        VOLUME,
        changed(NFS_VOLUME, "metadata", {"annotations": {"volume.beta.kubernetes.io/mount-options": "hard,softerr"}}),
        f"annotation volume.beta.kubernetes.io/mount-options holds softerr: {TIME_OUT}",
    ),
    one(
        "mount-options",
        "class",
        STORAGE_CLASS,
        {"provisioner": "fsx.csi.aws.com", "mountOptions": ["localflock"]},
        f"mountOptions holds localflock: {LOCKS}",
    ),
    one(
        "mount-options",
        "parameter of a class",
        STORAGE_CLASS,
        {"provisioner": "nasplugin.csi.alibabacloud.com", "parameters": {"options": "nolock,tcp,noresvport"}},
        f"parameters.options holds nolock: {LOCKS}",
    ),
    one(
        "mount-options",
        "disk",
        STORAGE_CLASS,
        {"provisioner": "rbd.csi.ceph.com", "mountOptions": ["noatime", "nobarrier", "data=writeback"]},
        "mountOptions holds nobarrier: writes are not ordered any more: a power loss breaks the file system",
        "mountOptions holds data=writeback: after a crash old data shows up in new files",
    ),
    one(
        "mount-options",
        "attributes of a volume",
        VOLUME,
        csi({"mountOptions": "nfsvers=4.1,soft"}),
        f"spec.csi.volumeAttributes.mountOptions holds soft: {TIME_OUT}",
    ),
    one(
        "mount-options",
        "inline volume",
        DEPLOY,
        inline({"server": "nfs", "share": "/", "mountOptions": "nolock"}),
        f"volume files: csi.volumeAttributes.mountOptions holds nolock: {LOCKS}",
    ),
    one("mount-options", "inline volume without options", DEPLOY, inline({"server": "nfs"})),
    one("mount-options", "configured", VOLUME, changed(NFS_VOLUME, "spec/mountOptions", ["soft"]), allowed=["soft"]),
]
