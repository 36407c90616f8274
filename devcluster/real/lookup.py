"""Reads Services and their endpoints from the API server, for the relay and the name server.

Not with the official client: it takes 60 MiB of memory in a process that needs two GET requests.
"""

import contextlib
import http.client
import json
import ssl
import threading
import time
from pathlib import Path
from typing import Any

from devcluster import credentials

CACHE_SECONDS = 1.0
"""How old an answer may be. A new pod is found a second later."""


class Lookup:
    """Objects by name. Used from several threads."""

    def __init__(self, cluster: Path, port: int) -> None:
        self._cluster, self._port = cluster, port
        self._known: dict[str, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def service(self, namespace: str, name: str) -> dict[str, Any] | None:
        """The Service; None when there is none, or no API server."""
        return self._get(f"/api/v1/namespaces/{namespace}/services/{name}")

    def endpoints(self, namespace: str, service: str) -> list[tuple[str, str, int]]:
        """Host name (or ""), address and first port of each ready endpoint of the Service."""
        query = f"?labelSelector=kubernetes.io%2Fservice-name%3D{service}"
        listed = self._get(f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices{query}") or {}
        return [
            (endpoint.get("hostname", ""), address, ports[0])
            for piece in listed.get("items", [])
            if (ports := [port["port"] for port in piece.get("ports") or []] or [0])
            for endpoint in piece.get("endpoints") or []
            if endpoint.get("conditions", {}).get("ready", True)
            for address in endpoint["addresses"]
        ]

    def _get(self, path: str) -> Any:
        with self._lock:
            when, found = self._known.get(path, (0.0, None))
            if time.monotonic() - when > CACHE_SECONDS:
                # While the API server is away, pods serve on: what was known of them holds, as kube-proxy has it.
                with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                    found = self._ask(path)
                self._known[path] = (time.monotonic(), found)
            return found

    def _ask(self, path: str) -> Any:
        """The object; None: there is none, or the server refuses. Raises what a server that is away raises."""
        context = ssl.create_default_context(cafile=str(self._cluster / credentials.CERTIFICATE))
        # The file holds this one server's own certificate: there is no other name to mistake it for.
        context.check_hostname = False
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=3, context=context)
        try:
            token = credentials.ensure_token(self._cluster)
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            if answer.status >= 500:
                raise OSError(f"the API server answers {answer.status}")
            return json.loads(answer.read()) if answer.status == 200 else None
        finally:
            connection.close()
