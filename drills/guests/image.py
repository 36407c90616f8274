"""The disk image, kernel and initial RAM disk of the guests: Debian, made on this machine from Debian's packages.

Nothing of it is in the repository. It is kept in the project's cache folder, and made again when what goes into it
changes. Needs root, debootstrap and qemu-utils.
"""

import gzip
import hashlib
import lzma
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devcluster.paths import cache_root

RELEASE = "bookworm"
"""Release of Debian of every guest that needs no other."""
MIRROR = "http://deb.debian.org/debian"
PACKAGES = (
    "linux-image-cloud-amd64",
    "systemd-sysv",
    "udev",
    "dbus",
    "kmod",
    "iproute2",
    "iputils-ping",
    "procps",
    "openssh-server",
    "cloud-init",
    "python3-cffi-backend",  # python3-cryptography asks for it by names that debootstrap does not resolve
    "nfs-kernel-server",
    "nfs-common",
    "cachefilesd",
    "nftables",
    "e2fsprogs",
    "xfsprogs",
    "cryptsetup-bin",
    "drbd-utils",
    "keepalived",
    "busybox-static",
    "python3-minimal",
)
"""What servers and clients need. A guest has no way out, so the install script finds its packages there."""
GLUSTER = ("glusterfs-server", "nfs-ganesha", "nfs-ganesha-gluster", "fuse3")
"""What the hosts of a GlusterFS pair need beside them: an image of its own has it, so the others do not wait for it."""
GIB = 2
_OFF = (
    "nfs-server.service",
    "keepalived.service",
    "drbd.service",
    "nftables.service",
    "glusterd.service",
    "nfs-ganesha.service",
    "nfs-ganesha-lock.service",
)
_MODULES = (
    "kernel/drivers/virtio/virtio.ko",
    "kernel/drivers/virtio/virtio_ring.ko",
    "kernel/drivers/virtio/virtio_pci_legacy_dev.ko",
    "kernel/drivers/virtio/virtio_pci_modern_dev.ko",
    "kernel/drivers/virtio/virtio_pci.ko",
    "kernel/drivers/block/virtio_blk.ko",
)
_INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /root
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
for module in {modules}; do /bin/busybox insmod /modules/$module 2>/dev/null; done
i=0
while [ ! -b /dev/vda ] && [ $i -lt 100 ]; do /bin/busybox sleep 0.1; i=$((i + 1)); done
/bin/busybox mount -t ext4 -o rw /dev/vda /root
exec /bin/busybox switch_root /root /sbin/init
"""
_ADDRESS = """#!/bin/sh
# The addresses of this guest, from its kernel's command line: eth0 is for the drill's SSH, eth1 the private network.
modprobe virtio_net
i=0
while [ ! -e /sys/class/net/eth1 ] && [ $i -lt 300 ]; do
  i=$((i + 1))
  sleep 0.1
done
for word in $(cat /proc/cmdline); do
  case $word in
  lan=*) ip address add "${word#lan=}" dev eth1 ;;
  name=*) hostname "${word#name=}" ;;
  esac
