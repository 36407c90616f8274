"""The real engine: these tests run where `pulumi` is on PATH. Elsewhere one skipped test says so."""

import io
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pulumi import automation as auto
from rich.console import Console

from components.contract import Platform
from devcluster.cluster import Cluster
from drills.program import own_cache
from runner import engine
from runner.kube import Kube

HERE = Path(__file__).parent
if shutil.which("pulumi") is None:
    collect_ignore = ["test_stack_life.py", "clouds"]


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
def cache() -> Generator[Path]:
    """A cache folder of the session's own: state, passphrase and clusters are in it."""
    with own_cache() as folder:
        yield folder


@pytest.fixture(scope="session")
def world(cache: Path) -> Generator[World]:
    """A devcluster of platform private with the engine; it ends with the session."""
    road = engine.choose(cache / "no-road")
    assert road.command is not None, road.line
    cluster = Cluster("engine", Platform.PRIVATE)
    cluster.start(keep=False)
    yield World(cluster, Kube(cluster.api(), cluster.directory / "discovery.json"), road.command, io.StringIO())
    cluster.stop()
