"""Whether this machine can have real nodes, and why not. Nothing stays of what is tried."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from devcluster import debian
from devcluster.real import cgroups, layout

_PROGRAMS = {
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "mount": "util-linux",
    "losetup": "util-linux",
    "mkfs.ext4": "e2fsprogs",
}
"""What nodes need of the machine itself, and the package that has it everywhere."""

_TRY = """
set -e
mount -t tmpfs none /mnt
mkdir /mnt/lower /mnt/upper /mnt/work /mnt/merged /mnt/mem
mount -t overlay overlay -o lowerdir=/mnt/lower,upperdir=/mnt/upper,workdir=/mnt/work /mnt/merged
mount -t sysfs sysfs /sys
command -v ip >/dev/null || exit 0  # it is downloaded later
ip link add probe0 type bridge
ip link add probe1 type veth peer name probe2
"""
"""Runs in namespaces of its own, and all that it makes ends with them."""


def why_not(*needed: Path) -> str | None:
    """Why this machine cannot have real nodes, in words for people; None when it can.

    `needed`: folders that nodes must see: the cluster's, those of programs. What is downloaded (runc, nft) is not
    looked for here: see devcluster.debian.
    """
    if sys.platform != "linux":
        return f"real nodes need Linux, and this is {sys.platform}"
    if os.geteuid() != 0:
        return "real nodes need root (never taken by itself): run the same command as root to see containers run"
    for folder in (*needed, Path(sys.executable).resolve()):
        if hidden := [place for place in layout.HIDDEN if Path(place) in folder.parents]:
            return f"real nodes have a {hidden[0]} of their own and would not see {folder}: use another KOTAEMON_CACHE"
    path = debian.search_path()
    for program, package in _PROGRAMS.items():
        if not shutil.which(program, path=path):
            return f"real nodes need {program} (package {package}), which is not on PATH"
    if shutil.which("runc", path=path) is None and shutil.which("apt-get", path=path) is None:
        return "real nodes need runc, which is not on PATH, and there is no apt-get to download it with"
    return _why_no_groups() or _why_no_loop(path) or _why_no_namespaces(path)


def _why_no_groups() -> str | None:
    found = {controller for names in cgroups.hierarchies() for controller in names.split(",")}
    if missing := [name for name in cgroups.NEEDED if name not in found]:
        if Path("/sys/fs/cgroup/cgroup.controllers").exists():
            return "real nodes were never tried with control groups version 2, which is what this machine has"
        return f"real nodes need the control groups {', '.join(missing)}, which are not mounted"
    for mounted in cgroups.hierarchies().values():
        if not os.access(mounted, os.W_OK) or os.statvfs(mounted).f_flag & os.ST_RDONLY:
            return f"real nodes need to make control groups, and {mounted} is read-only"
    return None


def _why_no_loop(path: str) -> str | None:
    if not Path("/dev/loop-control").exists():
        return "real nodes mount their disks by loop devices, and there is no /dev/loop-control"
    run = subprocess.run(["losetup", "--find"], capture_output=True, text=True, env={"PATH": path, "LC_ALL": "C"})
    return None if run.returncode == 0 else f"real nodes need a free loop device: {_said(run)}"


def _why_no_namespaces(path: str) -> str | None:
    command = ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "sh", "-c", _TRY]
    run = subprocess.run(command, capture_output=True, text=True, env={"PATH": path, "LC_ALL": "C"})
    return None if run.returncode == 0 else f"real nodes need namespaces of their own, and that fails: {_said(run)}"


def _said(run: "subprocess.CompletedProcess[str]") -> str:
    return " ".join(run.stderr.split()) or f"status {run.returncode}"
