"""The guests of the drill of a pair on GlusterFS, and what the three servers are made to be."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.file.nfs import mount_options
from components.nfs_server.delivery import UNPACK, stream
from components.nfs_server.exports import NfsExport
from components.nfs_server.gluster import NfsGlusterFiles, arbiter_files, check_gluster, node_files
from components.nfs_server.hosts import NfsNode, NfsWitness
from drills.guests.guest import Guest, Lan
from drills.guests.image import GLUSTER, image

PATH = "/srv/nfs/kotaemon"
ADDRESS = "10.77.0.10"
DISK = "/srv/brick"
"""Where a host has its disk for the brick. Mounting it is its owner's business, and here the drill's."""
PAIR = NfsGlusterFiles(
    export=NfsExport(path=PATH, clients=["10.77.0.0/25"]),
    nodes=[
        NfsNode(name="nfs-a", address="10.77.0.11", interface="eth1"),
        NfsNode(name="nfs-b", address="10.77.0.12", interface="eth1"),
    ],
    witness=NfsWitness(name="nfs-q", address="10.77.0.13"),
    virtual_address=f"{ADDRESS}/24",
    brick=f"{DISK}/kotaemon",
)
LAN_PORT = 17713
"""UDP port on loopback that carries the guests' private network."""
MIB = 896
"""Memory of a server: four programs of Gluster and Ganesha beside each other."""


@dataclass(frozen=True)
class Machines:
    """Two servers, the host with the arbiter's brick, and a client."""

    nodes: tuple[Guest, Guest]
    arbiter: Guest
    client: Guest

    @property
    def all(self) -> tuple[Guest, ...]:
        """Every guest."""
        return (self.arbiter, *reversed(self.nodes), self.client)


@contextmanager
def guests(folder: Path, report: Callable[[str], None]) -> Generator[Machines]:
    """The machines, powered on, with an empty disk each; they are off at the end."""
    if mistakes := check_gluster(PAIR):
        raise ValueError(mistakes)
    report("Making the guests' image, where it is not there yet (two minutes) ...")
    base, lan = image(GLUSTER), Lan(LAN_PORT)
    machines = Machines(
        (
            Guest("nfs-a", 11, base, lan, folder / "a", {"brick": 512}, mib=MIB),
            Guest("nfs-b", 12, base, lan, folder / "b", {"brick": 512}, mib=MIB),
        ),
        Guest("nfs-q", 13, base, lan, folder / "q", {"brick": 320}, mib=MIB),
        Guest("client", 21, base, lan, folder / "client"),
    )
    try:
        for machine in machines.all:
            machine.start()
        for machine in machines.all:
            report(f"{machine.name} answers {machine.wait():.0f} s after its power-on")
        yield machines
    finally:
        for machine in machines.all:
            machine.power_off()


def prepare(machines: Machines) -> None:
    """What the owner of a host does before: the disk for its brick, mounted at each start."""
    device = "/dev/disk/by-id/virtio-brick"
    line = f"{device} {DISK} xfs noatime 0 0"
    for host in (*machines.nodes, machines.arbiter):
        host.ssh(f"mkfs.xfs -q {device} && mkdir -p {DISK} && echo '{line}' >> /etc/fstab && mount {DISK}")


def install(machines: Machines) -> list[str]:
    """What each host says, set up by the command and the bytes that the component sends, in its order."""
    files = [arbiter_files(PAIR), node_files(PAIR, 1), node_files(PAIR, 0)]
    hosts = (machines.arbiter, machines.nodes[1], machines.nodes[0])
    return [host.ssh(UNPACK, text=stream(sent), seconds=900).stdout for host, sent in zip(hosts, files, strict=True)]


def mount() -> str:
    """The command by which a client mounts the pair, with the product's own options for volumes."""
    return f"mkdir -p /mnt/nfs && mount -t nfs -o {','.join(mount_options([]))} {ADDRESS}:{PATH} /mnt/nfs"
