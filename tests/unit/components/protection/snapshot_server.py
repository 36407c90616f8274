"""A stand-in of the API server with VolumeSnapshots and claims. tests/cluster has the real one."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote


class SnapshotServer:
    """Holds objects by path. A snapshot gets ready when it is read `slow` times; never when `slow` is negative."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}
        self.slow, self._reads, self._clock = 1, 0, 0
        self.changed: list[tuple[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(outer.get(unquote(self.path)))

            def do_POST(self) -> None:
                self._answer(outer.post(self.path, self._body()))

            def do_PATCH(self) -> None:
                assert self.headers["Content-Type"] == "application/merge-patch+json"
                self._answer(outer.patch(self.path, self._body()))

            def do_DELETE(self) -> None:
                outer.changed.append(("DELETE", self.path))
                self._answer(outer.objects.pop(self.path, None))

            def _body(self) -> Any:
                assert self.headers["Authorization"] == "Bearer the-token"
                return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, body: Any) -> None:
                self.send_response(404 if body is None else 200)
                self.end_headers()
                self.wfile.write(json.dumps(body or {}).encode())

            def log_message(self, format: str, *args: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()

    def get(self, path: str) -> Any:
        if "?labelSelector=" in path:
            folder, _, wanted = path.partition("?labelSelector=")
            key, _, value = wanted.partition("=")
            held = [one for at, one in self.objects.items() if at.startswith(f"{folder}/")]
            return {"items": [one for one in held if one["metadata"].get("labels", {}).get(key) == value]}
        found = self.objects.get(path)
        if found is not None and "/volumesnapshots/" in path:
            self._reads += 1
            if 0 <= self.slow <= self._reads:
                found["status"] = {"readyToUse": True, "boundVolumeSnapshotContentName": f"content-{path[-6:]}"}
        return found

    def post(self, path: str, body: Any) -> Any:
        self._clock += 1
        body["metadata"]["creationTimestamp"] = f"2026-11-{self._clock:02d}T00:00:00Z"
        if f"{path}/{body['metadata']['name']}" in self.objects:
            body["metadata"]["name"] += f"-{self._clock}"  # two runs in one second, which no schedule has
        self.objects[f"{path}/{body['metadata']['name']}"] = body
        self._reads = 0
        self.changed.append(("POST", f"{path}/{body['metadata']['name']}"))
        return body

    def patch(self, path: str, body: Any) -> Any:
        self.changed.append(("PATCH", path))
        held = self.objects.setdefault(path, {"metadata": {}})
        for key, value in body.items():
            held[key] = {**held.get(key, {}), **value}
        return held
