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
"""Hash of the contents of runtime files in the name of an object. It changes with every edit of such a file."""


def text(name: str) -> str:
    """The terminal view, without what changes with every edit."""
    out = io.StringIO()
    # Hashes are replaced before the tables are made: a folded name would hide them afterwards.
    shown = Plan.model_validate_json(HASH.sub("-########", plan(name).text))
    terminal.show(shown, Console(file=out, width=terminal.WIDTH, highlight=False))
    lines = (line.replace("-########", "-(hash)").rstrip() for line in out.getvalue().splitlines())
    return "\n".join(line for line in lines if line) + "\n"


@pytest.mark.parametrize("name", STACKS)
def test_the_plan_is_as_reviewed(name: str) -> None:
    path = FOLDER / f"{name}.txt"
    found = text(name)
    if os.environ.get("KOTAEMON_RENEW_GOLDEN"):
        path.write_text(found)
    assert found == path.read_text(), "see the docstring of this file for the command that renews it"


def test_no_golden_plan_is_left_over() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == STACKS
