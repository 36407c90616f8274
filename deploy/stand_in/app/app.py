"""Stands in for Kotaemon: it saves numbered turns and people's notes as Kotaemon saves a chat, and shows what it has.

A turn is an upload and a row. The upload is a plain file under GRADIO_TEMP_DIR in a folder named after its hash
(gradio/processing_utils.py). The row is in SQLite, in the default journal mode, with 5 s of waiting for a lock
(ktem/db/engine.py). A turn is acknowledged when both are written. `POST /turns/7` saves a turn, and `GET /turns` lists
those whose row and file can both be read. `/` is a page for people (page.py), whose form saves a note the same way.
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
import urllib.parse
from pathlib import Path

import page

settings = importlib.import_module(os.environ["THEFLOW_SETTINGS_MODULE"])
UPLOADS = Path(os.environ["GRADIO_TEMP_DIR"])
SHOWN, MOST_BYTES = 100, 8192
"""Notes on the page, and the longest form that is read."""
# In the profile scaled the database is a server outside the nodes. DRILL_DATABASE names a file in its place.
DATABASE = os.environ.get("DRILL_DATABASE") or settings.KH_DATABASE.removeprefix("sqlite:///")


def connect() -> sqlite3.Connection:
    """A new connection. The application opens one for each request, too."""
    return sqlite3.connect(DATABASE, timeout=5)


def content(number: int) -> bytes:
    """The uploaded file of turn `number`."""
    return f"document of turn {number}\n".encode() * 64


def upload(name: str, data: bytes) -> Path:
    """Store an uploaded file in a folder named after its hash."""
    path = UPLOADS / hashlib.sha256(data).hexdigest() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def save(number: int) -> None:
    """Save a turn: the upload first, then the row."""
    path = upload(f"turn-{number}.txt", content(number))
    with contextlib.closing(connect()) as database, database:
        database.execute("INSERT INTO turns VALUES (?, ?)", (number, str(path)))


def note(text: str) -> None:
    """Save what somebody wrote on the page, the same way."""
    path = upload(f"note-{time.time_ns()}.txt", text.encode())
    with contextlib.closing(connect()) as database, database:
        database.execute("INSERT INTO notes VALUES (?, ?)", (str(path), text))


def notes() -> list[str]:
    """The newest notes."""
    with contextlib.closing(connect()) as database:
        return [text for (text,) in database.execute("SELECT text FROM notes ORDER BY rowid DESC LIMIT ?", (SHOWN,))]


def shown() -> list[int]:
    """Turns whose row and file both exist. Files are found by name, because another pod has another mount path."""
    with contextlib.closing(connect()) as database:
        rows = database.execute("SELECT number, path FROM turns ORDER BY number").fetchall()
    there = [(number, UPLOADS / Path(path).parent.name / Path(path).name) for number, path in rows]
    return [number for number, path in there if path.is_file() and path.read_bytes() == content(number)]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers requests on the application's port."""

    def do_GET(self) -> None:
        """Answer the liveness probe, list the turns, and show the page."""
        if self.path == "/turns":
            self._answer(200, json.dumps(shown()).encode())
        elif self.path == "/":
            self._answer(200, page.rendered(page.facts(), page.role_folders(), notes()), "text/html; charset=utf-8")
        else:
            self._answer(200 if self.path == "/app_id" else 404, b"")

    def do_POST(self) -> None:
        """Save one turn; the answer is the acknowledgement. Or save a note, and show the page again."""
        if self.path == "/notes":
            self._save_note()
            return
        save(int(self.path.rpartition("/")[2]))
        self._answer(200, b"saved")

    def _save_note(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MOST_BYTES:
            self._answer(413, b"a note has at most 500 characters")
            return
        form = urllib.parse.parse_qs(self.rfile.read(length).decode(errors="replace"))
        if text := form.get("text", [""])[0].strip():
            note(text[:500])
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        # So that `make up` says what really answers (deploy/address.py).
        self.send_header("X-Stand-In", "kotaemon-storage")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


def main() -> None:
    """Serve until interrupted, as gradio does."""
    with contextlib.closing(connect()) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS turns (number INTEGER, path TEXT)")
        database.execute("CREATE TABLE IF NOT EXISTS notes (path TEXT, text TEXT)")
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
