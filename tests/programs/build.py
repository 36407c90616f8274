"""Builds programs that only tests run, each from a Go module of its own in tests/programs/go, once for each version.

With Go and its environment as the devcluster's programs are built (devcluster/build.py), and into the same cache.
"""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from devcluster import locks, paths, recipe, toolchain
from devcluster.errors import DevclusterError

MODULES = Path(__file__).parent / "go"


def program(module: str, package: str = ".", complete: Callable[[Path], None] | None = None) -> Path:
    """The program of a module; builds it when it is not there yet. Raises DevclusterError.

    `complete` adds what is not ours to keep to the copy of the module's folder in which it is built.
    """
    target = paths.bin_root() / f"test-{module}-{_key(module, package)}"
    if target.exists():
        return target
    paths.bin_root().mkdir(parents=True, exist_ok=True)
    with locks.hold(paths.bin_root() / f"test-{module}.lock"):
        if not target.exists():
            _build(module, package, target, complete)
    return target


def _key(module: str, package: str) -> str:
    digest = hashlib.sha256(f"{package} {recipe.FLAGS}".encode())
    for path in sorted(path for path in (MODULES / module).rglob("*") if path.is_file()):
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _build(module: str, package: str, target: Path, complete: Callable[[Path], None] | None) -> None:
    with tempfile.TemporaryDirectory(dir=paths.bin_root()) as work:
        made, folder = Path(work) / "program", Path(work) / module
        shutil.copytree(MODULES / module, folder)
        if complete:
            complete(folder)
        command = [str(toolchain.find_go()), "build", *recipe.FLAGS, "-ldflags", "-s -w", "-o", str(made), package]
        done = subprocess.run(
            command, cwd=folder, env=toolchain.environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise DevclusterError(toolchain.explain(module, done.stderr.splitlines()))
        made.rename(target)
