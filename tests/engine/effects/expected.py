"""What a change of a stack file does, by the rows beside its fields: what the engine is then held to."""

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from plan import collect, stack_file
from plan.document import Plan
from plan.stack_file import StackFile
from stacks import changes
from stacks.changes import Changed
from stacks.planned import Planned
from stacks.program import listening
from stacks.safety import RefusedByGuard
from tests.engine.effects.fields import STACKS, Case
from tests.engine.stack import change


@dataclass(frozen=True)
class Expected:
    """What a change does."""

    refused: bool
    returns: bool
    """Whether the way back is accepted as well: a size that has grown cannot shrink."""
    changed: list[Changed]
    """Every field that changes, with its row."""


def written(name: str, folder: Path, values: dict[str, Any] | None = None) -> StackFile:
    """The stack file of a stack with one change."""
    path = folder / f"Pulumi.{name}.yaml"
    config = {f"kotaemon:{key}": value for key, value in {"namespace": name, **STACKS[name].settings}.items()}
    path.write_text(yaml.safe_dump({"config": config}, sort_keys=False))
    change(path, values or {})
    return stack_file.read(name, folder)


@cache
def unchanged(name: str) -> Plan:
    """The plan of a stack as it stands."""
    with tempfile.TemporaryDirectory() as folder:
        return collect.make(written(name, Path(folder)))


def expected(case: Case, folder: Path) -> Expected:
    """What the rows and the memory say of a case, without an engine."""
    before = unchanged(case.stack)
    file = written(case.stack, folder, case.values)
    seen: list[Planned] = []
    try:
        with listening(seen.append):
            after = collect.make(file, before.memory)
    except RefusedByGuard:
        return Expected(True, False, [])
    found = changes.between(before.facts, after.facts)
    back = changes.refused(changes.between(after.facts, before.facts))
    return Expected(bool(changes.refused(found)), not back, found)
