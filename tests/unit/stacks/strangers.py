"""What a stack would do with a changed stack file, by what its last run remembers: the program without an engine."""

import tempfile
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import yaml

from plan import collect, stack_file
from plan.recorder import Run, run_program
from stacks import memory, protected
from stacks.facts import facts
from stacks.planned import Planned
from stacks.program import listening
from stacks.safety import RefusedByGuard
from stacks.settings.load import SettingsError
from tests.engine.effects.fields import STACKS
from tests.engine.stack import change

Document = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What became of a changed stack file."""

    refused: str
    """The message of the refusal; empty: it is accepted."""
    unprotected: tuple[str, ...] = ()
    """Protected resources that leave the program: the engine refuses that, after it has begun."""
    left: tuple[str, ...] = ()
    """Roles and stores that stand elsewhere than before."""


def document(stack: str) -> Document:
    """The stack file of an example, or of one of the stacks on which fields are changed."""
    if stack not in STACKS:
        return yaml.safe_load((stack_file.ROOT / f"Pulumi.{stack}.yaml").read_text())
    ours = {"namespace": stack, **deepcopy(STACKS[stack].settings)}
    return {"config": {f"kotaemon:{key}": value for key, value in ours.items()}}


def outcome(stack: str, before: Document, after: Document, ids: Mapping[str, str] | None = None) -> Outcome:
    """What happens to a stack that runs by the stack file `before` when it says `after`. `ids`: section -> real id."""
    first, planned = _remembered(stack, yaml.safe_dump(before))
    kept = protected.names(collect.described_of(first))
    told = memory.to_plain(replace(memory.now(planned), protected=kept))
    for place in (*told["known"].values(), *(data["at"] for data in told["data"].values())):
        place["id"] = (ids or {}).get(place["key"], place["id"])
    try:
        last, wanted = _run(stack, after, {memory.OUTPUT: told, "facts": facts(planned)})
        protected.refuse(kept, collect.described_of(last), stack)
    except (RefusedByGuard, SettingsError, pulumi.RunError) as error:
        return Outcome(str(error))
    there = {r.urn for r in last.registrations}
    now = memory.to_plain(memory.now(wanted))["data"]
    return Outcome(
        "",
        tuple(r.name for r in first.registrations if r.protect and r.urn not in there),
        tuple(name for name, data in told["data"].items() if not _same(data["at"], now[name]["at"])),
    )


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one["id"] == other["id"] if one["id"] and other["id"] else one["words"] == other["words"]


def changed(of: Document, values: Mapping[str, Any]) -> Document:
    """The stack file with changes: path with dots -> value; None removes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Pulumi.x.yaml"
        path.write_text(yaml.safe_dump(of, sort_keys=False))
        change(path, dict(values))
        return yaml.safe_load(path.read_text())


@cache
def _remembered(stack: str, text: str) -> tuple[Run, Planned]:
    return _run(stack, yaml.safe_load(text), {})


def _run(stack: str, of: Document, earlier: Mapping[str, Any]) -> tuple[Run, Planned]:
    seen: list[Planned] = []
    with tempfile.TemporaryDirectory() as folder, listening(seen.append):
        path = Path(folder) / f"Pulumi.{stack}.yaml"
        path.write_text(yaml.safe_dump(of, sort_keys=False))
        file = stack_file.read(stack, Path(folder))
        run = run_program(
            file.program,
            project=file.project,
            stack=stack,
            preview=True,
            config=file.config,
            secret_keys=file.secret_keys,
            earlier=earlier,
        )
    return run, seen[-1]
