"""The nodes' control groups: a folder of the cluster in each hierarchy, and one in it for each node.

A node has a control group namespace whose root is its own folder, so all that the kubelet makes is below it.
"""

import contextlib
import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PARENT = "kotaemon-devcluster"
NEEDED = ("cpu", "cpuacct", "cpuset", "memory", "pids", "devices", "freezer", "blkio")
"""What runc and the kubelet use of version 1."""

_REMOVE_SECONDS = 5.0
_JANITOR = """
cat
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  for top in $1; do [ -d $top ] && find $top -depth -type d -exec rmdir {} +; done
  rmdir $2
  left=
  for top in $1; do [ -d $top ] && left=1; done
  for parent in $2; do [ -d $parent ] && ! ls -d $parent/*/ && left=1; done
  [ -z "$left" ] && exit
  sleep 0.2
done
"""


def hierarchies() -> dict[str, Path]:
    """Mount point of each version 1 hierarchy that nodes use, by its controllers as mount(8) wants them."""
    found: dict[str, Path] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind != "cgroup":
            continue
        controllers = [option for option in options.split(",") if option in NEEDED or option.startswith("name=")]
        if controllers:
            found[",".join(controllers)] = Path(before.split()[4])
    return found


def group(cluster: Path, node: str = "") -> Path:
    """A cluster's or a node's folder, relative to a hierarchy. Clusters of the same name differ by where they lie."""
    return Path(PARENT) / f"{cluster.name}-{hashlib.sha256(str(cluster).encode()).hexdigest()[:8]}" / node


def join(cluster: Path, node: str) -> None:
    """Make the node's groups and move this process into them."""
    for mounted in hierarchies().values():
        path = mounted
        for part in group(cluster, node).parts:
            path = path / part
            path.mkdir(exist_ok=True)
            _inherit_cpuset(path)
        (path / "cgroup.procs").write_text(str(os.getpid()))


def remove(cluster: Path, node: str = "") -> bool:
    """Remove the groups of a cluster, or of one node, once their processes have ended; whether none is left.

    A group goes when it is empty, which takes the kernel some milliseconds after the last process.
    """
    deadline = time.monotonic() + _REMOVE_SECONDS
    while True:
        tops = [mounted / group(cluster, node) for mounted in hierarchies().values()]
        for top in tops:
            for path in _deepest_first(top):
                with contextlib.suppress(OSError):
                    path.rmdir()
        # The folder that all clusters share goes with the last of them.
        shared = [parent for top in tops if (parent := top.parents[1 if node else 0]).exists() and _is_empty(parent)]
        for parent in shared:
            with contextlib.suppress(OSError):
                parent.rmdir()
        if not any(path.exists() for path in (*tops, *shared)):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)


def _is_empty(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return not any(entry.is_dir() for entry in path.iterdir())
    return False


def watch(cluster: Path) -> int:
    """Have the cluster's groups removed when this process ends, however it ends; returns what to close before then.

    The kernel ends the nodes with this process, but only a living process can remove their empty groups. It is a shell
    in a session of its own that waits for the end of a pipe.
    """
    reading, writing = os.pipe()
    tops = [str(mounted / group(cluster)) for mounted in hierarchies().values()]
    parents = [str(Path(top).parent) for top in tops]
    with open(os.devnull, "r+b") as nothing:
        subprocess.Popen(
            ["/bin/sh", "-c", _JANITOR, "janitor", " ".join(tops), " ".join(parents)],
            cwd="/",
            stdin=reading,
            stdout=nothing,
            stderr=nothing,
            start_new_session=True,
        )
    os.close(reading)
    return writing


def _deepest_first(top: Path) -> Iterator[Path]:
    for path, _, _ in os.walk(top, topdown=False):
        yield Path(path)


def _inherit_cpuset(path: Path) -> None:
    """A new cpuset group has no CPU and no memory node, and takes no process before it has."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        file = path / name
        if file.exists() and not file.read_text().strip():
            file.write_text((path.parent / name).read_text())
