"""Becomes a container's first process: called in fresh mount, pid and network namespaces, with a JSON file.

Mounts the root file system read-only, waits for a line on standard input (the network is ready), gives up every
privilege and becomes the command. Only the standard library, and any Python: it runs on the machine, not in the image.
"""

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
LIBC = ctypes.CDLL(None, use_errno=True)


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def bind(source: str, target: Path, read_only: bool) -> None:
    if Path(source).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount("--bind", source, str(target))
    if read_only:
        mount("-o", "remount,bind,ro,nosuid", str(target))


def devices(root: Path) -> None:
    (root / "dev").mkdir()
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(root / "dev"))
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        bind(f"/dev/{name}", root / "dev" / name, False)
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        (root / "dev" / name).symlink_to(f"/proc/self/fd/{number}")
    (root / "dev/fd").symlink_to("/proc/self/fd")
    (root / "dev/shm").mkdir(mode=0o1777)
    mount("-t", "tmpfs", "-o", "size=64m,mode=1777", "tmpfs", str(root / "dev/shm"))


def root_file_system(spec: dict[str, Any]) -> Path:
    root = Path(spec["root"])
    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(root))
    for name in ("bin", "lib", "lib64", "sbin"):
        source = Path("/", name)
        if source.is_symlink():
            (root / name).symlink_to(os.readlink(source))
        elif source.is_dir():
            bind(str(source), root / name, True)
    bind("/usr", root / "usr", True)
    bind(spec["etc"], root / "etc", True)
    devices(root)
    (root / "app").mkdir()
    work = Path(spec["work"])
    for name in ("upper", "work"):
        (work / name).mkdir(parents=True, exist_ok=True)
    layers = f"lowerdir={spec['changes']}:{spec['copy']}"
    mount("-t", "overlay", "overlay", "-o", layers, str(root / "app"))  # no upper layer: nobody writes it
    bind(spec["interpreter"], root / spec["interpreter"].lstrip("/"), True)
    for folder in ("tmp", "proc"):
        (root / folder).mkdir()
    for volume in spec["mounts"]:
        bind(volume["source"], root / volume["target"].lstrip("/"), volume["read_only"])
    for volume in spec["memory_volumes"]:
        target = root / volume["target"].lstrip("/")
        mount("-t", "tmpfs", "-o", f"size={volume['size']},mode=1777", "tmpfs", str(target))
    mount("-t", "proc", "proc", str(root / "proc"))
    mount("-o", "remount,ro", str(root))
    return root


def give_up_privileges(uid: int, gid: int) -> None:
    for capability in range(64):
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([gid])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        sys.exit("enter: no_new_privs is not to be had")


def main() -> None:
    spec = json.loads(Path(sys.argv[1]).read_text())
    root = root_file_system(spec)
    sys.stdin.readline()
    os.chroot(root)
    os.chdir(spec["workdir"])
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.nice(spec["nice"])
    give_up_privileges(spec["uid"], spec["gid"])
    os.umask(0o022)
    os.execve(spec["command"][0], spec["command"], spec["environment"])


main()
