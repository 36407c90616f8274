"""The stand-in application as an image: made here from this machine's own Python, once for each version of both."""

import hashlib
import platform
import sys
from pathlib import Path

from components.pod.names import PYTHON
from deploy.stand_in.pod_process import APPLICATION, PACKAGES
from devcluster.paths import cache_root
from devcluster.real import images


def archive() -> Path:
    """The archive as `docker save` writes one; 80 MB, in the cache folder, and 4 s the first time."""
    folder = cache_root() / "images"
    target = folder / f"stand-in-{_key()}.tar"
    if not target.exists():
        for old in folder.glob("stand-in-*.tar"):
            old.unlink()
        images.application(target, APPLICATION, PYTHON, packages=PACKAGES)
    return target


def _key() -> str:
    """Names what is in the image."""
    digest = hashlib.sha256(f"{sys.version} {platform.machine()} {sys.base_prefix} {PYTHON}".encode())
    for path in [Path(images.__file__), *sorted(p for folder in (APPLICATION, PACKAGES) for p in folder.rglob("*.py"))]:
        digest.update(str(path.relative_to(path.parents[1])).encode() + path.read_bytes())
    return digest.hexdigest()[:16]
