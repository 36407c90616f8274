"""What the last run has left for the components: whether the pods had a version of models."""

from typing import Any

import pytest

from stacks import earlier

FACTS = {"settings": {}, "claims": {}}


@pytest.mark.parametrize(
    ("outputs", "versioned"),
    [
        ({}, False),
        ({"facts": FACTS}, False),
        ({"facts": {**FACTS, earlier.VERSIONED: True}}, True),
        ({"facts": FACTS, "models": {"owner": "cluster", "version": "", "release": {"phase": "none"}}}, False),
        ({"facts": FACTS, "models": {"owner": "cluster", "version": "v1", "release": {"phase": "released"}}}, True),
        ({"facts": FACTS, "models": {"owner": "none", "version": "", "release": {}}}, False),
    ],
)
def test_whether_the_pods_had_a_version(outputs: dict[str, Any], versioned: bool) -> None:
    """A release that was made before the facts said so counts: the version is the cluster's."""
    assert earlier.lived(outputs).versioned is versioned
