"""ks_housekeeping.py: what grows goes by age, what is referred to stays."""

import os
import time
from pathlib import Path

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import runtime_module

HOUR, DAY = 3600, 86400


def file(path: Path, age: float, content: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_only_what_is_old_and_not_referred_to_goes(tmp_path: Path) -> None:
    uploads, scratch = tmp_path / "uploads", tmp_path / "scratch"
    file(uploads / "gradio_tmp/tmpold", 2 * HOUR, "")
    file(uploads / "gradio_tmp/tmpnew", 60, "")
    file(uploads / "gradio_tmp/tmpfull", 400 * DAY)
    file(uploads / "gradio_tmp/0a1b/document.pdf", 400 * DAY)
    file(uploads / "gradio_tmp/0a1b/tmpempty", 400 * DAY, "")
    file(uploads / "cache/chunks/old_0.md", 31 * DAY)
    file(uploads / "cache/chunks/new_0.md", 29 * DAY)
    file(uploads / "cache/zip/old.zip", 2 * DAY)
    file(uploads / "cache/markdown/kept.md", 400 * DAY)
    file(scratch / "tmp/spooled", 2 * DAY)
    file(scratch / "numba/compiled", 400 * DAY)
    assert runtime_module("ks_housekeeping").clean(uploads, scratch, 30) == 4
    assert left(uploads) == {"tmpnew", "tmpfull", "document.pdf", "tmpempty", "new_0.md", "kept.md"}
    assert left(scratch) == {"compiled"}


def test_chunks_can_be_kept_for_ever(tmp_path: Path) -> None:
    file(tmp_path / "cache/chunks/old_0.md", 400 * DAY)
    assert runtime_module("ks_housekeeping").clean(tmp_path, tmp_path / "scratch", 0) == 0


def test_links_are_not_followed(tmp_path: Path) -> None:
    target = file(tmp_path / "elsewhere/precious", 400 * DAY, "")
    folder = tmp_path / "gradio_tmp"
    folder.mkdir()
    (folder / "tmplink").symlink_to(target)
    assert runtime_module("ks_housekeeping").clean(tmp_path, tmp_path / "scratch", 30) == 0
    assert target.exists()


def test_an_error_is_told_once_and_the_next_round_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = 0

    def away() -> None:
        nonlocal rounds
        rounds += 1
        raise OSError("the database is away")

    monkeypatch.setenv("KS_HOUSEKEEPING_SECONDS", "0")
    (tmp_path / "scratch").mkdir()
    keeper = runtime_module("ks_housekeeping").Housekeeping(tmp_path, tmp_path / "scratch", away)
    keeper.start()
    deadline = time.monotonic() + 10
    while rounds < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert rounds >= 3
    assert capsys.readouterr().out.count("warning: housekeeping: the database is away") == 1
