"""wait_stores.py run as a file, against real sockets."""

import os
import socket
import subprocess
import threading
import time

from tests.unit.components.kotaemon.runtime.stand_in import PYTHON, RUNTIME, free_port


def wait(**env: str) -> tuple[int, str]:
    done = subprocess.run(
        [PYTHON, str(RUNTIME / "wait_stores.py")],
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **env},
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def test_stores_that_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as qdrant, socket.create_server(("127.0.0.1", 0)) as elastic:
        ports = qdrant.getsockname()[1], elastic.getsockname()[1]
        code, text = wait(
            QDRANT_URL=f"http://127.0.0.1:{ports[0]}", ELASTICSEARCH_URL=f"https://user:hunter2@127.0.0.1:{ports[1]}"
        )
    assert (code, text) == (
        0,
        f"wait: 127.0.0.1:{ports[0]} (QDRANT_URL) answers\nwait: 127.0.0.1:{ports[1]} (ELASTICSEARCH_URL) answers\n",
    )


def test_a_store_that_comes_later() -> None:
    port = free_port()
    servers: list[socket.socket] = []

    def serve() -> None:
        time.sleep(1.5)
        servers.append(socket.create_server(("127.0.0.1", port)))

    late = threading.Thread(target=serve)
    late.start()
    code, text = wait(MILVUS_URI=f"http://127.0.0.1:{port}")
    late.join()
    servers[0].close()
    assert (code, text) == (
        0,
        f"wait: 127.0.0.1:{port} (MILVUS_URI): Connection refused\nwait: 127.0.0.1:{port} (MILVUS_URI) answers\n",
    )


def test_a_store_that_never_comes() -> None:
    port = free_port()
    code, text = wait(QDRANT_URL=f"http://127.0.0.1:{port}", KS_LOCK_WAIT_SECONDS="1")
    assert code == 75
    assert text.endswith(f"wait: 127.0.0.1:{port} (QDRANT_URL) does not answer: Connection refused\n")


def test_no_host_is_one_line() -> None:
    code, text = wait(QDRANT_URL="qdrant")
    assert (code, text) == (78, "wait: QDRANT_URL has no host; it must look like http://host:6333\n")


def test_nothing_to_wait_for() -> None:
    assert wait() == (0, "")
