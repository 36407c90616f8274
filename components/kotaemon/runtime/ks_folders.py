"""Whether the role folders can be used, tried for real before the application starts."""

import contextlib
import errno
import grp
import os
import pwd
import stat
import threading
from pathlib import Path

from ks_environment import SET_BY, number, pod_name, refuse, say

FULL = (errno.ENOSPC, errno.EDQUOT)


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        refuse(f"the folder {folder} cannot be made by uid {os.getuid()}: {error.strerror}")


def user_name(uid: int) -> str:
    try:
        return f"uid {uid} ({pwd.getpwuid(uid).pw_name})"
    except KeyError:
        return f"uid {uid}"


def group_name(gid: int) -> str:
    try:
        return f"gid {gid} ({grp.getgrgid(gid).gr_name})"
    except KeyError:
        return f"gid {gid}"


def owner_of(folder: Path) -> str:
    try:
        found = folder.stat()
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    owner = f"{user_name(found.st_uid)}, {group_name(found.st_gid)}"
    return f"it belongs to {owner}, mode {stat.filemode(found.st_mode)}"


def check_writable(role: str, folder: Path) -> None:
    """Write for real: the mode bits say nothing on an export that squashes."""
    who = f"uid {os.getuid()}, gid {os.getgid()}"
    probe = folder / f".write-test.{pod_name()}.{os.getpid()}"
    try:
        os.close(os.open(probe, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
        probe.unlink()
    except OSError as error:
        if error.errno in FULL:
            # Start all the same: people have to get in to delete files.
            say(f"warning: role {role}: folder {folder} is full: {error.strerror}")
            return
        refuse(
            f"role {role}: folder {folder} is not writable by {who}: {error.strerror}; "
            f"{owner_of(folder)}; make it belong to {os.getuid()}:{os.getgid()}"
        )


def check_readable(role: str, folder: Path) -> None:
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
        who = f"uid {os.getuid()}, gid {os.getgid()}"
        refuse(f"role {role}: folder {folder} is not readable by {who}; {owner_of(folder)}")


def leave_out_hanging_logs(folders: dict[str, Path]) -> None:
    """Go on without the role `logs` when its volume does not answer: nothing of the application depends on it."""
    seconds, folder = number("KS_LOG_START_SECONDS", 10), folders.get("logs")
    if folder is None:
        return

    def ask() -> None:
        with contextlib.suppress(OSError):  # the check of all folders says what is wrong
            os.statvfs(folder)  # asks the server each time

    look = threading.Thread(target=ask, name="look-at-logs", daemon=True)
    look.start()
    look.join(seconds)
    if look.is_alive():
        del folders["logs"]
        say(f"warning: role logs: folder {folder} does not answer within {seconds} s; this pod writes no log file")


def check_folders(folders: dict[str, Path], read_only: set[str]) -> None:
    for role in ("indexes", "sessions", "uploads"):
        if role in folders and role in read_only:
            refuse(f"role {role} is in KS_READ_ONLY_ROLES, but the application writes there; {SET_BY} sets it")
    for role, folder in folders.items():
        if role in read_only:
            check_readable(role, folder)
        else:
            check_writable(role, folder)
