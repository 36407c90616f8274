"""Plans of the example stacks, each made once for all tests."""

from functools import cache

from plan import collect, stack_file
from plan.document import Plan
from plan.recorder import Run

STACKS = sorted(path.name.split(".")[1] for path in stack_file.ROOT.glob("Pulumi.*.yaml"))


@cache
def plan(name: str) -> Plan:
    """The plan of an example stack."""
    return collect.make(stack_file.read(name))


@cache
def run(name: str) -> Run:
    """The recorded preview of an example stack."""
    return collect.preview(stack_file.read(name))
