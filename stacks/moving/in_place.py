"""Sizes of folders: `in_place.py SOURCE TARGET` prints them as JSON, with `-` for a folder that is not asked for.

in_pod.py imports it in the Jobs of a move. The application's own container runs its text, where one pod alone has the
disk. So it stands on the standard library alone.
"""

import json
import os
import sys
from pathlib import Path


def size_of(folder: Path) -> tuple[int, int]:
    """Bytes of the files of a folder, and the number of its files, folders and links, without what goes meanwhile."""
    total, number = 0, 0
    for at, folders, files in os.walk(folder, onerror=_raise):
        number += len(folders)
        for name in files:
            try:
                total += os.lstat(os.path.join(at, name)).st_size
                number += 1
            except FileNotFoundError:
                continue
    return total, number


def free_of(folder: Path) -> tuple[int, int | None]:
    """Free bytes for this user where a folder is or would be, and free files; None: the file system has no limit."""
    while not folder.exists():
        folder = folder.parent
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def main(source: str, target: str) -> None:
    """Print the sizes."""
    found: dict[str, int | None] = {}
    if source != "-":
        found["bytes"], found["files"] = size_of(Path(source))
    if target != "-":
        found["free"], found["free_files"] = free_of(Path(target))
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