done
ip link set lo up
ip link set eth0 up
ip link set eth1 up
ip address add 10.0.2.15/24 dev eth0
"""
_ADDRESS_UNIT = """[Unit]
Description=Addresses from the kernel's command line
DefaultDependencies=no
Before=network.target ssh.service nfs-server.service cloud-init-local.service
After=local-fs.target systemd-udevd.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/guest-address
[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Image:
    """What a guest boots from."""

    kernel: Path
    initrd: Path
    disk: Path
    """Root file system, ext4. Guests write to overlays of it."""
    host_key: str
    """Public SSH key of every guest."""
    private_key: Path
    """Private SSH key of the drill, for root of every guest."""


def image(more: Sequence[str] = (), release: str = RELEASE) -> Image:
    """The image, made if it is not there yet: about two minutes and 1.5 GB on disk. Raises OSError where it cannot.

    `more`: packages beside those of all guests.
    """
    text = "".join((release, *PACKAGES, *_MODULES, _INIT, _ADDRESS, _ADDRESS_UNIT, str(GIB), *more))
    folder = cache_root() / "guests" / hashlib.sha256(text.encode()).hexdigest()[:12]
    if not (folder / "made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _make(folder, [*PACKAGES, *more], release)
        (folder / "made").touch()
    return Image(
        kernel=folder / "vmlinuz",
        initrd=folder / "initrd",
        disk=folder / "root.ext4",
        host_key=" ".join((folder / "host_key.pub").read_text().split()[:2]),
        private_key=folder / "drill_key",
    )


def _make(folder: Path, packages: Sequence[str], release: str) -> None:
    root = folder / "root"
    included = ",".join(packages)
    _run("debootstrap", "--variant=minbase", f"--include={included}", release, str(root), MIRROR)
    for name in ("host_key", "drill_key"):
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name))
    _configure(folder, root)
    (kernel,) = (root / "boot").glob("vmlinuz-*")
    shutil.copy(kernel, folder / "vmlinuz")
    _initrd(folder, root, kernel.name.removeprefix("vmlinuz-"))
    # mke2fs copies the tree without mounting anything
    _run("mke2fs", "-q", "-t", "ext4", "-L", "guest", "-d", str(root), str(folder / "root.ext4"), f"{GIB}G")
    shutil.rmtree(root)


def _configure(folder: Path, root: Path) -> None:
    """Keys, addresses, and no service that a guest of the drill would wait for."""
    ssh = root / "etc" / "ssh"
    for old in ssh.glob("ssh_host_*"):
        old.unlink()
    shutil.copy(folder / "host_key", ssh / "ssh_host_ed25519_key")
    shutil.copy(folder / "host_key.pub", ssh / "ssh_host_ed25519_key.pub")
    keys = root / "root" / ".ssh"
    keys.mkdir(mode=0o700, exist_ok=True)
    (keys / "authorized_keys").write_text((folder / "drill_key.pub").read_text())
    script = root / "usr" / "local" / "sbin" / "guest-address"
    script.write_text(_ADDRESS)
    script.chmod(0o755)
    (root / "etc/systemd/system/guest-address.service").write_text(_ADDRESS_UNIT)
    (root / "etc/fstab").write_text("/dev/vda / ext4 rw 0 1\n")
    (root / "etc/cloud/cloud.cfg.d/99-drill.cfg").write_text(
        "datasource_list: [NoCloud, None]\nnetwork: {config: disabled}\npreserve_hostname: true\ndisable_root: false\n"
        "ssh_deletekeys: false\n"
    )
    for unit in ("guest-address.service", "ssh.service"):
        _run("chroot", str(root), "systemctl", "-q", "enable", unit)
    # The servers of the packages start when the product's own files say so, as on a host that has them installed.
    for unit in _OFF:
        subprocess.run(["chroot", root, "systemctl", "-q", "disable", unit], check=False, capture_output=True)


def _initrd(folder: Path, root: Path, version: str) -> None:
    tree = folder / "initrd-tree"
    (tree / "bin").mkdir(parents=True)
    (tree / "modules").mkdir()
    shutil.copy(root / "bin" / "busybox", tree / "bin" / "busybox")
    there: list[str] = []
    for module in _MODULES:
        found = root / "lib" / "modules" / version / module
        packed = found.with_name(f"{found.name}.xz")  # as newer releases have them
        if not found.exists() and not packed.exists():
            continue  # one that is built in is not a file
        plain = found.read_bytes() if found.exists() else lzma.decompress(packed.read_bytes())
        (tree / "modules" / found.name).write_bytes(plain)
        there.append(found.name)
    init = tree / "init"
    init.write_text(_INIT.format(modules=" ".join(there)))
    init.chmod(0o755)
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    archive = subprocess.run(
        ["cpio", "-o", "-H", "newc", "--quiet"], input=names.encode(), cwd=tree, check=True, capture_output=True
    ).stdout
    (folder / "initrd").write_bytes(gzip.compress(archive, mtime=0))
    shutil.rmtree(tree)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(command[:2])} failed: {(done.stderr or done.stdout).strip()[-2000:]}")
