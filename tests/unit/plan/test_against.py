"""`--against`: an earlier plan or stack file plays the memory, and a change that leaves data behind is refused."""

from pathlib import Path

import pytest

from plan import command, compare, stack_file, terminal
from stacks.safety import RefusedByGuard
from stacks.settings.load import SettingsError

DEV = stack_file.ROOT / "Pulumi.dev.yaml"


def moved(folder: Path) -> stack_file.StackFile:
    text = DEV.read_text().replace("server: nfs.devcluster.internal", "server: other")
    (folder / "Pulumi.dev.yaml").write_text(text)
    return stack_file.read("dev", folder)


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_a_plan_and_a_stack_file_refuse_the_same(tmp_path: Path, suffix: str) -> None:
    earlier = tmp_path / f"earlier.{suffix}"
    if suffix == "json":
        earlier.write_text(compare.read(DEV).text)
    else:
        earlier.write_text(DEV.read_text())
    with pytest.raises(
        RefusedByGuard, match=r"kotaemon:storage\.claims\.files: is path /srv/nfs/kotaemon, server nfs\."
    ):
        command.plan(moved(tmp_path), tmp_path / "out", earlier, terminal.console())
    assert not (tmp_path / "out").exists()


def test_the_same_file_changes_nothing(tmp_path: Path) -> None:
    assert command.plan(stack_file.read("dev"), tmp_path / "out", DEV, terminal.console()) == 0


def test_a_stack_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.yaml: 1 error"):
        compare.read(tmp_path / "none.yaml")
