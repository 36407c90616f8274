"""Plans of the example stacks, each made once for all tests."""

from functools import cache
from typing import Any

from runner import planning, stack
from runner.record import Run, run_program

STACKS = sorted(path.name.split(".")[1] for path in stack.ROOT.glob("Pulumi.*.yaml"))


@cache
def plan(name: str) -> dict[str, Any]:
    """The plan of an example stack. Do not change it."""
    return planning.make(stack.read(name))


@cache
def run(name: str) -> Run:
    """The recorded preview of an example stack."""
    file = stack.read(name)
    return run_program(file.program, stack=name, preview=True, config=file.config, secret_keys=file.secret_keys)
