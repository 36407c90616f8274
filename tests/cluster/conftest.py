"""Clusters for tests: at most one for each platform in a session, in a cache folder of their own."""

import contextlib
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from kubernetes.client import ApiClient

from components.contract import Platform
from devcluster import paths
from devcluster.cluster import Cluster


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the devcluster."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """A cache folder for this session's clusters. The programs are those of the user's cache: their build is long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KOTAEMON_BIN_CACHE", str(paths.bin_root()))
        cache = tmp_path_factory.mktemp("cache")
        patch.setenv("KOTAEMON_CACHE", str(cache))
        yield cache


@pytest.fixture(scope="session")
def cluster_for(own_cache: Path) -> Generator[Callable[[Platform], Cluster]]:
    """`cluster_for(Platform.AWS)` is a running cluster of that platform, started when first asked for.

    None is kept: should the test run be killed, the clusters end with it.
    """
    running: dict[Platform, Cluster] = {}
    with contextlib.ExitStack() as stack:

        def start(platform: Platform) -> Cluster:
            if platform not in running:
                cluster = Cluster(f"test-{platform.value}", platform)
                stack.callback(cluster.stop)
                cluster.start(keep=False)
                running[platform] = cluster
            return running[platform]

        yield start


@pytest.fixture(scope="session")
def cluster(cluster_for: Callable[[Platform], Cluster]) -> Cluster:
    """The session's cluster of platform private."""
    return cluster_for(Platform.PRIVATE)


@pytest.fixture(scope="session")
def api(cluster: Cluster) -> ApiClient:
    """A client of `cluster`."""
    return cluster.api()
