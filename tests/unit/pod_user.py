"""Scripts as pods run them: as uid 1001 where the tests run as root, in a folder that this user may enter."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

UID = 1001


@cache
def python() -> str:
    """An interpreter that the pods' user can start: that of the tests may be in root's own home."""
    wanted = os.environ.get("KOTAEMON_TEST_PYTHON", sys.executable)
    try:
        if os.geteuid() != 0 or subprocess.run([wanted, "-c", ""], user=UID, group=UID, check=False).returncode == 0:
            return wanted
    except PermissionError:
        pass
    return "/usr/bin/python3"


def as_pod() -> dict[str, Any]:
    """The arguments of subprocess that make a process the pods' user."""
    return {"user": UID, "group": UID, "extra_groups": []} if os.geteuid() == 0 else {}


def write(files: Mapping[str, str], folder: Path) -> Path:
    """Write the files of a ConfigMap into a folder, as a pod has them mounted; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@contextmanager
def folder(name: str) -> Iterator[Path]:
    """A folder that is gone afterwards. It is not pytest's tmp_path, which only root may enter."""
    root = Path(tempfile.mkdtemp(prefix=f"kotaemon-{name}-"))
    root.chmod(0o755)
    try:
        yield root
    finally:
        shutil.rmtree(root)
