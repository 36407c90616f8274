"""Programs in other languages and the policy pack on the real engine. What cannot run here says so in one line."""

from pathlib import Path

import pytest

from tests.cluster.conftest import cluster_for, own_cache
from tests.languages.table import RUN_HERE

__all__ = ["cluster_for", "own_cache"]

HERE = Path(__file__).parent
if not RUN_HERE:
    collect_ignore = ["test_examples.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the devcluster, and minutes."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)
