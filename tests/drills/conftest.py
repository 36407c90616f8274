"""Clusters for the drills' tests: one of platform private in a session, in a cache folder of its own."""

from collections.abc import Generator
from pathlib import Path

import pytest

from components.contract import Platform
from devcluster.cluster import Cluster
from drills.program import own_cache


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the devcluster."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def cache() -> Generator[Path]:
    """A cache folder of the session's own."""
    with own_cache() as folder:
        yield folder


@pytest.fixture(scope="session")
def cluster(cache: Path) -> Generator[Cluster]:
    """A running cluster; it ends with the session, however that ends."""
    made = Cluster("drill-tests", Platform.PRIVATE)
    made.start(keep=False)
    yield made
    made.stop()
