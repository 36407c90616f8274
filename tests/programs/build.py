"""Builds programs that only tests run, each from a Go module of its own in tests/programs/go, once for each version.

With Go and its environment as the devcluster's programs are built (devcluster/build.py), and into the same cache.
"""

import hashlib
import subprocess
import tempfile
from pathlib import Path

from devcluster import locks, paths, recipe, toolchain
from devcluster.errors import DevclusterError

MODULES = Path(__file__).parent / "go"


def program(module: str, package: str = ".") -> Path:
    """The program of a module; builds it when it is not there yet. Raises DevclusterError."""
    target = paths.bin_root() / f"test-{module}-{_key(module, package)}"
    if target.exists():
        return target
    paths.bin_root().mkdir(parents=True, exist_ok=True)
    with locks.hold(paths.bin_root() / f"test-{module}.lock"):
        if not target.exists():
            _build(module, package, target)
    return target


def _key(module: str, package: str) -> str:
    digest = hashlib.sha256(f"{package} {recipe.FLAGS}".encode())
    for path in sorted((MODULES / module).iterdir()):
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _build(module: str, package: str, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=paths.bin_root()) as work:
        made = Path(work) / module
        command = [str(toolchain.find_go()), "build", *recipe.FLAGS, "-ldflags", "-s -w", "-o", str(made), package]
        done = subprocess.run(
            command, cwd=MODULES / module, env=toolchain.environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise DevclusterError(toolchain.explain(module, done.stderr.splitlines()))
        made.rename(target)
