"""A stand-in disk: a sparse file with a file system in it, mounted by a loop device."""

import os
import subprocess
from pathlib import Path

from devcluster import locks

DEFAULT_BYTES = 10 * 1024**3
"""Size of a disk whose volume does not say one (a volume made by hand)."""


class HeldError(Exception):
    """The disk is in use by somebody else; the text says by what."""


def path_of(disks: Path, volume: str) -> Path:
    """The disk's file. ValueError: the volume's name would lead out of the folder."""
    if "/" in volume or volume in ("", ".", ".."):
        raise ValueError(f"volume {volume!r}: a disk's name is one file name")
    return disks / f"{volume}.img"


def devices_of(file: Path) -> list[str]:
    """Loop devices, of all nodes, that the file is attached to: a device belongs to the machine and not to a node."""
    run = subprocess.run(["losetup", "--associated", str(file)], capture_output=True, text=True, check=True)
    return [line.partition(":")[0] for line in run.stdout.splitlines()]


def mount(file: Path, target: Path, kind: str, size: int, flags: list[str]) -> None:
    """Make the disk's file where it is missing, and mount it.

    The fence: a disk that any node has attached is refused (HeldError), as a cloud's disk would be. The control plane
    may believe that a node is gone while its containers still write; then this is what protects the data.
    """
    target.mkdir(parents=True, exist_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    with locks.hold(file.with_suffix(".lock")):
        _mount_alone(file, target, kind, size, flags)


def _mount_alone(file: Path, target: Path, kind: str, size: int, flags: list[str]) -> None:
    """Between looking and mounting no other node may mount."""
    if os.path.ismount(target):
        return
    if held := devices_of(file) if file.exists() else []:
        raise HeldError(f"disk {file.stem} is attached to another node ({', '.join(held)}) and is not let go of yet")
    if not file.exists():
        unfinished = file.with_suffix(f".{os.getpid()}")
        with unfinished.open("wb") as made:
            made.truncate(size)
        _call(f"mkfs.{kind}", "-q", *(["-F", "-m", "0"] if kind.startswith("ext") else []), str(unfinished))
        unfinished.rename(file)
    elif kind.startswith("ext"):
        # A disk that was made larger while its file system could not be.
        _call("e2fsck", "-f", "-p", str(file), fine=(0, 1))
        _call("resize2fs", str(file))
    _call("mount", "-t", kind, "-o", ",".join(["loop", *flags]), str(file), str(target))


def grow(file: Path, mounted: Path, size: int) -> None:
    """Make a mounted disk at least `size` bytes long, and its file system with it.

    OSError where the kernel refuses the second (ext4 asks for CAP_SYS_RESOURCE): then it grows at the next `mount`.
    """
    if file.stat().st_size < size:
        os.truncate(file, size)
    for device in devices_of(file):
        _call("losetup", "--set-capacity", device)
        kind = _call("findmnt", "--noheadings", "--output", "FSTYPE", "--first-only", device).strip()
        _call(*(["xfs_growfs", str(mounted)] if kind == "xfs" else ["resize2fs", device]))


def unmount(target: Path) -> None:
    """Unmount; the loop device goes with the last mount. Does nothing where nothing is mounted."""
    if os.path.ismount(target):
        _call("umount", str(target))


def bind(source: Path, target: Path, read_only: bool) -> None:
    """Show `source` at `target`."""
    target.mkdir(parents=True, exist_ok=True)
    if not os.path.ismount(target):
        _call("mount", "--bind", str(source), str(target))
        if read_only:
            _call("mount", "-o", "remount,bind,ro", str(target))


def _call(*command: str, fine: tuple[int, ...] = (0,)) -> str:
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode not in fine:
        raise OSError(f"{command[0]} failed: {' '.join((run.stderr or run.stdout).split())}")
    return run.stdout
