"""A stand-in for a Qdrant server: the part of its HTTP API that the application's client uses, over qdrant-client's own
local mode. The real server is in no package registry.

Run with the application's Python, which has qdrant-client: qdrant_stand_in.py ADDRESS PORT FOLDER KEY_FILE. What is in
FOLDER survives a restart. Like the real server it wants the key, takes bodies of 32 MiB at most
(qdrant/qdrant, config.yaml: max_request_size_mb) and ids that are numbers or UUIDs. Other paths are 404.
"""

import http.server
import json
import sys
import threading
import uuid
from pathlib import Path
from typing import Any

from qdrant_client import models
from qdrant_client.local.qdrant_local import QdrantLocal

STORE = QdrantLocal(sys.argv[3], force_disable_check_same_thread=True)
KEY = Path(sys.argv[4]).read_text()
LOCK = threading.Lock()
LONGEST = 32 << 20


class Refused(Exception):
    """An answer of the real server that is no result."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def exists(name: str, _: Any) -> Any:
    return {"exists": STORE.collection_exists(name)}


def info(name: str, _: Any) -> Any:
    return STORE.get_collection(name)


def create(name: str, body: Any) -> Any:
    if STORE.collection_exists(name):
        raise Refused(409, f"Wrong input: Collection `{name}` already exists!")
    return STORE.create_collection(name, vectors_config=models.VectorParams(**body["vectors"]))


def drop(name: str, _: Any) -> Any:
    return STORE.delete_collection(name)


def index(_name: str, _: Any) -> Any:
    return done()  # it only makes searches faster


def upsert(name: str, body: Any) -> Any:
    points = [models.PointStruct(**point) for point in body["points"]]
    for point in points:
        try:
            uuid.UUID(str(point.id))
        except ValueError:
            if not isinstance(point.id, int):
                raise Refused(400, f"value {point.id} is not a valid point ID") from None
    STORE.upsert(name, points)
    return done()


def delete(name: str, body: Any) -> Any:
    selector = models.PointIdsList(**body) if "points" in body else models.FilterSelector(**body)
    STORE.delete(name, selector)
    return done()


def count(name: str, body: Any) -> Any:
    return STORE.count(name, count_filter=filter_of(body))


def search(name: str, body: Any) -> Any:
    return STORE.search(name, body["vector"], query_filter=filter_of(body), limit=body["limit"],
                        with_payload=body.get("with_payload", True), with_vectors=body.get("with_vector", False))  # fmt: skip


def done() -> Any:
    return {"operation_id": 0, "status": "completed"}


def filter_of(body: Any) -> models.Filter | None:
    return models.Filter(**body["filter"]) if body.get("filter") else None


PATHS = {
    ("GET", "exists"): exists,
    ("GET", ""): info,
    ("PUT", ""): create,
    ("DELETE", ""): drop,
    ("PUT", "index"): index,
    ("PUT", "points"): upsert,
    ("POST", "points/delete"): delete,
    ("POST", "points/count"): count,
    ("POST", "points/search"): search,
}


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        try:
            if self.headers.get("api-key") != KEY:
                raise Refused(401, "Must provide an API key or an Authorization bearer token")
            if length > LONGEST:
                raise Refused(413, f"Payload error: JSON payload ({length} bytes) is larger than allowed")
            root, _, rest = self.path.partition("?")[0].lstrip("/").partition("/")
            name, _, what = rest.partition("/")
            work = PATHS.get((self.command, what))
            if root != "collections" or not name or work is None:
                raise Refused(404, "not part of this stand-in")
            with LOCK:
                result = plain(work(name, json.loads(body or b"null")))
            self.say(200, {"result": result, "status": "ok", "time": 0.001})
        except Refused as refused:
            self.say(refused.status, {"status": {"error": str(refused)}, "time": 0.001})
        except ValueError as error:  # also "Collection not found", as the local mode says it
            self.say(404, {"status": {"error": str(error)}, "time": 0.001})

    do_GET = do_PUT = do_POST = do_DELETE = answer

    def say(self, status: int, value: Any) -> None:
        text = json.dumps(value).encode()
        print(status, self.command, self.path, flush=True)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """`say` does it."""


http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
