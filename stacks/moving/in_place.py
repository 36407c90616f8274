"""Sizes of folders: `in_place.py SOURCE TARGET` prints them as JSON, with `-` for a folder that is not asked for.

in_pod.py imports it in the Jobs of a move. The application's own container runs its text, where one pod alone has the
disk. So it stands on the standard library alone.
"""

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

SHOWN = 1000
"""Characters of a path that are said: a Job's result has room for 4096 bytes (Pod v1, terminationMessagePath)."""
OTHERS = ("lost+found",)
"""Folders of the file system itself, which are not moved."""


def size_of(folder: Path) -> tuple[int, int]:
    """Bytes of the files of a folder, and the number of its files, folders and links, without what goes meanwhile."""
    found = look(folder)
    return found["bytes"], found["files"]


def look(folder: Path) -> dict[str, Any]:
    """What is to be moved of a folder, without what goes meanwhile.

    `bytes` and `files` as in `size_of`; `odd`: the first thing that cannot be moved, and why; `link`: the first
    symbolic link. Both are empty where there is none.
    """
    odd: list[str] = []
    total, number, link = 0, 0, ""

    def unreadable(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            odd.append(f"{error.filename} cannot be read by uid {os.getuid()}: {error.strerror}")

    for at, folders, files in os.walk(folder, onerror=unreadable):
        link = link or next((path for name in folders if os.path.islink(path := os.path.join(at, name))), "")
        folders[:] = [name for name in folders if name not in OTHERS]
        number += len(folders)
        for name in files:
            path = os.path.join(at, name)
            try:
                state = os.lstat(path)
            except FileNotFoundError:
                continue
            total += state.st_size
            number += 1
            if stat.S_ISLNK(state.st_mode):
                link = link or path
            elif not stat.S_ISREG(state.st_mode):
                odd.append(f"{path} is no file, folder or link")
            elif not _readable(path, state):
                odd.append(f"{path} cannot be read by uid {os.getuid()}: its mode is {state.st_mode & 0o7777:o}")
    return {"bytes": total, "files": number, "odd": odd[0][:SHOWN] if odd else "", "link": link[:SHOWN]}


def _readable(path: str, state: os.stat_result) -> bool:
    mine = state.st_uid == os.geteuid() and state.st_mode & stat.S_IRUSR
    return bool(mine) or os.access(path, os.R_OK)


def free_of(folder: Path) -> tuple[int, int | None]:
    """Free bytes for this user where a folder is or would be, and free files; None: the file system has no limit."""
    while not folder.exists():
        folder = folder.parent
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None


def main(source: str, target: str) -> None:
    """Print the sizes."""
    found: dict[str, Any] = {}
    if source != "-":
        found |= look(Path(source))
    if target != "-":
        found["free"], found["free_files"] = free_of(Path(target))
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
