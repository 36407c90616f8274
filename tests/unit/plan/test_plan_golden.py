"""The plan of every example stack as people see it, reviewed as text.

After a wanted change: `KOTAEMON_RENEW_GOLDEN=1 python -m pytest tests/unit/plan/test_plan_golden.py`, and read the diff.
"""

import io
import os
import re
from pathlib import Path

import pytest
from rich.console import Console

from plan import terminal
from plan.document import Plan
from tests.unit.plan.plans import STACKS, plan

FOLDER = Path(__file__).parent / "golden"
HASH = re.compile(r"-[0-9a-f]{8}\b")
"""Of the contents of runtime files: it changes with every edit of one."""


def text(name: str) -> str:
    """The terminal view, without what changes with every edit."""
    out = io.StringIO()
    terminal.show(without_hashes(plan(name)), Console(file=out, width=terminal.WIDTH, highlight=False))
    lines = (line.rstrip() for line in out.getvalue().splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def without_hashes(made: Plan) -> Plan:
    """Before the tables are folded: a hash that is folded in the middle could not be found any more."""
    objects = [r.model_copy(update={"object": HASH.sub("-(hash)", r.object)}) for r in made.resources]
    return made.model_copy(update={"resources": objects})


@pytest.mark.parametrize("name", STACKS)
def test_the_plan_is_as_reviewed(name: str) -> None:
    path = FOLDER / f"{name}.txt"
    found = text(name)
    if os.environ.get("KOTAEMON_RENEW_GOLDEN"):
        path.write_text(found)
    assert found == path.read_text(), "see the docstring of this file for the command that renews it"


def test_no_golden_plan_is_left_over() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == STACKS
