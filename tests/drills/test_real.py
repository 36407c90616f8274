"""The drills on real nodes, in their short form, and what must turn them red."""

import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from devcluster.cluster import Cluster
from drills import real
from drills.results import Result, judged


@pytest.fixture(scope="module")
def on_real_nodes(cache: Path) -> Generator[Cluster]:
    """Six real nodes; skips where the machine cannot have them."""
    if reason := real.why_not():
        pytest.skip(f"NOT RUN on real nodes: {reason}")
    with real.cluster() as made:
        yield made


def drilled(cluster: Cluster, name: str, hold: float = real.SHORT_HOLD) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        result = real.run(cluster, name, Path(folder), hold)
    print(result.line)
    return result


BRIEF = ("lost-block", "parted-block", "drained-block", "api-away-block")
"""The others are long: each waits for the control plane's own limits. Their short forms are on simulated nodes."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in BRIEF else pytest.mark.long) for name in real.DRILLS]
)
def test_as_promised(on_real_nodes: Cluster, name: str) -> None:
    result = drilled(on_real_nodes, name)
    assert result.problems == []
    assert int(result.facts["turns"]) >= 8


@pytest.mark.long
def test_pods_serve_on_while_the_api_server_is_away_for_a_full_minute(on_real_nodes: Cluster) -> None:
    result = drilled(on_real_nodes, "api-away-block", real.FULL_HOLD)
    assert result.problems == []
    assert "API server away for 60 s" in result.name


def test_lost_turns_are_red() -> None:
    result = judged("any", {}, [], turns=9, lost={1, 2})
    assert result.problems == ["2 of 9 acknowledged turns are lost"]
