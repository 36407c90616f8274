"""What the last run that ended well has made, compared with this run before anything is registered: the output `facts`.

The identity of storage is the memory's (stacks/memory.py); here it is every other field that storage cannot take.
"""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import Output

from stacks import changes
from stacks.facts import Facts, facts
from stacks.planned import Planned
from stacks.safety import RefusedByGuard
from stacks.settings.load import stack_file

OUTPUT = "facts"
"""Name of the stack output."""


def made(outputs: Mapping[str, Any]) -> Facts:
    """The facts of the last run that ended well. Empty on a first run, and after a release that wrote none."""
    found = outputs.get(OUTPUT)
    return found if isinstance(found, Mapping) else {}


def check(stack: Planned, before: Facts) -> None:
    """Refuse what the living storage cannot take, and say what only claims made later take. Raises RefusedByGuard."""
    found = changes.between(before, facts(stack)) if before else []
    if refused := changes.refused(found):
        lines = "\n".join(f"  - {line}" for line in refused)
        file = stack_file(pulumi.get_stack())
        raise RefusedByGuard(f"{file}: what lives cannot take these changes, and nothing was changed:\n{lines}")
    for line in changes.kept(found):
        pulumi.log.warn(line)


def claims(before: Facts) -> frozenset[str]:
    """Names of the claims that were there, with their folders, when the last run ended well."""
    return frozenset(before["claims"]) if before else frozenset()


def was_autoscaled(before: Facts) -> bool:
    """Whether the application had an autoscaler."""
    return bool(before) and before["settings"].get("autoscaler") is not None


def output(stack: Planned, ready: Output[Any]) -> Output[dict[str, Any]]:
    """The value of the output `facts`, once the workload is ready: a run that fails before keeps the earlier one."""
    found = facts(stack)
    return ready.apply(lambda _: found)
