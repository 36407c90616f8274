"""The guests of the drills of a pair, and what the three servers are made to be.

What every pair has stands here, too: its hosts, its address, and who is powered on."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.file.nfs import mount_options
from components.nfs_server.delivery import UNPACK, stream
from components.nfs_server.exports import NfsExport
from components.nfs_server.files import HostFile
from components.nfs_server.hosts import NfsNode, NfsWitness
from components.nfs_server.pair import (
    NfsPairFiles,
    NfsReplication,
    check_pair,
    node_files,
    witness_files,
)
from drills.guests.guest import Guest, Lan
from drills.guests.image import image

PATH = "/srv/nfs/kotaemon"
ADDRESS = "10.77.0.10"
SECRET = "drill-" + "s3cret" * 4
EXPORT = NfsExport(path=PATH, clients=["10.77.0.0/25"])
NODES = (
    NfsNode(name="nfs-a", address="10.77.0.11", interface="eth1"),
    NfsNode(name="nfs-b", address="10.77.0.12", interface="eth1"),
)
THIRD = NfsWitness(name="nfs-q", address="10.77.0.13")
PAIR = NfsPairFiles(
    export=EXPORT,
    nodes=NODES,
    witness=THIRD,
    virtual_address=f"{ADDRESS}/24",
    device="/dev/disk/by-id/virtio-data",
    state_device="/dev/disk/by-id/virtio-state",
    replication=NfsReplication.DRBD_8_4,  # what Debian's kernel has
)
LAN_PORT = 17712
"""UDP port on loopback that carries the guests' private network."""


@dataclass(frozen=True)
class Machines:
    """Two servers, the third host, and a client."""

    nodes: tuple[Guest, Guest]
    third: Guest
    client: Guest

    @property
    def all(self) -> tuple[Guest, ...]:
        """Every guest."""
        return (self.third, *reversed(self.nodes), self.client)


@contextmanager
def powered_on(machines: Machines, report: Callable[[str], None]) -> Generator[Machines]:
    """The machines, once all of them answer. They are off at the end."""
    try:
        for machine in machines.all:
            machine.start()
        for machine in machines.all:
            report(f"{machine.name} answers {machine.wait():.0f} s after its power-on")
        yield machines
    finally:
        for machine in machines.all:
            machine.power_off()


def guests(folder: Path) -> Machines:
    """The machines, as bare as their image."""
    if mistakes := check_pair(PAIR):
        raise ValueError(mistakes)
    base, lan = image(), Lan(LAN_PORT)
    disks = {"data": 512, "state": 64}
    return Machines(
        (
            Guest("nfs-a", 11, base, lan, folder / "a", dict(disks), ends_at_restart=True),
            Guest("nfs-b", 12, base, lan, folder / "b", dict(disks), ends_at_restart=True),
        ),
        Guest("nfs-q", 13, base, lan, folder / "q"),
        Guest("client", 21, base, lan, folder / "client"),
    )


def set_up(machines: Machines, files: Sequence[list[HostFile]]) -> list[str]:
    """What the third host, the second node and the first say, set up by the command and the bytes that the component
    sends. `files`: theirs, in this order."""
    hosts = (machines.third, machines.nodes[1], machines.nodes[0])
    return [host.ssh(UNPACK, text=stream(sent), seconds=900).stdout for host, sent in zip(hosts, files, strict=True)]


def files() -> list[list[HostFile]]:
    """The files of the witness, the second node and the first."""
    return [witness_files(PAIR, SECRET), node_files(PAIR, 1, SECRET), node_files(PAIR, 0, SECRET)]


def mount() -> str:
    """The command by which a client mounts the pair, with the product's own options for volumes."""
    return f"mkdir -p /mnt/nfs && mount -t nfs -o {','.join(mount_options([]))} {ADDRESS}:{PATH} /mnt/nfs"
