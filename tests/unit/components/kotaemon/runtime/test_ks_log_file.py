"""ks_log_file.py: the files of one pod, and how large all pods' are."""

import ctypes
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import eventually, runtime_module

MODULE = runtime_module("ks_log_file")
LARGE = MODULE.Limits(file=1 << 30, files=4, total=1 << 40)


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A volume of 64 KiB."""
    libc = ctypes.CDLL(None)
    if libc.mount(b"tmpfs", os.fsencode(tmp_path), b"tmpfs", 0, b"size=64k"):
        pytest.skip("may not mount here")
    yield tmp_path
    libc.umount2(os.fsencode(tmp_path), 2)


def written(path: Path, *batches: bytes, limits: Any = LARGE) -> list[str]:
    """Give the batches to a LogFile one after the other, and return what it complained of."""
    complaints: list[str] = []
    log = MODULE.LogFile(path, limits, complaints.append)
    log.RETRY_SECONDS = 0.0
    for batch in batches:
        log.add(batch)
        eventually(lambda: not log._pending, "taken", lambda: "")
    log.close(5)
    return complaints


def body(path: Path) -> str:
    """The file without its first line, which must be there."""
    first, _, rest = path.read_text().partition("\n")
    assert re.fullmatch(rf"launch: log file of {path.parent.name}, begun \d{{4}}-\d\d-\d\dT[0-9:.]{{15}}\+00:00", first)
    return rest


def test_lines_lost_are_counted_in_the_file_and_said(tmp_path: Path) -> None:
    complaints: list[str] = []
    path = tmp_path / "away" / "pod-a" / "app.log"
    log = MODULE.LogFile(path, LARGE, complaints.append)
    log.RETRY_SECONDS = 0.0
    log.add(b"one\ntwo\n")
    eventually(lambda: len(complaints) == 1, "a complaint", lambda: str(complaints))
    path.parent.parent.mkdir()
    log.add(b"three\n")
    log.close(5)
    assert body(path) == "launch: 2 lines are missing here\nthree\n"
    assert log.dropped == 2
    said = "cannot be written: No such file or directory; standard output goes on, 2 lines are not in the file"
    assert complaints == [f"log file {path} {said}"]


def test_a_full_volume_keeps_whole_lines_and_says_how_many_are_missing(tiny: Path) -> None:
    path = tiny / "pod-a" / "app.log"
    line = b"x" * 99 + b"\n"
    complaints: list[str] = []
    log = MODULE.LogFile(path, LARGE, complaints.append)
    log.RETRY_SECONDS = 0.0
    log.add(line * 1000)
    eventually(lambda: len(complaints) == 1, "a complaint", lambda: str(complaints))
    assert "No space left on device" in complaints[0]
    before = path.read_bytes()
    lost = 1001 - before.count(b"\n")  # with the first line of the file
    assert log.dropped == lost
    path.write_bytes(before[:4096])  # through the link: somebody makes room, in the middle of a line
    log.add(b"after\n")
    log.close(5)
    lines = path.read_text().splitlines()
    assert lines[-2:] == [f"launch: {lost} lines are missing here", "after"]
    assert set(lines[1:40]) == {"x" * 99}


def test_what_does_not_fit_into_memory_is_missing_at_its_place(tmp_path: Path) -> None:
    path = tmp_path / "pod-a" / "app.log"
    path.parent.mkdir()
    os.mkfifo(path.with_name("app-00000001.log"))
    reader = os.open(path.with_name("app-00000001.log"), os.O_RDONLY | os.O_NONBLOCK)
    complaints: list[str] = []
    log = MODULE.LogFile(path, LARGE, complaints.append)
    log.PENDING_LIMIT = 300_000
    first = b"a" * 99_999 + b"\n"
    for _ in range(6):
        log.add(first)
        time.sleep(0.05)
    assert log.dropped in (2, 3)  # one is being written, three wait
    os.set_blocking(reader, True)
    read = b""
    while read.count(b"\n") < 7 - log.dropped:  # with the first line of the file
        read += os.read(reader, 65536)
    log.add(b"last\n")
    while not read.endswith(b"last\n"):
        read += os.read(reader, 65536)
    assert read.splitlines()[-2:] == [f"launch: {log.dropped} lines are missing here".encode(), b"last"]
    assert len(complaints) == 1
    os.close(reader)
    log.close(5)


def test_a_file_that_was_removed_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "pod-a" / "app.log"
    log = MODULE.LogFile(path, LARGE, print)
    log.add(b"one\n")
    eventually(path.exists, "the file", lambda: "")
    eventually(lambda: path.read_bytes().endswith(b"one\n"), "the line", lambda: "")
    shutil.rmtree(path.parent)
    log.add(b"two\n")
    log.close(5)
    assert body(path) == "two\n"


def test_rotation_loses_nothing_and_a_line_longer_than_a_file_has_its_own(tmp_path: Path) -> None:
    path = tmp_path / "pod-a" / "app.log"
    lines = [f"{number:03d} {'x' * 20}\n".encode() for number in range(20)]
    lines.insert(10, b"long " + b"y" * 500 + b"\n")
    assert written(path, *lines, limits=MODULE.Limits(200, 99, 1 << 40)) == []
    files = sorted(path.parent.glob("app-*.log"))
    assert "".join(map(body, files)).encode() == b"".join(lines)
    assert all(file.stat().st_size <= 200 or body(file).startswith("long") for file in files)


def test_one_file_only(tmp_path: Path) -> None:
    path = tmp_path / "pod-a" / "app.log"
    assert written(path, b"one\n", b"two\n", b"three\n", limits=MODULE.Limits(76, 1, 1 << 40)) == []
    assert [file.name for file in path.parent.glob("app-*.log")] == ["app-00000002.log"]
    assert body(path) == "three\n"


def age(path: Path, size: int, seconds: float) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x" * size)
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def left(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_oldest_go_first_and_living_pods_keep_their_file(tmp_path: Path) -> None:
    own = age(tmp_path / "own" / "app-00000002.log", 10, 5000)
    age(tmp_path / "own" / "app-00000001.log", 10, 5001)
    age(tmp_path / "living" / "app-00000008.log", 10, 60)
    age(tmp_path / "living" / "app-00000007.log", 10, 61)
    age(tmp_path / "gone" / "app-00000009.log", 10, 9000)
    (tmp_path / "gone" / "app.log").symlink_to("app-00000009.log")
    age(tmp_path / "gone" / "app.log.1", 10, 9001)
    age(tmp_path / "gone" / "metrics.prom", 10, 9001)
    age(tmp_path / "notes" / "by-hand.txt", 1000, 9001)
    (tmp_path / "pod-x.log").write_text("of an earlier release")
    before = left(tmp_path)
    MODULE.make_room(own, 60)
    assert left(tmp_path) == before
    MODULE.make_room(own, 55)
    assert left(tmp_path / "gone") == {"app-00000009.log", "app.log", "metrics.prom"}
    MODULE.make_room(own, 45)
    assert not (tmp_path / "gone").exists()
    MODULE.make_room(own, 0)
    kept = {"own/app-00000002.log", "living/app-00000008.log", "notes/by-hand.txt", "pod-x.log"}
    assert left(tmp_path) == kept


def test_a_clock_that_was_ahead_keeps_no_file_of_a_pod_that_is_gone(tmp_path: Path) -> None:
    own = age(tmp_path / "own" / "app-00000001.log", 10, 60)
    age(tmp_path / "gone" / "app-00000001.log", 10, -10_000)
    MODULE.make_room(own, 10)
    assert left(tmp_path) == {"own/app-00000001.log"}


def test_the_files_of_an_earlier_release_stay_and_the_link_is_made(tmp_path: Path) -> None:
    path = tmp_path / "pod-a" / "app.log"
    age(path, 10, 100)
    assert written(path, b"one\n") == []
    assert path.with_name("app.log.1").read_bytes() == b"x" * 10
    assert path.readlink() == Path("app-00000001.log")
    assert body(path) == "one\n"


def test_without_links_everything_else_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "pod-a" / "app.log"
    (path.parent / ".app.log").mkdir(parents=True)  # in the way of the link
    assert written(path, b"one\n") == []
    assert body(path.with_name("app-00000001.log")) == "one\n"
