"""A copy of Kotaemon, laid out as its image lays it out: the root file system of a container.

The copy is a checkout of upstream's v0.11.3 with a `.venv` that its own lock file filled. It is never written: what
must differ from it (paths inside the editable installs, the `.env` that the image ships) lies in an overlay above it.
"""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

IMAGE_ENVIRONMENT = {
    # Dockerfile of v0.11.3; HOME as containerd sets it for a uid that the image does not know.
    "PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONIOENCODING": "UTF-8",
    "PDFJS_PREBUILT_DIR": "/app/libs/ktem/ktem/assets/prebuilt/pdfjs-dist",
    "HOME": "/",
}


class Image(NamedTuple):
    """Where the parts of the image are on this machine."""

    copy: Path
    interpreter: Path
    """Folder of the Python that the copy's `.venv` was made from."""
    changes: Path
    """What lies above the copy."""


def started_before(copy: Path) -> list[Path]:
    """What a start outside of a read-only container leaves in a copy; it would hide the first start's writes."""
    left = [*copy.glob("libs/**/*.pyi"), *copy.glob("libs/**/__pycache__"), copy / "ktem_app_data", copy / ".theflow"]
    return [path for path in left if path.exists()]


def lay_out(copy: Path, folder: Path) -> Image:
    """Prepare the image of a copy; `folder` receives the changes."""
    interpreter = Path(os.path.realpath(copy / ".venv/bin/python")).parents[1]
    changes = folder / "image"
    for finder in copy.glob(".venv/lib/python3.*/site-packages/__editable__*"):
        if finder.is_file():
            _write(changes / finder.relative_to(copy), finder.read_text().replace(str(copy), "/app"))
    _write(changes / ".env", (copy / ".env.example").read_text())
    (changes / "ktem_app_data").mkdir()
    return Image(copy, interpreter, changes)


def etc(folder: Path, resolver: str, hosts: dict[str, str]) -> Path:
    """An `/etc` like the image's, with the network's resolver and without the user 1001."""
    made = folder / "etc"
    made.mkdir()
    for name in ("ld.so.cache", "ld.so.conf", "mime.types", "localtime"):
        if Path("/etc", name).exists():
            shutil.copy(Path("/etc", name), made / name)
    for name in ("ssl", "ld.so.conf.d", "alternatives", "fonts"):
        if Path("/etc", name).is_dir():
            shutil.copytree(Path("/etc", name), made / name, symlinks=True)
    _write(made / "passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n")
    _write(made / "group", "root:x:0:\nnogroup:x:65534:\n")
    _write(made / "nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    _write(made / "resolv.conf", f"nameserver {resolver}\noptions timeout:1 attempts:1\n")
    _write(made / "hosts", "127.0.0.1 localhost\n" + "".join(f"{a} {n}\n" for n, a in hosts.items()))
    (made / "kotaemon").mkdir()  # a mount point
    return made


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
