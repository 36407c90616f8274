"""What a bucket that is mounted as files can do, by CSI driver. Pure data.

Roles are judged by the rows of the backing `object` (guard/file_rows.py, guard/index_rows.py, guard/database_rows.py);
whether a file can be renamed, and on which nodes a driver runs, is read from here.
"""

from dataclasses import dataclass
from enum import Enum


class Nodes(str, Enum):
    """Families of nodes on which some drivers cannot run."""

    BOTTLEROCKET = "Bottlerocket"
    AUTO_MODE = "EKS Auto Mode"
    FARGATE = "Fargate"
    TALOS = "Talos"


@dataclass(frozen=True)
class ObjectMount:
    """One client that mounts a bucket."""

    name: str
    drivers: tuple[str, ...]
    """Names of its CSI driver."""
    renames: bool
    """Whether a file can be renamed. Where it cannot, a file is written under its last name, and appears when it is
    closed."""
    appends: bool
    """Whether a file that is there can be written at its end."""
    changes_in_place: bool
    """Whether a part of a file that is there can be overwritten."""
    locks: bool
    """Whether a lock that one node holds is seen by the others."""
    not_on: tuple[Nodes, ...]
    """Nodes on which it cannot run."""
    source: str


MOUNTPOINT = ObjectMount(
    name="Mountpoint for Amazon S3",
    drivers=("s3.csi.aws.com",),
    renames=False,
    appends=False,
    changes_in_place=False,
    locks=False,
    not_on=(Nodes.FARGATE,),
    source="https://github.com/awslabs/mountpoint-s3/blob/main/doc/SEMANTICS.md",
)
OSSFS = ObjectMount(
    name="ossfs",
    drivers=("ossplugin.csi.alibabacloud.com",),
    renames=True,  # as a copy and a deletion: not atomic
    appends=True,  # by uploading the whole object again
    changes_in_place=True,
    locks=False,
    not_on=(),
    source="https://github.com/aliyun/ossfs#limitations",
)
JUICEFS = ObjectMount(
    name="JuiceFS",
    drivers=("csi.juicefs.com",),
    renames=True,
    appends=True,
    changes_in_place=True,
    locks=True,
    not_on=(Nodes.FARGATE,),
    source="https://juicefs.com/docs/community/posix_compatibility",
)
GEESEFS = ObjectMount(
    name="GeeseFS",
    drivers=("ru.yandex.s3.csi",),
    renames=True,  # as a copy and a deletion: not atomic
    appends=True,
    changes_in_place=True,
    locks=False,
    # It starts a unit of the node's systemd, from a binary that it copies to the node.
    not_on=(Nodes.BOTTLEROCKET, Nodes.AUTO_MODE, Nodes.FARGATE, Nodes.TALOS),
    source="https://github.com/yandex-cloud/k8s-csi-s3#geesefs",
)
S3_FILES = ObjectMount(
    name="S3 Files",
    drivers=(),  # efs.csi.aws.com mounts EFS as well: the driver alone says nothing
    renames=True,  # the object is written anew
    appends=True,
    changes_in_place=True,
    locks=True,  # as NFS 4.1; the objects are written a minute later, so no role that needs locks is let on it
    not_on=(Nodes.FARGATE,),
    source="https://docs.aws.amazon.com/eks/latest/userguide/s3files-csi.html",
)
OBJECT_MOUNTS = (MOUNTPOINT, OSSFS, JUICEFS, GEESEFS)
"""Clients that are known by their driver."""


def object_mount(driver: str) -> ObjectMount | None:
    """The client behind a CSI driver. None: it mounts no bucket that is known here."""
    return next((mount for mount in OBJECT_MOUNTS if driver in mount.drivers), None)


def refused_nodes(mount: ObjectMount, nodes: tuple[Nodes, ...]) -> str:
    """Why a client cannot run on the nodes of a cluster; empty when it can."""
    found = [family.value for family in nodes if family in mount.not_on]
    return f"{mount.name} cannot run on nodes of {', '.join(found)} ({mount.source})" if found else ""
