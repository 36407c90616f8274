"""The URN of everything that an example stack makes: type, name and parents, as the engine knows the living resource.

A URN that changes makes the engine delete the old resource and make a new one, unless an alias says that they are the
same. So a difference here is never renewed without one: see "A URN that changes" in docs/ARCHITECTURE.md.
After a wanted addition: `KOTAEMON_RENEW_GOLDEN=1 python -m pytest tests/unit/plan/test_urns_golden.py`.
"""

import os
import re
from pathlib import Path

import pytest

from tests.unit.plan.plans import STACKS, run

FOLDER = Path(__file__).parent / "golden" / "urns"
STACK_AND_PROJECT = re.compile(r"^urn:pulumi:[^:]+::[^:]+::")


def urns(name: str) -> str:
    """One line a resource: the types of its parents and its own, joined by $, then its name."""
    found = sorted(STACK_AND_PROJECT.sub("", registration.urn) for registration in run(name).registrations)
    return "\n".join(found) + "\n"


@pytest.mark.parametrize("name", STACKS)
def test_no_living_resource_gets_another_urn(name: str) -> None:
    path = FOLDER / f"{name}.txt"
    if os.environ.get("KOTAEMON_RENEW_GOLDEN"):
        path.write_text(urns(name))
    assert urns(name) == path.read_text(), "see the docstring of this file before you renew it"


def test_no_golden_urns_are_left_over() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == STACKS
