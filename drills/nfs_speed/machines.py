"""The guests of the measurement: a server, and clients with a cache for FS-Cache on a disk of their own."""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from components.file.nfs import mount_options
from drills.guests.guest import Guest, Lan
from drills.guests.image import image
from drills.nfs import machines as nfs
from drills.nfs_speed.compared import CACHED, DEFAULT, OURS
from plan.stack_file import ROOT

LAN_PORT = 17714
"""UDP port on loopback that carries the guests' private network."""
DELAY_MS = 1
"""Milliseconds by which the client's packets are held back: a round trip of a data centre, between two zones."""
RELEASES = ("bookworm", "trixie")
"""Debian of the clients: Linux 6.1, which reads FS-Cache page by page, and Linux 6.12, which reads whole ranges."""
PAGE = ROOT / "docs" / "nfs-mounts.md"
OPTIONS = {DEFAULT: [], OURS: mount_options([]), CACHED: mount_options(["fsc"])}
"""Name of the mount -> its options."""
_WORK = (Path(__file__).parent / "work.py").read_text()
_USER_DATA = "/etc/cloud/cloud.cfg.d/98-fscache.cfg"
# One module of cloud-init after the other, as at a first boot. Packages are in the image: a guest has no way out. A
# cache that is not active (A) would cache nothing, and say nothing.
_CLOUD_INIT = """
set -e
for module in disk_setup mounts write_files runcmd; do
  cloud-init single --name $module --frequency always
done
# Debian's init script says "failed" where the daemon is slow to write its number, and the daemon runs: see below
sh /var/lib/cloud/instances/*/scripts/runcmd || true
mountpoint -q /var/cache/fscache
i=0
until grep -qs ' A mycache' /proc/fs/fscache/caches && pidof cachefilesd > /dev/null; do
  [ $i -lt 30 ] || { systemctl status --no-pager cachefilesd >&2; exit 1; }
  i=$((i + 1))
  sleep 1
done
"""


@contextmanager
def machine(made: Guest, report: Callable[[str], None]) -> Generator[Guest]:
    """A guest that is powered on; it is off at the end."""
    try:
        made.start()
        report(f"{made.name} answers {made.wait():.0f} s after its power-on")
        yield made
    finally:
        made.power_off()


def server(folder: Path) -> Guest:
    """The server, as bare as its image."""
    return Guest("server", 11, image(), Lan(LAN_PORT), folder / "server", {"data": 512})


def client(folder: Path, release: str) -> Guest:
    """A client, as bare as its image."""
    # cloud-init runs module by module below, and not beside it at the boot
    made = Guest(release, 21, image(release=release), Lan(LAN_PORT), folder / release, {"cache": 512})
    made.words = "cloud-init=disabled"
    return made


def user_data(page: str, device: str) -> str:
    """The user data of a node with FS-Cache, as the page of the mounts shows it, for another disk."""
    (shown,) = re.findall(r"```yaml\n(#cloud-config\n.*?)```", page, re.DOTALL)
    return re.sub(r"(device: )[^,}]+", rf"\g<1>{device}", shown)


def set_up_server(server: Guest) -> None:
    """The server by the product's own way."""
    done = nfs.install(server)
    if done.returncode:
        raise OSError(f"the server could not be installed: {done.stderr[-1000:]}")


def set_up_client(client: Guest) -> None:
    """FS-Cache by the user data of the page, and the delay of the network."""
    client.ssh("cat > /root/work.py", text=_WORK)
    client.ssh(f"cat > {_USER_DATA}", text=user_data(PAGE.read_text(), "/dev/disk/by-id/virtio-cache"))
    client.ssh("sh -s", text=_CLOUD_INIT)
    client.ssh(f"tc qdisc add dev eth1 root netem delay {DELAY_MS}ms limit 10000")


def mount(name: str) -> str:
    """The command by which the client mounts."""
    options = f"-o {','.join(OPTIONS[name])} " if OPTIONS[name] else ""
    return f"mkdir -p /mnt/nfs && mount -t nfs {options}10.77.0.11:{nfs.PATH} /mnt/nfs"


UNMOUNT = "umount /mnt/nfs && sync && sleep 1 && echo 3 > /proc/sys/vm/drop_caches"
"""The mount and everything of it that is in the client's memory go. The server's memory keeps what it has."""
