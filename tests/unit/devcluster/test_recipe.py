"""What is built follows go.mod."""

import shutil
from pathlib import Path

import pytest

from devcluster import recipe


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the Go module's two files."""
    for name in ("go.mod", "go.sum"):
        shutil.copy(recipe.MODULE / name, tmp_path / name)
    monkeypatch.setattr(recipe, "MODULE", tmp_path)
    return tmp_path


def test_every_program_is_a_tool_of_the_module() -> None:
    text = (recipe.MODULE / "go.mod").read_text()
    tools = text[text.index("tool (") : text.index(")", text.index("tool ("))].split()[2:]
    assert sorted(recipe.PROGRAMS.values()) == sorted(tools)


def test_the_server_is_told_its_version_of_go_mod() -> None:
    version = recipe.required_version("k8s.io/kubernetes")
    assert version.startswith("v1.")
    assert recipe.build_flags()[-1].endswith(f"gitVersion={version}")


@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_another_module_file_is_another_build(module: Path, name: str) -> None:
    before = recipe.key()
    path = module / name
    path.write_text(path.read_text() + "\n// changed\n")
    assert recipe.key() != before


def test_other_flags_are_another_build(monkeypatch: pytest.MonkeyPatch) -> None:
    before = recipe.key()
    monkeypatch.setattr(recipe, "build_flags", lambda: ["-race"])
    assert recipe.key() != before


def test_the_key_is_stable() -> None:
    assert recipe.key() == recipe.key()


def test_the_go_line(module: Path) -> None:
    (module / "go.mod").write_text("module x\n\ngo 1.31.4\n")
    assert recipe.required_go() == (1, 31)


def test_a_module_that_is_not_required_is_a_mistake_of_ours(module: Path) -> None:
    with pytest.raises(LookupError, match=r"^example\.com/none is not in "):
        recipe.required_version("example.com/none")
