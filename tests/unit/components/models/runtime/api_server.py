"""A stand-in of the API server for one Deployment, its pods, one DaemonSet and one ConfigMap. tests/cluster has the real one."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANNOTATION = "kotaemon.dev/models-version"


class ApiServer:
    """Rolls out at once. A version in `broken` never becomes ready; one in `refusing` has a pod that ends with 78."""

    def __init__(self) -> None:
        self.version, self.generation = "", 1
        self.record: dict[str, str] = {"phase": "none"}
        self.broken: set[str] = set()
        self.refusing: set[str] = set()
        self.rolled: list[str] = []
        self.ahead: list[tuple[str, str]] = []
        """What the DaemonSet was asked to copy, each with the version that the pods had at that time."""
        self.node = ""
        """Node of the pods of the application."""
        self.cold = 0
        """Nodes, of 3, that never have what they were asked for."""
        self.stale = 0
        """So many answers are of the generation before."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(outer.get(self.path))

            def do_PATCH(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.headers["Authorization"] == "Bearer the-token"
                assert "fieldManager=kotaemon-models" in self.path
                self._answer(outer.patch(self.path, body))

            def _answer(self, body: Any) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, format: str, *args: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()

    def get(self, path: str) -> Any:
        if "/pods" in path:
            return {"items": self.pods()}
        if "/daemonsets/" in path:
            return self.daemon_set()
        return {"data": self.record} if "/configmaps/" in path else self.deployment()

    def patch(self, path: str, body: Any) -> Any:
        if "/configmaps/" in path:
            self.record |= body["data"]
            return {}
        (version,) = body["spec"]["template"]["metadata"]["annotations"].values()
        if "/daemonsets/prefetch" in path:
            self.ahead.append((version, self.version))
            self.stale = 2
        else:
            if version != self.version:
                self.version, self.generation = version, self.generation + 1
                self.rolled.append(version)
                self.stale = 2
        return {}

    def deployment(self) -> Any:
        self.stale = max(0, self.stale - 1)
        ready = 0 if self.version in self.broken | self.refusing else 2
        return {
            "metadata": {"generation": self.generation},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": "kotaemon"}},
                "template": {"metadata": {"annotations": {ANNOTATION: self.version}}},
            },
            "status": {
                "observedGeneration": self.generation - bool(self.stale),
                "updatedReplicas": ready,
                "availableReplicas": ready,
                "replicas": ready,
            },
        }

    def daemon_set(self) -> Any:
        self.stale = max(0, self.stale - 1)
        return {
            "metadata": {"generation": 2},
            "status": {
                "observedGeneration": 2 - bool(self.stale),
                "desiredNumberScheduled": 3,
                "updatedNumberScheduled": 3,
                "numberReady": 3 - self.cold,
            },
        }

    def pods(self) -> Any:
        metadata = {"name": "pod-1", "annotations": {ANNOTATION: self.version}}
        pod: dict[str, Any] = {"metadata": metadata, "spec": {"nodeName": self.node}, "status": {}}
        if self.version in self.refusing:
            ended = {"terminated": {"exitCode": 78, "message": "models: version is corrupt"}}
            pod["status"] = {"initContainerStatuses": [{"name": "fill-models", "state": {}, "lastState": ended}]}
        return [pod]
