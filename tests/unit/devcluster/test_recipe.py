"""What is built follows the Go modules."""

import re
import shutil
from pathlib import Path

import pytest

from devcluster import recipe

BINARIES = [binary for binaries in recipe.PARTS.values() for binary in binaries]


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the Go modules."""
    shutil.copytree(recipe.MODULES, tmp_path / "go")
    monkeypatch.setattr(recipe, "MODULES", tmp_path / "go")
    return tmp_path / "go"


@pytest.mark.parametrize("binary", BINARIES, ids=lambda binary: binary.name)
def test_every_program_is_a_main_of_ours_or_a_tool_of_its_module(binary: recipe.Binary) -> None:
    folder = recipe.MODULES / binary.module
    if binary.package.startswith("."):
        assert "func main()" in (folder / binary.package / "main.go").read_text()
    else:
        assert re.search(rf"^(tool )?\s*{re.escape(binary.package)}$", (folder / "go.mod").read_text(), re.MULTILINE)


@pytest.mark.parametrize("folder", sorted(recipe.MODULES.iterdir()), ids=lambda folder: folder.name)
def test_every_module_is_used_and_pinned(folder: Path) -> None:
    assert folder.name in {binary.module for binary in BINARIES}
    assert (folder / "go.sum").stat().st_size > 0


def test_the_links_of_the_kubernetes_programs_are_names_that_its_main_knows() -> None:
    (kubernetes,) = recipe.PARTS["control-plane"]
    main = (recipe.MODULES / kubernetes.module / "main.go").read_text()
    assert sorted(re.findall(r'"(etcd|kube[\w-]*)"', main)) == sorted(kubernetes.links)


def test_the_server_is_told_its_version_of_go_mod() -> None:
    version = recipe.required_version("k8s.io/kubernetes")
    assert version.startswith("v1.")
    assert recipe.build_flags(recipe.PARTS["control-plane"][0])[-1].endswith(f"gitVersion={version}")


def test_the_plugin_says_the_version_of_its_own_module() -> None:
    plugin = recipe.PARTS["engine"][1]
    version = recipe.required_version("github.com/pulumi/pulumi-kubernetes/provider/v4", "pulumi-kubernetes")
    assert recipe.build_flags(plugin)[-1] == f"-s -w -X main.version={version}"


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go"])
def test_another_module_file_is_another_build_of_the_parts_that_use_it(modules: Path, name: str) -> None:
    before = {part: recipe.key(part) for part in recipe.PARTS}
    path = modules / recipe.KUBERNETES / name
    path.write_text(path.read_text() + "\n// changed\n")
    changed = {part for part in recipe.PARTS if recipe.key(part) != before[part]}
    assert changed == {"control-plane", "simulated-nodes"}


def test_other_flags_are_another_build(monkeypatch: pytest.MonkeyPatch) -> None:
    before = recipe.key("engine")
    monkeypatch.setattr(recipe, "FLAGS", ("-race",))
    assert recipe.key("engine") != before


def test_the_key_is_stable_and_names_its_part() -> None:
    assert recipe.key("engine") == recipe.key("engine")
    assert recipe.key("engine").startswith("engine-")


def test_the_newest_go_line_of_all_modules_is_needed(modules: Path) -> None:
    path = modules / "pulumi" / "go.mod"
    path.write_text(re.sub(r"^go .*", "go 1.31.4", path.read_text(), flags=re.MULTILINE))
    assert recipe.required_go() == (1, 31, 4)


def test_a_module_that_is_not_required_is_a_mistake_of_ours() -> None:
    with pytest.raises(LookupError, match=r"^example\.com/none is not in "):
        recipe.required_version("example.com/none")
