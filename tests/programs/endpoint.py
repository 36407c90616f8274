"""An OTLP endpoint over HTTP and JSON that remembers what it was sent, and can be away, refuse or be slow."""

import gzip
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Record:
    """One log record as it arrived."""

    pod: str
    body: str
    attributes: dict[str, Any] = field(hash=False)

    @property
    def uid(self) -> str:
        """The record's own name: one that comes again under it is the same record."""
        return str(self.attributes["log.record.uid"])


class Endpoint:
    """`status`: what it answers; 200 keeps the records. `headers`: those of the last request."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.status = 200
        self.refuse_once = ""
        """A text; the first batch with it is answered with 400, as one that cannot be read."""
        self.refused: list[Record] = []
        self.headers: dict[str, str] = {}
        self._server: ThreadingHTTPServer | None = None
        self.port = 0

    def __enter__(self) -> "Endpoint":
        self.come()
        return self

    def __exit__(self, *_: object) -> None:
        self.go()

    def come(self) -> None:
        """Listen; after `go` on the same port."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def go(self) -> None:
        """Be away: connections are refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def take(self, request: dict[str, Any]) -> int:
        """Keep the records of a request, or not; returns the status."""
        found = list(_records(request))
        if self.status != 200:
            return self.status
        if self.refuse_once and any(self.refuse_once in record.body for record in found):
            self.refuse_once = ""
            self.refused += found
            return 400
        self.records += found
        return 200

    @property
    def once(self) -> list[Record]:
        """The records without those that came again, in the order in which they came first."""
        return list({record.uid: record for record in reversed(self.records)}.values())[::-1]

    @property
    def repeated(self) -> int:
        """How many records came again."""
        return len(self.records) - len(self.once)

    def bodies(self, pod: str) -> list[str]:
        """The lines of one pod, each once."""
        return [record.body for record in self.once if record.pod == pod]


def _records(request: dict[str, Any]) -> Any:
    for resource in request["resourceLogs"]:
        pod = _attributes(resource["resource"])["k8s.pod.name"]
        for scope in resource["scopeLogs"]:
            for record in scope["logRecords"]:
                yield Record(pod, record["body"]["stringValue"], _attributes(record))


def _attributes(of: dict[str, Any]) -> dict[str, Any]:
    return {pair["key"]: next(iter(pair["value"].values())) for pair in of.get("attributes", [])}


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            endpoint.headers = dict(self.headers)
            status = endpoint.take(json.loads(body)) if self.path == "/v1/logs" else 404
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
