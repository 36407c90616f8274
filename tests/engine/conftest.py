"""The real engine: these tests run where `pulumi` is on PATH. Elsewhere one skipped test says so."""

import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pulumi import automation as auto
from rich.console import Console

from components.contract import Platform
from deploy import engine
from deploy.kube import Kube
from devcluster.cluster import Cluster
from tests.cluster.conftest import cluster_for, own_cache

__all__ = ["cluster_for", "own_cache"]

HERE = Path(__file__).parent
if shutil.which("pulumi") is None:
    collect_ignore = ["test_stack_life.py", "examples/test_examples.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the devcluster, and minutes."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@dataclass
class World:
    """A devcluster, and the engine with a state of its own."""

    cluster: Cluster
    kube: Kube
    command: auto.PulumiCommand
    said: io.StringIO

    @property
    def console(self) -> Console:
        """Where the engine road prints; `said` has it."""
        return Console(file=self.said, width=200)

    def heard(self) -> list[str]:
        """What was printed since the last call."""
        lines = self.said.getvalue().splitlines()
        self.said.seek(0)
        self.said.truncate()
        return lines


@pytest.fixture(scope="session")
def world(own_cache: Path, cluster_for: Callable[[Platform], Cluster]) -> World:
    """The session's devcluster of platform private with the engine. State and passphrase are in `own_cache`."""
    road = engine.choose(own_cache / "no-road")
    assert road.command is not None, road.line
    cluster = cluster_for(Platform.PRIVATE)
    return World(cluster, Kube(cluster.api(), cluster.directory / "discovery.json"), road.command, io.StringIO())
