"""Stands in for Kotaemon in the drills: it saves numbered turns as Kotaemon does, and shows those that it has.

A turn is an upload and a row. The upload is a plain file under GRADIO_TEMP_DIR in a folder named after its hash
(gradio/processing_utils.py). The row is in SQLite, in the default journal mode, with 5 s of waiting for a lock
(ktem/db/engine.py). A turn is acknowledged when both are written. `POST /turns/7` saves a turn, and `GET /turns` lists
those whose row and file can both be read.
"""

import contextlib
import hashlib
import http.server
import importlib
import json
import os
import sqlite3
import threading
import time
from pathlib import Path

settings = importlib.import_module(os.environ["THEFLOW_SETTINGS_MODULE"])
UPLOADS = Path(os.environ["GRADIO_TEMP_DIR"])
# In the profile scaled the database is a server outside the nodes. DRILL_DATABASE names a file in its place.
DATABASE = os.environ.get("DRILL_DATABASE") or settings.KH_DATABASE.removeprefix("sqlite:///")


def connect() -> sqlite3.Connection:
    """A new connection. The application opens one for each request, too."""
    return sqlite3.connect(DATABASE, timeout=5)


def content(number: int) -> bytes:
    """The uploaded file of turn `number`."""
    return f"document of turn {number}\n".encode() * 64


def save(number: int) -> None:
    """Save a turn: the upload first, then the row."""
    data = content(number)
    path = UPLOADS / hashlib.sha256(data).hexdigest() / f"turn-{number}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    with contextlib.closing(connect()) as database, database:
        database.execute("INSERT INTO turns VALUES (?, ?)", (number, str(path)))


def shown() -> list[int]:
    """Turns whose row and file both exist. Files are found by name, because another pod has another mount path."""
    with contextlib.closing(connect()) as database:
        rows = database.execute("SELECT number, path FROM turns ORDER BY number").fetchall()
    there = [(number, UPLOADS / Path(path).parent.name / Path(path).name) for number, path in rows]
    return [number for number, path in there if path.is_file() and path.read_bytes() == content(number)]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers requests on the application's port."""

    def do_GET(self) -> None:
        """Answer the liveness probe, and list the turns."""
        if self.path == "/turns":
            self._answer(200, json.dumps(shown()).encode())
        else:
            self._answer(200 if self.path == "/app_id" else 404, b"")

    def do_POST(self) -> None:
        """Save one turn. The answer is the acknowledgement."""
        save(int(self.path.rpartition("/")[2]))
        self._answer(200, b"saved")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


def main() -> None:
    """Serve until interrupted, as gradio does."""
    with contextlib.closing(connect()) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS turns (number INTEGER, path TEXT)")
    address = (os.environ["GRADIO_SERVER_NAME"], int(os.environ["GRADIO_SERVER_PORT"]))
    server = http.server.ThreadingHTTPServer(address, Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("serving", flush=True)
    try:
        while True:
            time.sleep(0.1)
    except KeyboardInterrupt:
        server.shutdown()


main()
