"""ks_compiled.py: what was compiled is kept on the role `indexes`, and only where nobody else writes."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import SCALED, House, runtime_module


def compiled(house: House) -> Path:
    (folder,) = (house.folders["indexes"] / ".compiled").iterdir()
    return folder


def test_the_second_start_of_the_only_writer_finds_bytecode(house: House) -> None:
    (house.app / "ui.py").write_text("print('imported')")
    (house.app / "app.py").write_text("import ui\n" + (house.app / "app.py").read_text())
    pod = house.serving()
    assert pod.stop() == 0
    folder = compiled(house)
    assert [p.name.partition(".")[0] for p in folder.rglob("ui.*.pyc")] == ["ui"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert json.loads(pod.env_file.read_text())["NUMBA_CACHE_DIR"] == str(folder / "numba")


def test_on_a_shared_volume_only_machine_code_is_kept(house: House) -> None:
    pod = house.pod(**SCALED).start()
    pod.until("waiting for the start lock", 15)
    assert sorted(p.name for p in compiled(house).iterdir()) == ["numba"]
    pod.stop()


def test_a_folder_that_others_may_write_is_not_used(house: House) -> None:
    parent = house.folders["indexes"] / ".compiled"
    parent.mkdir()
    parent.chmod(0o777)
    pod = house.serving()
    assert "can be written by others: what was compiled is not kept there" in pod.text()
    assert json.loads(pod.env_file.read_text())["NUMBA_CACHE_DIR"] == f"{house.root}/scratch-pod-a/numba"
    assert pod.stop() == 0


def test_a_link_is_not_followed(house: House, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (house.folders["indexes"] / ".compiled").symlink_to(tmp_path / "elsewhere")
    pod = house.serving()
    assert "can be written by others" in pod.text()
    assert pod.stop() == 0


def test_a_nearly_full_disk_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = runtime_module("ks_compiled")
    monkeypatch.setattr(module, "ROOM", 2**62)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    module.keep_compiled(tmp_path, bytecode=True)
    assert list(tmp_path.iterdir()) == []
    assert sys.pycache_prefix is None


def test_what_no_start_used_for_a_month_goes(tmp_path: Path) -> None:
    month = 31 * 86400
    for name, age in (("0.11.1-cpython-310", month), ("0.11.2-cpython-310", 86400), ("used", month)):
        (tmp_path / name / "numba").mkdir(parents=True)
        then = time.time() - age
        os.utime(tmp_path / name, (then, then))
    runtime_module("ks_compiled").forget_unused(tmp_path, tmp_path / "used")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.11.2-cpython-310", "used"]
