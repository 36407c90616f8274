"""Folders and processes as the pods have them: the scripts run as uid 1001 where the tests run as root."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.models.files import release_files
from tests.unit import pod_user
from tests.unit.pod_user import UID


class Place:
    """A folder of uid 1001 with the scripts, a shared claim and a cache."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.shared, self.cache, self.scripts = root / "shared", root / "cache", root / "scripts"
        self.shared.mkdir()
        self.cache.mkdir()
        pod_user.write(release_files(), self.scripts)
        self.owned()

    def owned(self) -> None:
        """Give everything to the pods' user, as the preparation does."""
        if os.geteuid() == 0:
            for path, _, files in os.walk(self.root):
                for name in ("", *files):
                    os.chown(os.path.join(path, name), UID, UID, follow_symlinks=False)

    def start(self, code: str, **env: str) -> "subprocess.Popen[str]":
        """Run code that may import the scripts. `shared` and `cache` are paths in it."""
        head = (
            "import os, sys, json, signal\nfrom pathlib import Path\nsys.dont_write_bytecode = True\n"
            f"sys.path.insert(0, {str(self.scripts)!r})\n"
            f"shared, cache = Path({str(self.shared)!r}), Path({str(self.cache)!r})\n"
        )
        return subprocess.Popen(
            [pod_user.python(), "-c", head + code],
            env={"PATH": os.environ["PATH"], **env},
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **pod_user.as_pod(),
        )

    def run(self, code: str, **env: str) -> "subprocess.CompletedProcess[str]":
        running = self.start(code, **env)
        out, err = running.communicate(timeout=300)
        return subprocess.CompletedProcess([], running.returncode, out, err)

    def ok(self, code: str, **env: str) -> str:
        done = self.run(code, **env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def package(self, version: str, files: dict[str, bytes], folder: str = ".incoming") -> Path:
        """A package that somebody uploaded."""
        package = self.shared / folder / version
        for name, data in files.items():
            path = package / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        self.owned()
        return package

    def publish(self, version: str, files: dict[str, bytes]) -> None:
        self.package(version, files)
        self.ok(f"import ks_models_publish as p; p.publish(shared, {version!r}); p.flip(shared, {version!r})")

    def fill(self, version: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run the fill as the init container does."""
        told = {"KS_MODELS_VERSION": version, "KS_MODELS_SHARED": str(self.shared), "KS_MODELS_CACHE": str(self.cache)}
        return self.run("import ks_models_start; sys.exit(ks_models_start.main())", **told, **env)


@contextmanager
def place() -> Iterator[Place]:
    with pod_user.folder("models") as root:
        yield Place(root)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below the folder, but for what starts with a dot at its top."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.relative_to(folder).parts[0].startswith(".")
    }
