"""What a suggestion to save money means for storage that lives, by the rows beside the fields (stacks/effects.py)."""

import re
from typing import Any

from pydantic.alias_generators import to_snake

from estimate.levers import Lever
from stacks import kinds
from stacks.effects import UNDECLARED, Effect, Effects
from stacks.facts import Facts, facts
from stacks.names import claim_name
from stacks.planned import Planned

MEANS = {
    Effect.IN_PLACE: "in place",
    Effect.NEW_ONLY: "only for a new claim",
    Effect.LOSES_DATA: "a move: new, empty storage beside the old one",
}


def meaning(lever: Lever, planned: Planned) -> str:
    """What the change of a suggestion does to the claim or store that it is about."""
    known = facts(planned)
    rows, values = _subject(lever, planned, known)
    key, _, value = lever.change.partition(": ")
    after = {**values, key: None if value == "leave it out" else _value(value)}
    row = rows.get(to_snake(key), UNDECLARED).of(values, after)
    return MEANS[row.effect]


def _subject(lever: Lever, planned: Planned, known: Facts) -> tuple[Effects, dict[str, Any]]:
    for name, at in planned.contexts.items():
        if planned.claims[name]["name"] == lever.claim:
            return kinds.kind(at.chosen.kind).effects, known["claims"][name]
    place = next(name for name in planned.stores if lever.resource.startswith(f"{claim_name(name)}-"))
    return planned.stores[place].store.effects, known["stores"][place]


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch("[0-9]+", text) else text
