"""ks_ready.py run as a file: the application and its storage answer, or the pod gets no requests and says why."""

import errno
import http.server
import os
import subprocess
import threading
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import PYTHON, RUNTIME, free_port

SCRIPT = (RUNTIME / "ks_ready.py").read_text()
TOUCH = "os.statvfs(folder)"


@pytest.fixture
def url() -> Generator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def probe(folder: Path, url: str, *folders: str, touch: str = TOUCH, seconds: float = 2) -> tuple[int, str]:
    """One probe with its temporary files in `folder`. `touch`: what stands for a file system that does not answer."""
    script = folder / "ks_ready.py"
    script.write_text(SCRIPT.replace(TOUCH, touch))
    done = subprocess.run(
        [PYTHON, str(script), url, str(seconds), *folders],
        env={"PATH": os.environ["PATH"], "TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def test_the_stand_in_replaces_the_touch() -> None:
    assert TOUCH in SCRIPT


def test_both_answer(tmp_path: Path, url: str) -> None:
    assert probe(tmp_path, url, "/", str(tmp_path)) == (0, "")


def test_an_application_that_does_not_answer(tmp_path: Path) -> None:
    code, said = probe(tmp_path, f"http://127.0.0.1:{free_port()}/", str(tmp_path))
    assert (code, said.split(":")[0]) == (1, "the application does not answer")


def test_a_folder_that_is_gone(tmp_path: Path, url: str) -> None:
    code, said = probe(tmp_path, url, str(tmp_path), "/data/uploads")
    assert code == 1
    assert said.startswith("the storage of /data/uploads is broken (FileNotFoundError: [Errno 2]")
    assert said.endswith("see docs/runbooks/storage-does-not-answer.md\n")


def test_a_stale_handle_is_called_so(tmp_path: Path, url: str) -> None:
    stale = f"raise OSError({errno.ESTALE}, 'Stale file handle', folder)"
    code, said = probe(tmp_path, url, "/data/models", touch=stale)
    assert code == 1
    assert said.startswith(f"the storage of /data/models is a stale handle (OSError: [Errno {errno.ESTALE}]")


def test_a_server_that_is_dead_is_waited_for_with_a_limit(tmp_path: Path, url: str) -> None:
    begin = time.monotonic()
    code, said = probe(tmp_path, url, "/data/files", touch="__import__('time').sleep(50)", seconds=0.5)
    assert code == 1
    assert said.startswith("the storage of /data/files does not answer within 0.5 s")
    assert time.monotonic() - begin < 20


def test_a_process_that_still_hangs_gets_no_company(tmp_path: Path, url: str) -> None:
    hung = subprocess.Popen([PYTHON, "-c", "import time; time.sleep(60)  # statvfs"])
    (tmp_path / "ks-ready-hung").write_text(str(hung.pid))
    try:
        code, said = probe(tmp_path, url, str(tmp_path))
        assert (code, said.split(";")[0]) == (1, "the storage still does not answer: a process hangs in a mount")
    finally:
        hung.kill()
        hung.wait()
    assert probe(tmp_path, url, str(tmp_path)) == (0, ""), "it is gone, so the storage is asked again"
    assert not (tmp_path / "ks-ready-hung").exists()
