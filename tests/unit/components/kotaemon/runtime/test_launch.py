"""launch.py: what it refuses, what it sets, and single sign-on. With KOTAEMON_APP_DIR the real application starts too."""

import contextlib
import http.client
import json
import os
import re
from pathlib import Path

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import (
    SET_BY,
    House,
    answers,
    eventually,
    python_has,
)


@pytest.mark.parametrize("name", ["KS_PROFILE", "KS_INDEXES_DIR", "KS_SESSIONS_DIR", "KS_MODELS_DIR", "KS_UPLOADS_DIR"])
def test_missing_variable_is_one_line(house: House, name: str) -> None:
    text = house.refused(**{name: ""})
    assert text == f"launch: the variable {name} is not set; {SET_BY} sets it\n"


def test_a_number_must_be_a_number(house: House) -> None:
    text = house.refused(KS_STOP_SECONDS="soon")
    said = f"KS_STOP_SECONDS is 'soon'; it must be a whole number; {SET_BY} sets it"
    assert text == f"launch: {said}\n"


def test_demo_mode_is_refused(house: House) -> None:
    assert "KH_DEMO_MODE serves everybody without a login" in house.refused(KH_DEMO_MODE="true")


@pytest.mark.parametrize("role", ["indexes", "sessions", "uploads", "models", "logs", "eval"])
def test_unwritable_role_names_folder_uid_and_owner(house: House, role: str) -> None:
    folder = house.folders[role]
    folder.chmod(0o555)
    pod = house.pod().start(without_override=True)
    code = pod.exit_code()
    folder.chmod(0o755)
    if code == 99:
        pytest.skip("may not drop capabilities here")
    assert code == 78, pod.text()
    me = f"uid {os.getuid()}"
    pattern = (
        f"launch: role {role}: folder {re.escape(str(folder))} is not writable by {me}, gid .*: "
        rf"Permission denied; it belongs to {me} \(.*, mode dr-xr-xr-x; make it belong to .*\n"
    )
    assert re.fullmatch(pattern, pod.text()), pod.text()


def test_a_file_in_place_of_a_role_folder_is_refused(house: House) -> None:
    house.folders["eval"].rmdir()
    house.folders["eval"].write_text("not a folder")
    assert "role eval: folder" in house.refused()
    assert "Not a directory" in house.pods[0].text()


def test_read_only_roles_are_not_written(house: House) -> None:
    for role in ("models", "eval"):
        house.folders[role].chmod(0o555)
    pod = house.pod(KS_READ_ONLY_ROLES="models, eval").start(without_override=True)
    pod.until("serving")
    assert pod.stop() == 0
    assert list(house.folders["models"].iterdir()) == list(house.folders["eval"].iterdir()) == []
    assert json.loads(pod.env_file.read_text())["HF_HUB_OFFLINE"] == "1"


def test_sessions_cannot_be_read_only(house: House) -> None:
    text = house.refused(KS_READ_ONLY_ROLES="sessions")
    assert "role sessions is in KS_READ_ONLY_ROLES, but the application writes there" in text


def test_checks_leave_nothing_behind(house: House) -> None:
    assert house.serving().stop() == 0
    assert list(house.folders["eval"].iterdir()) == []
    assert [p.name for p in house.folders["sessions"].iterdir()] == [".writer.lock"]


def test_upload_folder_behind_a_link_is_refused(house: House) -> None:
    (house.root / "elsewhere").mkdir()
    link = house.folders["uploads"] / "gradio_tmp"
    link.symlink_to(house.root / "elsewhere")
    text = house.refused()
    assert f"GRADIO_TEMP_DIR {link} is reached through a symbolic link" in text
    assert f"it is really {house.root / 'elsewhere'}" in text


def test_upload_folder_below_a_link_is_refused(house: House) -> None:
    link = house.root / "link"
    link.symlink_to(house.folders["uploads"])
    assert "symbolic link" in house.refused(GRADIO_TEMP_DIR=f"{link}/gradio_tmp")


