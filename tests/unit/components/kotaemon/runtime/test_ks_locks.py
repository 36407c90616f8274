"""One writer, and one starting pod, at a time."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import (
    PYTHON,
    RUNTIME,
    SCALED,
    House,
    Pod,
    eventually,
    free_port,
    python_has,
)


def test_second_writer_waits_and_is_then_refused(house: House) -> None:
    house.serving("pod-a")
    second = house.pod("pod-b", KS_LOCK_WAIT_SECONDS="2").start()
    begun = time.monotonic()
    assert second.exit_code() == 75
    assert time.monotonic() - begun > 1.9
    lock = house.folders["sessions"] / ".writer.lock"
    what = "the writer lock (one pod at a time on SQLite and Chroma)"
    assert second.text().splitlines() == [
        f"launch: waiting for {what}: held by pod-a ({lock})",
        f"launch: {what} not free after 2 s: held by pod-a ({lock})",
    ]
    assert not second.env_file.exists(), "the application was not even imported"


def test_second_writer_starts_when_the_first_has_ended(house: House) -> None:
    first = house.serving("pod-a")
    second = house.pod("pod-b", KS_LOCK_WAIT_SECONDS="60").start()
    second.until("held by pod-a")
    assert first.stop() == 0
    second.until("serving")
    assert (house.folders["sessions"] / ".writer.lock").read_text() == "pod-b\n"


def test_writer_lock_is_free_after_kill_9(house: House) -> None:
    first = house.serving("pod-a")
    first.alive.kill()
    assert first.exit_code() == -signal.SIGKILL
    house.serving("pod-b", KS_LOCK_WAIT_SECONDS="0")


def test_waiting_for_the_lock_can_be_stopped(house: House) -> None:
    house.serving("pod-a")
    second = house.pod("pod-b").start()
    second.until("held by pod-a")
    assert second.stop() == 143


def scaled_seed(house: House) -> dict[str, str]:
    import sqlite3

    database = house.root / "seed.db"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE seeded (name TEXT UNIQUE)")
    url = {"KH_DATABASE": "postgresql+psycopg2://u:p@127.0.0.1:1/none"}
    return SCALED | url | without_driver(house) | {"APP_MODE": "seed", "APP_SEED_DB": str(database)}


def without_driver(house: House) -> dict[str, str]:
    """An image without psycopg2, wherever this runs: the lock is then a file on the shared claim."""
    hidden = house.root / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys; sys.modules['psycopg2'] = None")
    return {"PYTHONPATH": f"{RUNTIME}:{hidden}"}


def check_one_at_a_time(house: House, pods: list[Pod]) -> None:
    for pod in pods:
        pod.until("serving")
    events = (house.root / "events").read_text().split("\n")[:-1]
    assert len(events) == 2 * len(pods)
    for begin, end in zip(events[::2], events[1::2], strict=True):
        assert (begin.split()[0], end.split()[0]) == ("begin", "end"), events
        assert begin.split()[1] == end.split()[1], events


def test_scaled_pods_start_one_at_a_time(house: House) -> None:
    extra = scaled_seed(house)
    pods = [house.pod(f"pod-{n}", **extra).start() for n in range(4)]
    check_one_at_a_time(house, pods)
    for pod in pods:
        pod.until("start lock released")
        assert pod.stop() == 0


def test_the_stand_in_breaks_without_the_lock(house: House) -> None:
    gate = house.root / "gate"
    extra = scaled_seed(house) | {"APP_GATE": str(gate)}
    pods = [house.pod(f"pod-{n}", **extra).start(("app.py",)) for n in range(2)]
    for pod in pods:
        pod.until("checked")
    gate.touch()
    eventually(
        lambda: any("IntegrityError" in pod.text() for pod in pods),
        "a unique constraint broken by two seeding pods",
        lambda: "\n".join(pod.text() for pod in pods),
    )


def test_start_lock_is_free_after_kill_9_in_the_middle(house: House) -> None:
    extra = scaled_seed(house) | {"APP_MODE": "slow import"}
    first = house.pod("pod-a", **extra).start()
    first.until("importing")
    second = house.pod("pod-b", **extra | {"APP_MODE": ""}).start()
    second.until("held by pod-a")
    first.alive.kill()
    second.until("serving")


@pytest.fixture
def postgres() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """A PostgreSQL of our own, where one is installed; its URL."""
    if not python_has("psycopg2") or not shutil.which("initdb"):
        pytest.skip("needs psycopg2 and a PostgreSQL server's programs; not run")
    folder = Path(tempfile.mkdtemp(prefix="ks-pg-"))
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    port = free_port()
    data = str(folder / "data")

    def run(*command: str) -> None:
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

    run("initdb", "-D", data, "-U", "kotaemon", "-A", "trust", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -k {folder}"
    run("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
    yield f"postgresql://kotaemon:hunter2@127.0.0.1:{port}/postgres"
    run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(folder)


def in_postgres(url: str, statement: str) -> None:
    script = "import sys, psycopg2; c = psycopg2.connect(sys.argv[1]); c.autocommit = True;"
    script += "c.cursor().execute(sys.argv[2])"
    subprocess.run([PYTHON, "-c", script, url, statement], check=True)


def test_scaled_pods_start_one_at_a_time_with_postgresql(house: House, postgres: str) -> None:
    in_postgres(postgres, "CREATE TABLE seeded (name TEXT UNIQUE)")
    extra = SCALED | {"KH_DATABASE": postgres, "APP_SEED_DB": postgres}
    extra |= {"APP_MODE": "seed postgres"}
    pods = [house.pod(f"pod-{n}", **extra).start() for n in range(4)]
    check_one_at_a_time(house, pods)
    assert all("start lock taken in PostgreSQL" in pod.text() for pod in pods)
    assert any("held by pod-" in pod.text() for pod in pods)
    assert not (house.folders["uploads"] / ".start.lock").exists()
    assert all("hunter2" not in pod.text() for pod in pods)


def test_postgresql_start_lock_is_free_after_kill_9(house: House, postgres: str) -> None:
    extra = SCALED | {"KH_DATABASE": postgres}
    first = house.pod("pod-a", **extra, APP_MODE="slow import").start()
    first.until("importing")
    second = house.pod("pod-b", **extra).start()
    second.until("held by pod-a")
    assert second.alive.poll() is None
    assert not second.env_file.exists()
    first.alive.kill()
    second.until("serving")


@pytest.mark.skipif(not python_has("psycopg2"), reason="needs psycopg2; not run")
def test_database_that_is_away_is_waited_for(house: House) -> None:
    url = f"postgresql://kotaemon:hunter2@127.0.0.1:{free_port()}/none"
    text = house.refused(75, **SCALED | {"KH_DATABASE": url, "KS_LOCK_WAIT_SECONDS": "2"})
    assert "launch: waiting for the start lock" in text
    assert "PostgreSQL says: " in text
    assert "hunter2" not in text
