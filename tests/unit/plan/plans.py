"""Plans of the example stacks, each made once for all tests."""

from functools import cache
from typing import Any

from runner import planning, stack
from runner.record import Run

STACKS = sorted(path.name.split(".")[1] for path in stack.ROOT.glob("Pulumi.*.yaml"))


@cache
def plan(name: str) -> dict[str, Any]:
    """The plan of an example stack. Do not change it."""
    return planning.make(stack.read(name))


@cache
def run(name: str) -> Run:
    """The recorded preview of an example stack."""
    return planning.preview(stack.read(name))
