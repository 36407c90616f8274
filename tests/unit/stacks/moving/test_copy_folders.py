"""The script of the Job on real folders: what it copies, what it continues, and what it refuses."""

import os
from pathlib import Path

import pytest

from stacks.moving import copy_folders
from stacks.moving.copy_folders import NEEDS_PEOPLE, TRY_AGAIN


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A role's folder, as the application leaves it: files, links in a cache, a lock."""
    folder = tmp_path / "from" / "models"
    (folder / "hub" / "blobs").mkdir(parents=True)
    (folder / "hub" / "blobs" / "abc").write_bytes(os.urandom(3 << 20))
    (folder / "hub" / "model.safetensors").symlink_to("blobs/abc")
    (folder / "sql.db").write_text("rows")
    (folder / "empty").mkdir()
    (folder / ".writer.lock").write_text("")
    os.utime(folder / "sql.db", (1_700_000_000, 1_700_000_000))
    (folder / "sql.db").chmod(0o640)
    return folder


@pytest.fixture
def new(tmp_path: Path) -> Path:
    (tmp_path / "to").mkdir()
    return tmp_path / "to" / "moved"


def run(*paths: Path) -> int:
    return copy_folders.main([str(path) for path in paths])


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): os.readlink(path)
        if path.is_symlink()
        else ""
        if path.is_dir()
        else copy_folders.digest(path)
        for path in folder.rglob("*")
        if path.name != ".writer.lock"
    }


def test_everything_is_there_with_its_times_modes_and_links(old: Path, new: Path) -> None:
    assert run(old, new) == 0
    assert tree(new) == tree(old)
    assert not (new / ".writer.lock").exists()
    assert (new / "sql.db").stat().st_mtime == 1_700_000_000
    assert (new / "sql.db").stat().st_mode & 0o777 == 0o640


def test_files_and_links_are_counted_and_a_second_run_copies_nothing(
    old: Path, new: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(old, new)
    assert capsys.readouterr().out == f"{old} to {new}: 3 copied and compared, 0 there already\n"
    assert run(old, new) == 0
    assert capsys.readouterr().out == f"{old} to {new}: 0 copied and compared, 3 there already\n"


def test_a_run_that_was_killed_is_continued(old: Path, new: Path) -> None:
    new.mkdir()
    copy_folders.part_of(new / "sql.db").write_text("ro")
    assert run(old, new) == 0
    assert tree(new) == tree(old)


def test_the_source_is_not_touched(old: Path, new: Path) -> None:
    before = tree(old)
    run(old, new)
    assert tree(old) == before


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [("other", "x", "moved holds other, which"), ("sql.db", "rows of somebody", "sql.db differs from")],
)
def test_what_is_in_the_way_is_refused(
    old: Path, new: Path, name: str, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    new.mkdir()
    (new / name).write_text(text)
    assert run(old, new) == NEEDS_PEOPLE
    assert message in capsys.readouterr().err
    assert (new / name).read_text() == text


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, new: Path) -> None:
    assert run(tmp_path / "none", new) == NEEDS_PEOPLE
    assert not new.exists()


def test_a_disk_that_fails_is_tried_again(old: Path, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_source: Path, target: Path) -> None:
        target.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(copy_folders.shutil, "copy2", full)
    assert run(old, new) == TRY_AGAIN
    monkeypatch.undo()
    assert run(old, new) == 0
    assert tree(new) == tree(old)
