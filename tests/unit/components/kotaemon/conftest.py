"""Fixtures of the runtime files' tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    for pod in made.pods:
        if pod.process and pod.process.poll() is None:
            pod.process.kill()
            pod.process.wait()
