"""Addresses and folders of real nodes: what several of the parts must agree on. Nothing here runs anything.

The network is a namespace of its own, so its addresses can be the same in every cluster and meet none of the machine's.
"""

from dataclasses import dataclass
from pathlib import Path

BRIDGE = "nodes0"
GATEWAY = "10.200.0.1"
"""Address of the control plane, of the way out for image pulls, and of the cluster's name server."""
PREFIX = 24
POD_NETWORK = "10.244.0.0/16"
SERVICE_NETWORK = "10.96.0.0/16"
EGRESS_PORT = 3128
CLUSTER_DOMAIN = "cluster.local"
PAUSE_IMAGE = "devcluster.kotaemon.dev/pause:1"

SIZE = "bytes"
"""Attribute of a volume that tells the node plugin how large a disk to make."""

RUN = Path("/run/devcluster")
"""Folder of a node's settings and sockets, on a memory file system of its own."""
HIDDEN = ("/run", "/var/lib", "/var/log")
"""Folders of the machine that a node does not see; it has its own there."""
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"


@dataclass(frozen=True)
class Place:
    """One node of one cluster."""

    cluster: Path
    """The cluster's folder."""
    name: str
    number: int
    """1 to 6: the position in the platform's list of nodes."""

    @property
    def address(self) -> str:
        """The node's own address."""
        return f"10.200.0.{10 + self.number}"

    @property
    def pods(self) -> str:
        """The network of the node's pods."""
        return f"10.244.{self.number}.0/24"

    @property
    def folder(self) -> Path:
        """What the node has on disk: images, and the folders of its pods."""
        return folder(self.cluster, self.name)

    @property
    def link(self) -> str:
        """Name of the cable's end in the cluster's network."""
        return f"v-{self.name}"


def folder(cluster: Path, node: str) -> Path:
    """What a node has on disk."""
    return cluster / "nodes" / node


def lost_mark(cluster: Path, node: str) -> Path:
    """File that says: this node was lost on purpose, do not start it."""
    return folder(cluster, node) / "lost"


def pid_file(cluster: Path, node: str) -> Path:
    """File with the process id, as the machine sees it, of the node's outermost process."""
    return folder(cluster, node) / "pid"


def images(cluster: Path) -> Path:
    """Archives of images that every node loads when it starts."""
    return cluster / "images"


def disks(cluster: Path) -> Path:
    """The stand-in disks, as sparse files."""
    return cluster / "disks"


def shares(cluster: Path) -> Path:
    """Folders that stand for network file systems."""
    return cluster / "shares"