def test_environment_of_the_application(house: House) -> None:
    pod = house.serving(HOME="/nonexistent", HTTP_PROXY="http://proxy:3128", NO_PROXY="10.0.0.0/8")
    env = json.loads(pod.env_file.read_text())
    scratch = f"{house.root}/scratch-pod-a"
    assert {name: env[name] for name in ("HOME", "TMPDIR", "MPLCONFIGDIR")} == {
        "HOME": f"{scratch}/home",
        "TMPDIR": f"{scratch}/tmp",
        "MPLCONFIGDIR": f"{scratch}/mpl",
    }
    assert env["THEFLOW_TEMP_PATH"] == f"{scratch}/theflow"
    assert env["GRADIO_TEMP_DIR"] == f"{house.folders['uploads']}/gradio_tmp"
    for name in ("HOME", "TMPDIR", "NUMBA_CACHE_DIR", "MPLCONFIGDIR", "NLTK_DATA"):
        assert Path(env[name]).is_dir(), name
    assert env["NO_PROXY"] == "10.0.0.0/8,localhost,127.0.0.1"
    assert env["GRADIO_SERVER_NAME"] == "0.0.0.0"
    assert env["GRADIO_NUM_PORTS"] == "1"
    assert pod.stop() == 0


def test_what_the_deployment_sets_is_kept(house: House) -> None:
    pod = house.serving(NLTK_DATA=f"{house.root}/nltk", GRADIO_SERVER_NAME="127.0.0.1")
    env = json.loads(pod.env_file.read_text())
    assert env["NLTK_DATA"] == f"{house.root}/nltk"
    assert env["GRADIO_SERVER_NAME"] == "127.0.0.1"
    assert pod.stop() == 0


SSO_APP = """
import asyncio
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            await send({"type": (await receive())["type"] + ".complete"})
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while scope["path"] == "/endless":
        await send({"type": "http.response.body", "body": b"x" * 100, "more_body": True})
        await asyncio.sleep(0.1)
    await send({"type": "http.response.body", "body": b"login"})
"""

UVICORN = """
import time
def run(app, **options):
    print("uvicorn", app, sorted(options.items()), "serving", flush=True)
    try:
        while True: time.sleep(0.1)
    except KeyboardInterrupt:
        print("closed")
"""


def test_sso_runs_uvicorn(house: House) -> None:
    (house.app / "uvicorn.py").write_text(UVICORN)
    pod = house.serving(KH_SSO_ENABLED="true", KS_STOP_SECONDS="20")
    options = f"[('host', '0.0.0.0'), ('loop', 'asyncio'), ('port', {pod.port}), ('timeout_graceful_shutdown', 10)]"
    assert f"uvicorn sso_app:app {options} serving\n" in pod.text()
    assert pod.stop() == 0
    assert pod.text().endswith("closed\n")


@pytest.mark.skipif(not python_has("uvicorn"), reason="uvicorn is not installed here; not run")
def test_sso_with_the_real_uvicorn_stops_under_an_open_stream(house: House) -> None:
    (house.app / "sso_app.py").write_text(SSO_APP)
    pod = house.pod(KH_SSO_ENABLED="true", KS_STOP_SECONDS="4").start()
    pod.until("Uvicorn running")
    assert answers(pod.port, "/login") == 200
    stream = http.client.HTTPConnection("127.0.0.1", pod.port, timeout=10)
    stream.request("GET", "/endless")
    assert stream.getresponse().read(10) == b"x" * 10
    assert pod.stop() == 0
    assert "still running" not in pod.text()


def test_the_real_application_starts_and_stops(house: House) -> None:
    real = os.environ.get("KOTAEMON_APP_DIR")
    if not real:
        pytest.skip("KOTAEMON_APP_DIR names no copy of Kotaemon: the real application was not run")
    pod = house.pod(OPENAI_API_KEY="", VOYAGE_API_KEY="", LOCAL_MODEL="", HF_HUB_OFFLINE="1")
    pod.app_dir = Path(real)
    pod.start()

    def up() -> bool:
        with contextlib.suppress(OSError):
            return answers(pod.port, "/app_id") == 200
        return pod.alive.poll() is not None

    eventually(up, "/app_id", pod.text, 300)
    assert pod.alive.poll() is None, pod.text()
    pod.until("To create a public link")  # the main thread then waits; before, SIGTERM just ends the start
    assert (house.folders["sessions"] / "sql.db").exists()
    assert (house.folders["indexes"] / "vectorstore" / "chroma.sqlite3").exists()
    assert pod.stop() == 0
    assert "closing server" in pod.text()
