"""What the start compiles is kept for the next start: half of its processor time.

The image holds no compiled Python (PYTHONDONTWRITEBYTECODE, and uv compiles none), and umap's and pynndescent's
functions are compiled to machine code while they are imported: 38 s of processor time before the port opens, 18 s when
both are there (measured, docs/application.md). The role `indexes` keeps them: only the application writes there. Both
are checked against their sources by those who read them, so another image compiles anew.
"""

import os
import shutil
import sys
import time
from pathlib import Path

from ks_environment import say

ROOM = 512 * 1024 * 1024
"""Bytes that must be free: numba fails on a full disk, and people have to get in to delete files."""
UNUSED_SECONDS = 30 * 24 * 3600


def ours_alone(folder: Path) -> bool:
    """Whether nobody else may write: what is in it is run as code."""
    found = folder.lstat()
    return folder.is_dir() and not folder.is_symlink() and found.st_uid == os.getuid() and not found.st_mode & 0o022


def forget_unused(parent: Path, used: Path) -> None:
    """Remove what no start has used for a month: of earlier images."""
    for other in parent.iterdir():
        if other != used and time.time() - other.stat().st_mtime > UNUSED_SECONDS:
            shutil.rmtree(other, ignore_errors=True)


def keep_compiled(indexes: Path, bytecode: bool) -> None:
    """Use a folder of the role `indexes`; on any doubt nothing is kept. `bytecode`: Python's files as well, of which
    there are 7000 (95 MiB), which is much for a file server and little for a disk."""
    name = f"{os.environ.get('KH_APP_VERSION') or 'image'}-{sys.implementation.cache_tag}"
    folder = indexes / ".compiled" / name
    try:
        if shutil.disk_usage(indexes).free < ROOM:
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not ours_alone(folder.parent) or not ours_alone(folder):
            say(f"{folder} can be written by others: what was compiled is not kept there")
            return
        os.utime(folder)
        forget_unused(folder.parent, folder)
        (folder / "numba").mkdir(exist_ok=True)
    except OSError as error:
        say(f"what was compiled is not kept in {folder}: {error.strerror}")
        return
    os.environ.setdefault("NUMBA_CACHE_DIR", str(folder / "numba"))
    if bytecode:
        sys.pycache_prefix = str(folder / "python")
        sys.dont_write_bytecode = False
