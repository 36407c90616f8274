"""The real engine with the real plugin of Kubernetes, as `make up` finds them: built where they are not installed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.contract import Platform
from deploy.find import Engine
from deploy.kube import Kube
from devcluster.cluster import Cluster
from tests.cluster.conftest import cluster_for, own_cache
from tests.engine import engines

__all__ = ["cluster_for", "own_cache"]

HERE = Path(__file__).parent


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
    engine: Engine


@pytest.fixture(scope="session")
def world(own_cache: Path, cluster_for: Callable[[Platform], Cluster]) -> World:
    """The session's devcluster of platform private with the engine. State and passphrase are in `own_cache`."""
    cluster = cluster_for(Platform.PRIVATE)
    return World(cluster, engines.kube(cluster), engines.found())
