"""The guests of the drill of a pair on GlusterFS, and what the three servers are made to be."""

from pathlib import Path

from components.nfs_server.files import HostFile
from components.nfs_server.gluster import NfsGlusterFiles, arbiter_files, check_gluster, node_files
from drills.guests.guest import Guest, Lan
from drills.guests.image import GLUSTER, image
from drills.nfs_ha.machines import ADDRESS, EXPORT, NODES, THIRD, Machines

DISK = "/srv/brick"
"""Where a host has its disk for the brick. Mounting it is its owner's business, and here the drill's."""
PAIR = NfsGlusterFiles(
    export=EXPORT,
    nodes=NODES,
    witness=THIRD,
    virtual_address=f"{ADDRESS}/24",
    brick=f"{DISK}/kotaemon",
)
LAN_PORT = 17713
"""UDP port on loopback that carries the guests' private network."""
MIB = 896
"""Memory of a server: four programs of Gluster and Ganesha beside each other."""


def guests(folder: Path) -> Machines:
    """The machines, with an empty disk each."""
    if mistakes := check_gluster(PAIR):
        raise ValueError(mistakes)
    base, lan = image(GLUSTER), Lan(LAN_PORT)
    return Machines(
        (
            Guest("nfs-a", 11, base, lan, folder / "a", {"brick": 512}, mib=MIB),
            Guest("nfs-b", 12, base, lan, folder / "b", {"brick": 512}, mib=MIB),
        ),
        Guest("nfs-q", 13, base, lan, folder / "q", {"brick": 320}, mib=MIB),
        Guest("client", 21, base, lan, folder / "client"),
    )


def prepare(machines: Machines) -> None:
    """What the owner of a host does before: the disk for its brick, mounted at each start."""
    device = "/dev/disk/by-id/virtio-brick"
    line = f"{device} {DISK} xfs noatime 0 0"
    for host in (*machines.nodes, machines.third):
        host.ssh(f"mkfs.xfs -q {device} && mkdir -p {DISK} && echo '{line}' >> /etc/fstab && mount {DISK}")


def files() -> list[list[HostFile]]:
    """The files of the arbiter's host, the second node and the first."""
    return [arbiter_files(PAIR), node_files(PAIR, 1), node_files(PAIR, 0)]
