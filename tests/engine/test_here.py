"""Whether the engine is here at all: the one line that is printed where it is not."""

import shutil

import pytest


@pytest.mark.skipif(shutil.which("pulumi") is None, reason="real engine: not run: pulumi is not on PATH")
def test_the_engine_is_here(world: object) -> None:
    assert world is not None
