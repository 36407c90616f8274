"""Stops a run in which a protected resource would leave the program.

The engine refuses that as well, after it has begun with the rest, and in words that name no way. What was protected
stands in the memory; what this run registers is known from the rehearsal, or in a plan from what it has recorded.
"""

from collections.abc import Collection, Iterable

from guard.twice import Described
from stacks.safety import RefusedByGuard
from stacks.settings.load import stack_file


def names(found: Iterable[Described]) -> tuple[str, ...]:
    """Type and name of every protected resource, as the memory keeps them."""
    return tuple(sorted(_name(one.type, one.name) for one in found if one.protect))


def refuse(before: Collection[str], found: Iterable[Described], stack: str) -> None:
    """Raise RefusedByGuard when one of these is not registered any more. `before`: what the memory has."""
    there = {_name(one.type, name) for one in found for name in (one.name, *one.earlier)}
    if gone := sorted(set(before) - there):
        lines = "\n".join(f"  - {name}" for name in gone)
        raise RefusedByGuard(
            f"{stack_file(stack)}: these would leave the stack, and the engine, which protects them, would refuse only "
            f"after it has begun; nothing was changed:\n{lines}\n  Put back what the stack file said. If they are to "
            "go: write `kotaemon:protect: false` beside it and run `up`, which only ends the protection; then change "
            "it and run `up`; then take the line out and run `up`. Nothing is deleted by that: the engine forgets "
            "them, and they stay where they are"
        )


def _name(type_: str, name: str) -> str:
    return f"{type_.rpartition(':')[2]} {name}"
