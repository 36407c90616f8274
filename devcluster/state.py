"""What a cluster keeps of itself between starts: the platform it was made for and its port."""

import json
import socket
from pathlib import Path
from typing import TypedDict

from components.contract import Platform
from devcluster.credentials import write_private

READY = "ready"
"""File in a cluster's folder that is there from the moment everything is up until the supervisor begins to stop."""

_FILE = "cluster.json"


class State(TypedDict):
    """Content of `cluster.json`."""

    platform: str
    port: int


def load(directory: Path) -> State | None:
    """The state of the cluster in `directory`; None before its first start."""
    path = directory / _FILE
    return json.loads(path.read_text()) if path.exists() else None


def save(directory: Path, state: State) -> None:
    """Write the state."""
    write_private(directory / _FILE, json.dumps(state) + "\n")


def platform_of(directory: Path) -> Platform | None:
    """The platform that the cluster in `directory` was made for; None before its first start."""
    state = load(directory)
    return Platform(state["platform"]) if state else None


def choose_port(wanted: int | None) -> int:
    """`wanted` when it is free on loopback, else any free one. A kept port keeps a copied kubeconfig valid."""
    for port in (wanted, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            # As the API server binds: connections of the last run in TIME_WAIT do not matter.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise OSError("no free port on 127.0.0.1")
