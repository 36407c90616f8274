"""A folder of uid 1001 for each test."""

from collections.abc import Iterator

import pytest

from tests.unit.components.models.runtime.pods import Place, place


@pytest.fixture
def pod() -> Iterator[Place]:
    with place() as found:
        yield found
