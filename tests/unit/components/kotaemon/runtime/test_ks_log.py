"""The log file of a pod."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.unit.components.kotaemon.runtime.stand_in import RUNTIME, House, answers, eventually


def first_file(log: Path) -> Path:
    return log.with_name("app-00000001.log")


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


def test_log_rotates_and_keeps_as_many_files_as_asked_for(house: House) -> None:
    pod = house.serving(APP_MODE="chatty", KS_LOG_MAX_MIB="1", KS_LOG_FILES="3")
    assert pod.stop() == 0
    files = sorted(pod.log.parent.iterdir())
    names = [file.name for file in files]
    assert names == ["app-00000002.log", "app-00000003.log", "app-00000004.log", "app.log"]
    assert files.pop().readlink() == Path(names[2])
    assert all(file.stat().st_size <= 1024 * 1024 for file in files)
    kept = "".join(file.read_text() for file in files)
    numbers = [int(line[:6]) for line in kept.splitlines() if line[:6].isdigit()]
    assert numbers == list(range(numbers[0], 40000)), "no line lost or out of order"
    assert len(numbers) > 26000
    assert pod.text().count(" xxx") == 40000


def test_all_pods_together_keep_to_the_total(house: House) -> None:
    gone = house.folders["logs"] / "pod-of-last-week"
    gone.mkdir()
    for name in ("app.log", "app.log.1", "metrics.prom"):
        (gone / name).write_bytes(b"old\n" * 300_000)
        os.utime(gone / name, (1, 1))
    pod = house.serving(APP_MODE="chatty", KS_LOG_MAX_MIB="1", KS_LOG_FILES="9", KS_LOG_TOTAL_MIB="2")
    assert pod.stop() == 0
    assert not gone.exists()
    assert sum(file.stat().st_size for file in pod.log.parent.iterdir()) <= 3 * 1024 * 1024


def test_full_log_volume_does_not_stop_the_application(house: House) -> None:
    pod = house.pod()
    pod.log.parent.mkdir()
    first_file(pod.log).symlink_to("/dev/full")
    pod.start().until("serving")
    pod.until(f"launch: log file {pod.log} cannot be written: No space left on device")
    assert pod.stop() == 0
    assert pod.text().rstrip("\n").endswith("last words without a newline")


def test_hanging_log_file_does_not_stop_the_application(house: House) -> None:
    pod = house.pod(APP_MODE="chatty")
    pod.log.parent.mkdir()
    os.mkfifo(first_file(pod.log))
    reader = os.open(
        first_file(pod.log), os.O_RDONLY | os.O_NONBLOCK
    )  # a reader that never reads: writing blocks for ever
    pod.start().until("serving")
    assert pod.stop() == 0
    assert pod.text().count(" xxx") == 40000
    os.close(reader)


def test_a_volume_that_hangs_at_the_start_costs_the_log_only(house: House, hanging: Path) -> None:
    pod = house.pod(KS_LOGS_DIR=str(hanging), KS_LOG_START_SECONDS="1").start()
    pod.until("serving")
    said = f"role logs: folder {hanging} does not answer within 1 s; this pod writes no log file"
    assert f"launch: warning: {said}\n" in pod.text()
    assert pod.stop() == 0


def test_a_volume_that_hangs_later_does_not_stop_the_application(house: House, hangs: Callable[[Path], None]) -> None:
    pod = house.pod(APP_MODE="chatty on request", KS_HOUSEKEEPING_SECONDS="1").start()
    pod.until("serving")
    hangs(house.folders["logs"])
    pod.alive.send_signal(signal.SIGUSR1)
    pod.until("all said")
    pod.until(f"launch: log file {pod.log} takes no lines: its volume is too slow, or does not answer")
    assert answers(pod.port, "/app_id") == 200
    assert pod.stop() == 0
    assert pod.text().count(" xxx") == 400_000
    assert pod.text().rstrip("\n").endswith("last words without a newline")


def test_a_kill_leaves_whole_lines_and_the_next_container_goes_on(house: House) -> None:
    pod = house.pod(APP_MODE="chatty on request").start()
    pod.until("serving")
    pod.alive.send_signal(signal.SIGUSR1)
    eventually(lambda: pod.log.stat().st_size > 100_000, "lines in the file", pod.text)
    pod.alive.kill()
    assert pod.exit_code() == -signal.SIGKILL
    with pod.log.open("ab") as torn:
        torn.write(b"a line that was torn")
    again = house.serving()
    assert again.stop() == 0
    lines = pod.log.read_text().splitlines()
    numbers = [int(line[:6]) for line in lines if line[:6].isdigit()]
    assert numbers == list(range(len(numbers)))
    assert lines.count("a line that was torn") == 1
    assert lines[-1] == "last words without a newline"


TEE = """
import os, sys
from pathlib import Path
from ks_log import Tee
from ks_log_file import Limits
tee = Tee()
tee.start(Path(sys.argv[1]) / "pod" / "app.log", Limits(2**20, 8, 2**30))
said = sys.stdin.buffer.read()
while said:
    said = said[os.write(1, said) :]
tee.close()
"""


def test_lines_that_are_very_long_binary_or_without_an_end_are_kept_as_they_are(tmp_path: Path) -> None:
    long, odd = b"x" * (3 * 2**20) + b"\n", b"\xff\xfe\0binary\r10 %\r20 %\n\n\n" + "ünï 漢\n".encode()
    command = [sys.executable, "-c", TEE, str(tmp_path)]
    env = {"PYTHONPATH": str(RUNTIME), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, input=long + odd + b"no end", env=env, capture_output=True, check=True)
    assert done.stdout == long + odd + b"no end"
    files = sorted((tmp_path / "pod").glob("app-*.log"))
    lines = [line for file in files for line in file.read_bytes().split(b"\n")[1:-1]]
    assert max(map(len, lines)) < 10**6, "readers of logs leave longer ones out"
    pieces = [line for line in lines if line.startswith(b"xx")]
    assert b"".join(pieces) == long[:-1]
    assert b"\n".join(lines[len(pieces) :]) == odd + b"no end"
