"""Everything that the profile `scaled` needs, and its pods: PostgreSQL, a vector server, the front.

The pod is the one that Pulumi.private-scaled.yaml renders. The file claim is one local folder, not NFS.
"""

import json
import os
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.application import stores
from tests.application.image import Image
from tests.application.network import GATEWAY
from tests.application.pod import Node, Pod
from tests.application.rendered import Rendered, render
from tests.application.stores import Front, Postgres

STACK = Path(__file__).parents[2] / "Pulumi.private-scaled.yaml"
FRONT_PORT = 8080
PASSWORD = "a-password-1"
DRIVER = "KOTAEMON_TEST_DRIVER"
"""Names a folder with psycopg2 for the copy's Python: what the init container install-driver would download."""
ENDPOINT = {"cidr": "10.77.0.0/24"}
START_SECONDS = 600
"""For one pod; a second one waits for the first one's start lock, and everything shares two cores with others."""


class Vectors(Protocol):
    """A vector server: how the stack file says it, and what the pod is given besides."""

    settings: dict[str, Any]

    def given(self, rendered: Rendered, node: Node) -> None: ...

    def remove(self) -> None: ...


class House:
    """The stores, the front and the pods."""

    def __init__(self, node: Node, pods: list[Pod], vectors: Vectors) -> None:
        self.node, self._pods, self.vectors = node, pods, vectors
        self._letters = iter("abcdefghijklmnopqrstuvwxyz")
        node.preinstalled["driver"] = Path(os.environ[DRIVER])
        self.postgres = Postgres(node.network, node.folder)
        self.front = Front(node.network, node.folder, GATEWAY, FRONT_PORT)
        database = {"kind": "external", "secretName": "stores", "secretKey": "database",
                    "endpoint": ENDPOINT | {"port": stores.DATABASE_PORT}}  # fmt: skip
        self._rendered = render(
            node.folder / "stack",
            STACK,
            env={"OPENAI_API_BASE": "http://models.test:8000/v1"},
            stores={"database": database, "vectorStore": vectors.settings},
        )
        self._rendered.secrets["stores"] = {"database": self.postgres.url}
        vectors.given(self._rendered, node)

    def begin(self, image: Image | None = None) -> Pod:
        """Start a pod (of another image); it may still have to wait for the start lock."""
        secret = {"KH_FEATURE_USER_MANAGEMENT_PASSWORD": PASSWORD, "OPENAI_API_KEY": "sk-test"}
        name = f"pod-{next(self._letters)}"
        pod = Pod(self.node, name, self._rendered, image=image, **secret, KS_HOUSEKEEPING_SECONDS="10")
        self._pods.append(pod)
        return pod.start()

    def ready(self, pod: Pod) -> float:
        """Wait until a pod serves; returns the seconds since its start."""
        seconds = pod.serving(START_SECONDS)
        pod.until("To create a public link")
        return seconds

    @property
    def alive(self) -> list[Pod]:
        return [pod for pod in self._pods if pod.alive]

    def grow(self, count: int, image: Image | None = None) -> list[Pod]:
        """Have so many pods behind the front: those that are missing are started at the same moment."""
        new = [self.begin(image) for _ in range(count - len(self.alive))]
        for pod in new:
            print(f"\n{pod.name} listens after {self.ready(pod):.0f} s")
        self.front.serve(*(pod.address for pod in self.alive))
        return self.alive

    def end(self, pod: Pod) -> tuple[int, float]:
        """As the end of a pod by a rollout: no new requests, SIGTERM, the grace period; exit code and seconds."""
        self.front.serve(*(other.address for other in self.alive if other is not pod))
        return pod.stop()

    def files(self) -> set[str]:
        """What is in the table of files."""
        return set(self.postgres.sql("kotaemon", "SELECT name FROM index__1__source").splitlines())

    def turns(self) -> dict[str, str]:
        """Question -> stored answer, of all conversations."""
        rows = self.postgres.sql("kotaemon", "SELECT data_source FROM conversation").splitlines()
        messages = [turn for row in rows for turn in json.loads(row).get("messages", [])]
        return {question: answer or "" for question, answer in messages}

    def close(self) -> None:
        for pod in self.alive:
            pod.kill()
        self.front.stop()
        self.postgres.remove()
        self.vectors.remove()


def skip_without_stores() -> None:
    """Skip where the stores of the profile `scaled` cannot be had."""
    if reason := stores.why_not():
        pytest.skip(f"not run: {reason}")
    if not os.environ.get(DRIVER):
        pytest.skip(f"not run: {DRIVER} names no folder with psycopg2 for the copy's Python")
