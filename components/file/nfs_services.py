"""Managed file services behind the server of an NFS export, by the name that the service gives its servers.

Pure data, each row with its source: which mount options the service takes, and as what the guard judges it.
"""

import re
from dataclasses import dataclass

from ..aws import DNS_SUFFIXES

_AWS = f"({'|'.join(map(re.escape, DNS_SUFFIXES))})"


@dataclass(frozen=True)
class NfsService:
    """A file service that speaks NFS."""

    name: str
    servers: str
    """Pattern of the host names of its servers."""
    backend: str
    """How the guard calls it (guard/table.py). Empty: `nfs3` or `nfs4`, as for any server."""
    versions: tuple[str, ...]
    """Versions of NFS that it speaks. The first is the default."""
    options: tuple[str, ...]
    """Mount options besides those of every export."""
    without: tuple[str, ...]
    """Names of options of every export that it does not take or gains nothing by."""
    locks_from: int
    """Least major version in which it keeps locks for all nodes."""
    source: str


SERVICES = (
    NfsService(
        name="EFS",
        servers=rf"([\w-]+\.)?fs-[0-9a-f]+\.efs\.[\w-]+\.{_AWS}",
        backend="efs",
        versions=("4.1", "4.0"),
        options=("noresvport",),
        without=("nconnect",),
        locks_from=4,
        source="https://docs.aws.amazon.com/efs/latest/ug/mounting-fs-nfs-mount-settings.html",
    ),
    NfsService(
        name="FSx for NetApp ONTAP",
        servers=rf"(svm-[0-9a-f]+|management|intercluster)\.fs-[0-9a-f]+\.fsx\.[\w-]+\.{_AWS}",
        backend="",
        versions=("4", "4.0", "4.1", "4.2", "3"),
        options=(),
        without=(),
        locks_from=3,
        source="https://docs.aws.amazon.com/fsx/latest/ONTAPGuide/attach-linux-client.html",
    ),
    NfsService(
        name="FSx for OpenZFS",
        servers=rf"fs-[0-9a-f]+\.fsx\.[\w-]+\.{_AWS}",
        backend="openzfs",
        versions=("4", "4.0", "4.1", "4.2", "3"),
        options=(),
        without=(),
        locks_from=3,
        source="https://docs.aws.amazon.com/datasync/latest/userguide/API_NfsMountOptions.html",
    ),
    NfsService(
        name="NAS of Alibaba Cloud, extreme",
        servers=r"[\w-]+\.[\w-]+\.extreme\.nas\.aliyuncs\.com",
        backend="nas",
        versions=("3",),
        options=("noresvport", "nolock"),
        without=("nconnect",),
        locks_from=4,
        source="https://github.com/kubernetes-sigs/alibaba-cloud-csi-driver/tree/master/examples/nas",
    ),
    NfsService(
        name="NAS of Alibaba Cloud",
        servers=r"[\w-]+\.[\w-]+\.nas\.aliyuncs\.com",
        backend="nas",
        versions=("4.0", "3"),
        options=("noresvport",),
        without=("nconnect",),
        locks_from=4,
        source="https://github.com/kubernetes-sigs/alibaba-cloud-csi-driver/tree/master/examples/nas",
    ),
)


def service_of(server: object) -> NfsService | None:
    """The service that has servers of this name; None for any other server, and for a name that is not known yet."""
    if not isinstance(server, str):
        return None
    return next((one for one in SERVICES if re.fullmatch(one.servers, server.lower())), None)


def in_cluster(server: object) -> bool:
    """Whether the name is one of a Service: only the cluster's own DNS knows it, which pods ask and nodes do not."""
    return isinstance(server, str) and re.search(r"\.svc(\.|$)", server.lower()) is not None


def short(server: object) -> bool:
    """Whether the name has no dot, so that it means something only beside a search domain."""
    return isinstance(server, str) and "." not in server and ":" not in server
