"""Programs that only tests run: built once for each version from Go modules in tests/programs/go, or Debian's.

Go and its environment are those of the devcluster's programs (devcluster/build.py), and so is the cache.
"""

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from devcluster import debian, locks, paths, recipe, toolchain
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


def restic() -> Path:
    """restic of the release whose image the pods use; a test holds the versions together. Raises DevclusterError."""
    return program("restic", "github.com/restic/restic/cmd/restic")


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


def module_folder(wanted: str, folder: Path = Path("/")) -> Path:
    """Where Go keeps a module, such as `example.com/x@v1.2.3`; downloads it when it is not there.

    Without a version it is the one that the go.mod of `folder` names. Raises DevclusterError.
    """
    command = [str(toolchain.find_go()), "mod", "download", "-json", wanted]
    done = subprocess.run(command, cwd=folder, env=toolchain.environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise DevclusterError(toolchain.explain(wanted, [*done.stderr.splitlines(), *done.stdout.splitlines()]))
    return Path(json.loads(done.stdout)["Dir"])


def debian_program(name: str, package: str) -> Path:
    """A program of the machine, or of Debian's package, unpacked once into the cache. Raises DevclusterError."""
    if on_path := shutil.which(name):
        return Path(on_path)
    part = paths.bin_root() / f"test-{name}"
    found = part / debian.SYSTEM / "usr/bin" / name
    paths.bin_root().mkdir(parents=True, exist_ok=True)
    with locks.hold(paths.bin_root() / f"test-{name}.lock"):
        if not found.exists():
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            debian.fetch({name: package}, part)
    return found
