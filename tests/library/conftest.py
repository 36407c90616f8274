"""The wheel, and an empty environment that it is installed into. Where no package index is reachable, one line says so."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
NO_INDEX = ("Failed to fetch", "dns error", "error sending request", "Could not connect", "client error (Connect)")


def uv(*arguments: str | Path) -> None:
    """Runs uv. Skips the test when no package index answers, and nothing else."""
    ran = subprocess.run([str(UV), *map(str, arguments)], capture_output=True, text=True, cwd=ROOT)
    if ran.returncode and any(sign in ran.stderr for sign in NO_INDEX):
        pytest.skip(f"no package index is reachable: {ran.stderr.strip().splitlines()[-1].strip()}")
    assert ran.returncode == 0, ran.stderr


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--quiet", "--wheel", "--out-dir", folder)
    (made,) = folder.glob("*.whl")
    return made


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the wheel and the SDK of AWS, and without this repository."""

    python: Path

    def run(self, *arguments: str, folder: Path) -> str:
        """What a command of its Python prints. Its folder keeps this repository off the path."""
        clean = {"PATH": "/usr/bin:/bin", "HOME": str(self.python.parents[1])}
        ran = subprocess.run([str(self.python), *arguments], capture_output=True, text=True, cwd=folder, env=clean)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The versions are those of requirements.lock."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    uv("venv", "--quiet", "--python", sys.executable, folder)
    python = folder / "bin" / "python"
    locked = ["--constraints", ROOT / "requirements.lock"]
    uv("pip", "install", "--quiet", "--python", python, *locked, f"kotaemon-storage[aws] @ {wheel.as_uri()}")
    return Environment(python)
