"""The guests of the drills of the NFS server, and what the server is made to be."""

import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from components.file.nfs import mount_options
from components.nfs_server.delivery import UNPACK, stream
from components.nfs_server.exports import NfsExport
from components.nfs_server.files import NfsDisk, NfsServerFiles, host_files
from drills.guests.guest import Guest, Lan
from drills.guests.image import image

PATH = "/srv/nfs/kotaemon"
DISK = "/dev/disk/by-id/virtio-data"
SERVER = NfsServerFiles(exports=[NfsExport(path=PATH, clients=["10.77.0.0/25"])], disk=NfsDisk(device=DISK, path=PATH))
FILES = stream(host_files(SERVER))
"""What Pulumi sends on standard input."""
LAN_PORT = 17711
"""UDP port on loopback that carries the guests' private network."""


@contextmanager
def guests(folder: Path, report: Callable[[str], None]) -> Generator[tuple[Guest, Guest, Guest]]:
    """A server and two clients, powered on; they are off at the end."""
    report("Making the guests' image, where it is not there yet (two minutes) ...")
    base, lan = image(), Lan(LAN_PORT)
    machines = (
        Guest("server", 11, base, lan, folder / "server", {"data": 512}),
        Guest("client", 21, base, lan, folder / "client"),
        Guest("other", 22, base, lan, folder / "other"),
    )
    try:
        for machine in machines:
            machine.start()
        for machine in machines:
            report(f"{machine.name} answers {machine.wait():.0f} s after its power-on")
        yield machines
    finally:
        for machine in machines:
            machine.power_off()


def install(server: Guest) -> subprocess.CompletedProcess[str]:
    """The command that the component runs over SSH, with the same standard input."""
    return server.ssh(UNPACK, text=FILES, seconds=900, check=False)


def mount(options: list[str] | None = None) -> str:
    """The command by which a client mounts the export, with the product's own options for volumes."""
    chosen = ",".join(options or mount_options([]))
    return f"mkdir -p /mnt/nfs && mount -t nfs -o {chosen} 10.77.0.11:{PATH} /mnt/nfs"
