"""The two guests of the measurement: a server, and a client with a cache for FS-Cache on a disk of its own."""

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

LAN_PORT = 17713
"""UDP port on loopback that carries the guests' private network."""
DELAY_MS = 1
"""Milliseconds by which the client's packets are held back: a round trip of a data centre, between two zones."""
PAGE = ROOT / "docs" / "nfs-mounts.md"
OPTIONS = {DEFAULT: [], OURS: mount_options([]), CACHED: mount_options(["fsc"])}
"""Name of the mount -> its options."""
_WORK = (Path(__file__).parent / "work.py").read_text()
# One module of cloud-init after the other, as at a boot. Packages are in the image: a guest has no way out.
_CLOUD_INIT = """
set -e
for module in disk_setup mounts write_files runcmd scripts_user; do
  cloud-init --file /root/user-data.yaml single --name $module --frequency always
done
mountpoint -q /var/cache/fscache
i=0
until grep -q '^IO' /proc/fs/fscache/stats && pidof cachefilesd > /dev/null; do
  [ $i -lt 30 ]
  i=$((i + 1))
  sleep 1
done
"""


@contextmanager
def guests(folder: Path, report: Callable[[str], None]) -> Generator[tuple[Guest, Guest]]:
    """A server and a client, powered on; they are off at the end."""
    report("Making the guests' image, where it is not there yet (two minutes) ...")
    base, lan = image(), Lan(LAN_PORT)
    machines = (
        Guest("server", 11, base, lan, folder / "server", {"data": 512}),
        Guest("client", 21, base, lan, folder / "client", {"cache": 512}),
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


def user_data(page: str, device: str) -> str:
    """The user data of a node with FS-Cache, as the page of the mounts shows it, for another disk."""
    (shown,) = re.findall(r"```yaml\n(#cloud-config\n.*?)```", page, re.DOTALL)
    return re.sub(r"(device: )[^,}]+", rf"\g<1>{device}", shown)


def set_up(server: Guest, client: Guest) -> None:
    """The server by the product's own way, the client by the user data of the page, and the delay between them."""
    done = nfs.install(server)
    if done.returncode:
        raise OSError(f"the server could not be installed: {done.stderr[-1000:]}")
    client.ssh("cat > /root/work.py", text=_WORK)
    client.ssh("cat > /root/user-data.yaml", text=user_data(PAGE.read_text(), "/dev/disk/by-id/virtio-cache"))
    client.ssh("sh -s", text=_CLOUD_INIT)
    client.ssh(f"tc qdisc add dev eth1 root netem delay {DELAY_MS}ms limit 10000")


def mount(name: str) -> str:
    """The command by which the client mounts."""
    options = f"-o {','.join(OPTIONS[name])} " if OPTIONS[name] else ""
    return f"mkdir -p /mnt/nfs && mount -t nfs {options}10.77.0.11:{nfs.PATH} /mnt/nfs"


UNMOUNT = "umount /mnt/nfs && sync && sleep 1 && echo 3 > /proc/sys/vm/drop_caches"
"""The mount and everything of it that is in the client's memory go. The server's memory keeps what it has."""
