"""How a rule of the stand-ins for the clouds looks: what is asked, what is there, and why it is refused."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a stand-in is asked to make or change, beside what is there."""

    inputs: Values
    there: Sequence[tuple[str, str, Values]]
    """Type, id and inputs of all that is there, without itself."""

    def of(self, type_: str) -> list[tuple[str, Values]]:
        """Ids and inputs of a type."""
        return [(id_, inputs) for kind, id_, inputs in self.there if kind == type_]

    def one(self, type_: str, id_: Any) -> Values:
        """Inputs of what has the id; empty: it was made elsewhere, and nothing is known of it."""
        return next((inputs for kind, of, inputs in self.there if (kind, of) == (type_, id_)), {})


@dataclass(frozen=True)
class Rule:
    """One refusal of a cloud."""

    type: str
    source: str
    refused: Callable[[Asked], str]
    """Why it is refused. Empty: it is not."""


def zone(network: Any) -> str:
    """Zone of a subnet or vSwitch."""
    return str(network)[-1:]


def matching(key: str, pattern: str, error: str) -> Callable[[Asked], str]:
    def refused_value(asked: Asked) -> str:
        value = asked.inputs.get(key)
        return "" if value is None or re.fullmatch(pattern, str(value)) else f"{error}: {key} {value!r}"

    return refused_value
