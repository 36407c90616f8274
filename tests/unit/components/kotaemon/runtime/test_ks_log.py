"""The log file of a pod."""

import os
from pathlib import Path

from tests.unit.components.kotaemon.runtime.stand_in import House, eventually, runtime_module


def test_log_file_has_every_line_and_so_has_stdout(house: House) -> None:
    pod = house.serving()
    assert pod.stop() == 0
    for text in (pod.text(), pod.log.read_text()):
        for line in ("a line on stderr", "a line of a child", "serving"):
            assert f"{line}\n" in text
        assert text.rstrip("\n").endswith("last words without a newline")


def test_no_logs_role_no_log_file(house: House) -> None:
    pod = house.serving(KS_LOGS_DIR="(unset)")
    assert pod.stop() == 0
    assert list(house.folders["logs"].iterdir()) == []
    assert pod.text().rstrip("\n").endswith("last words without a newline")


def test_the_folder_of_one_pod_is_its_own_and_older_files_stay(house: House) -> None:
    old = house.folders["logs"] / "pod-a.log"
    old.write_text("of an earlier release\n")
    for name in ("pod-a", "pod-b"):
        assert house.serving(name).stop() == 0
    assert sorted(p.name for p in house.folders["logs"].iterdir()) == ["pod-a", "pod-a.log", "pod-b"]
    assert old.read_text() == "of an earlier release\n"


def test_log_file_of_a_restarted_container_goes_on(house: House) -> None:
    assert house.serving().stop() == 0
    pod = house.serving()
    assert pod.stop() == 0
    assert pod.log.read_text().count("last words without a newline\n") == 2


def test_log_rotates_and_keeps_one_generation(house: House) -> None:
    pod = house.serving(APP_MODE="chatty", KS_LOG_MAX_MIB="1")
    assert pod.stop() == 0
    files = sorted(pod.log.parent.iterdir())
    assert [file.name for file in files] == ["app.log", "app.log.1"]
    assert all(file.stat().st_size <= 1024 * 1024 for file in files)
    kept = files[1].read_text() + files[0].read_text()
    numbers = [int(line[:6]) for line in kept.splitlines() if line[:6].isdigit()]
    assert numbers == list(range(numbers[0], 40000)), "no line lost or out of order"
    assert len(numbers) > 13000
    assert pod.text().count(" xxx") == 40000


def test_full_log_volume_does_not_stop_the_application(house: House) -> None:
    pod = house.pod()
    pod.log.parent.mkdir()
    pod.log.symlink_to("/dev/full")
    pod.start().until("serving")
    pod.until(f"launch: log file {pod.log} cannot be written: No space left on device")
    assert pod.stop() == 0
    assert pod.text().rstrip("\n").endswith("last words without a newline")


def test_hanging_log_volume_does_not_stop_the_application(house: House) -> None:
    pod = house.pod(APP_MODE="chatty")
    pod.log.parent.mkdir()
    os.mkfifo(pod.log)  # opening it blocks for ever, as a file on a server that is away
    pod.start().until("serving")
    assert pod.stop(seconds=8) == 0
    assert pod.text().count(" xxx") == 40000


def test_lines_lost_are_counted(tmp_path: Path) -> None:
    complaints: list[str] = []
    path = tmp_path / "away" / "pod-a" / "app.log"
    log = runtime_module("ks_log").LogFile(path, 1024, complaints.append)
    log.RETRY_SECONDS = 0.0
    log.add(b"one\ntwo\n")
    eventually(lambda: len(complaints) == 1, "a complaint", lambda: str(complaints), 5)
    path.parent.parent.mkdir()
    log.add(b"three\n")
    log.close(5)
    assert path.read_text() == "launch: 2 lines are missing here\nthree\n"
