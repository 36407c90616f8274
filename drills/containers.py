"""The application's pods on real nodes: containers that are asked at their own addresses in the cluster's network."""

import contextlib
import http.client
import json
import os
import socket
import threading
from pathlib import Path

from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from deploy import readings
from deploy.kube import Kube, Manifest
from devcluster.real import machines, namespace

PORT = 7860
ANSWER_SECONDS = 5.0
"""As long as a session waits for an answer of a process (deploy/stand_in/pod_process.py)."""


class Container:
    """The application's container of one pod."""

    def __init__(self, network: int, pod: Manifest) -> None:
        """`network`: descriptor of the cluster's network, which must stay open."""
        self.name: str = pod["metadata"]["name"]
        self.node: str = pod["spec"]["nodeName"]
        self._network, self._address = network, str(pod["status"]["podIP"])

    def save(self, number: int) -> bool:
        """Save one turn. Returns whether it was acknowledged."""
        return self._ask("POST", f"/turns/{number}") is not None

    def turns(self) -> list[int] | None:
        """Numbers of the turns that the container shows. None when it does not answer."""
        answer = self._ask("GET", "/turns")
        return None if answer is None else json.loads(answer)

    def _ask(self, method: str, path: str) -> bytes | None:
        connection = http.client.HTTPConnection(self._address, PORT, timeout=ANSWER_SECONDS)
        with namespace.inside(self._network):
            made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            made.settimeout(ANSWER_SECONDS)
            made.connect((self._address, PORT))
            connection.sock = made
            connection.request(method, path)
            answer = connection.getresponse()
            body = answer.read()
            return body if answer.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            made.close()


class Containers:
    """Those that are Ready, as far as is known: while the API server is away, those of the last look."""

    def __init__(self, kube: Kube, namespace: str, cluster: Path) -> None:
        self._kube, self._namespace = kube, namespace
        self._network = machines.open_network(cluster)
        self._lock = threading.Lock()
        self._ready: dict[str, Container] = {}

    def follow(self) -> None:
        """Look which pods are Ready."""
        with contextlib.suppress(HTTPError, ApiException):
            pods = [p for p in readings.live_pods(self._kube, self._namespace) if readings.is_ready(p)]
            with self._lock:
                self._ready = {
                    p["metadata"]["uid"]: self._ready.get(p["metadata"]["uid"]) or Container(self._network, p)
                    for p in pods
                }

    def serving(self) -> list[Container]:
        """The containers of the pods that are Ready."""
        with self._lock:
            return list(self._ready.values())

    def outputs(self) -> str:
        """Which pods there are, for people: their output is in the nodes' logs."""
        return ", ".join(f"{c.name} on {c.node}" for c in self.serving()) or "no pod is ready"

    def close(self) -> None:
        """Let go of the cluster's network. The containers are the kubelets' to end."""
        os.close(self._network)

    def lose_node(self, node: str) -> None:
        """Nothing: its containers are lost with it."""

    def node_is_back(self, node: str) -> None:
        """Nothing: its kubelet starts them again."""
