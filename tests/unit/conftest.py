"""What the tests of commands share."""

from pathlib import Path

import pytest

from plan import stack_file


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with only its Pulumi.yaml; the current folder, too."""
    (tmp_path / "Pulumi.yaml").write_text((stack_file.ROOT / "Pulumi.yaml").read_text())
    monkeypatch.setattr(stack_file, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KOTAEMON_CACHE", str(tmp_path / "cache"))
    return tmp_path
