"""SIGTERM ends the application in seconds."""

import signal
import time

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import House, answers


def test_sigterm_closes_the_server_and_ends_in_seconds(house: House) -> None:
    pod = house.serving()
    assert answers(pod.port, "/app_id") == 200
    assert pod.stop() == 0
    lines = pod.text().splitlines()
    order = ["serving", "Keyboard interruption in main thread... closing server."]
    order += ["last words without a newline"]
    assert [line for line in lines if line in order] == order


def test_sigterm_during_the_import(house: House) -> None:
    pod = house.pod(APP_MODE="slow import").start()
    pod.until("importing")
    assert pod.stop() == 143
    assert "launch: stopped before the application could say goodbye" in pod.text()
    assert "Traceback" not in pod.text()


def test_second_sigterm_does_not_disturb_the_first(house: House) -> None:
    pod = house.serving(APP_MODE="slow close")
    pod.alive.send_signal(signal.SIGTERM)
    pod.until("closing server")
    assert pod.stop() == 0
    assert "last words" in pod.text()


@pytest.mark.parametrize("mode", ["never stops", "deadlock in C"])
def test_watchdog_ends_what_does_not_stop(house: House, mode: str) -> None:
    pod = house.serving(APP_MODE=mode, KS_STOP_SECONDS="1")
    begun = time.monotonic()
    assert pod.stop() == 143
    assert time.monotonic() - begun > 0.9
    assert "launch: still running 1 s after SIGTERM" in pod.text()
    assert "app.py" in pod.text(), "the traceback says where it hangs"
    assert "launch: still running 1 s after SIGTERM" in pod.log.read_text()


WORKING = """
import threading, time
import ks_running
def work():
    with ks_running.{kind}.one():
        time.sleep({seconds})
        print("work finished", flush=True)
threading.Thread(target=work, daemon=True).start()
"""


@pytest.mark.parametrize("kind", ["UPLOADS", "ANSWERS"])
def test_what_is_being_indexed_or_answered_is_finished_first(house: House, kind: str) -> None:
    (house.app / "app.py").write_text(WORKING.format(seconds=3, kind=kind) + (house.app / "app.py").read_text())
    pod = house.serving()
    assert pod.stop() == 0
    lines = pod.text().splitlines()
    order = ["launch: asked to stop; finishing what is being indexed or answered, for 300 s at most", "work finished"]
    order += ["Keyboard interruption in main thread... closing server."]
    assert [line for line in lines if line in order] == order


def test_indexing_that_takes_too_long_is_given_up(house: House) -> None:
    (house.app / "app.py").write_text(WORKING.format(seconds=600, kind="UPLOADS") + (house.app / "app.py").read_text())
    pod = house.serving(KS_FINISH_SECONDS="1")
    assert pod.stop() == 0
    assert "launch: warning: it was not finished" in pod.text()


def test_exit_code_of_the_application_passes_through(house: House) -> None:
    assert house.pod(APP_MODE="exit").start().exit_code() == 3


def test_crash_of_the_application_is_told_and_logged(house: House) -> None:
    pod = house.pod(APP_MODE="crash").start()
    assert pod.exit_code() == 1
    assert "RuntimeError: the application broke" in pod.text()
    assert "RuntimeError: the application broke" in pod.log.read_text()
