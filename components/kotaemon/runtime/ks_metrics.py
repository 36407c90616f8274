"""The numbers of this pod in Prometheus's text format: beside its log, and on a port where the Deployment names one.

Other containers of the pod write theirs to <scratch>/metrics/<what>.prom, which is said with ours. So are the
archiver's of all its runs, which it leaves in the role `logs` (components/object/runtime/ks_archive_numbers.py).
"""

import contextlib
import os
import shutil
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from ks_environment import number, pod_name, say

FILE = "metrics.prom"
ARCHIVE = "archive.prom"
"""The archiver's file beside the pods' folders."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metric(NamedTuple):
    """One number and where it comes from."""

    name: str
    help: str
    value: Callable[[], float]

    def line(self) -> str:
        kind = "counter" if self.name.endswith("_total") else "gauge"
        said = f"# HELP {self.name} {self.help}\n# TYPE {self.name} {kind}\n"
        return f'{said}{self.name}{{pod="{pod_name()}"}} {self.value()}\n'


class Counted:
    """A number that takes long to find out: it is found in every round of housekeeping, and said from memory."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count
        self.last = 0

    def refresh(self) -> None:
        self.last = self._count()


def of_scratch(scratch: Path) -> list[Metric]:
    return [
        Metric("kotaemon_scratch_used_bytes", "Bytes used of /tmp.", lambda: shutil.disk_usage(scratch).used),
        Metric("kotaemon_scratch_free_bytes", "Bytes free in /tmp.", lambda: shutil.disk_usage(scratch).free),
    ]


class Metrics:
    """All numbers of the pod. `logs` is its folder in the role `logs`, if there is one."""

    def __init__(self, metrics: list[Metric], scratch: Path, logs: Path | None) -> None:
        self._metrics, self._scratch, self._logs = metrics, scratch, logs
        self._writing: threading.Thread | None = None
        self._archive = ""

    def text(self) -> str:
        said = "".join(metric.line() for metric in self._metrics)
        for path in sorted((self._scratch / "metrics").glob("*.prom")):
            with contextlib.suppress(OSError):
                said += path.read_text()
        return said + self._archive

    def write(self) -> None:
        """Write the numbers beside the log, in a thread: the volume may not answer. One that hangs gets no second."""
        if self._logs is None or (self._writing is not None and self._writing.is_alive()):
            return
        self._writing = threading.Thread(target=self._exchange, args=(self._logs,), name="metrics-file", daemon=True)
        self._writing.start()

    def _exchange(self, logs: Path) -> None:
        """Our numbers go to the volume, and the archiver's come from it."""
        self._archive = read_archive(logs.parent)
        write_file(logs, self.text())

    def serve(self, port: int) -> ThreadingHTTPServer:
        """Answer GET /metrics on every address of the pod; the network policy says who may ask."""
        server = ThreadingHTTPServer(("", port), _handler(self.text))
        threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
        return server


def write_file(folder: Path, text: str) -> None:
    part = folder / f".metrics.{os.getpid()}"
    with contextlib.suppress(OSError):  # the log file says what is wrong with the volume
        part.write_text(text)
        part.replace(folder / FILE)


def read_archive(logs: Path) -> str:
    """The archiver's numbers; nothing else that may be in its file, which other pods can write."""
    try:
        lines = (logs / ARCHIVE).read_text(errors="replace").splitlines()[:100]
    except OSError:
        return ""
    ours = ("kotaemon_archive_", "# HELP kotaemon_archive_", "# TYPE kotaemon_archive_")
    return "".join(f"{line}\n" for line in lines if line.startswith(ours))


def serve_where_asked(metrics: Metrics) -> None:
    port = number("KS_METRICS_PORT", 0)
    if not port:
        return
    try:
        metrics.serve(port)
    except OSError as error:
        say(f"warning: port {port} for the numbers of the pod cannot be opened: {error.strerror}")


def _handler(text: Callable[[], str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            if self.path != "/metrics":
                self.send_error(404)
                return
            body = text().encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass  # a line for each scrape would be most of the log

    return Handler
