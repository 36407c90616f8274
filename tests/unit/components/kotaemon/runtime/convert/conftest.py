"""Fixtures of the converters' tests."""

from pathlib import Path

import pytest

from tests.unit.components.kotaemon.runtime.convert.volume import Volume
from tests.unit.components.kotaemon.runtime.test_ks_locks import postgres

__all__ = ["postgres"]


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    return Volume(tmp_path / "volume")
