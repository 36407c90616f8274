"""Stack files from a table of choices, so that every pair of two choices that may stand together is in one of them.

A choice is a patch: dotted path in the stack file -> value, where None takes a key away. The first choice of each dimension
is the usual one, and all first choices together are a stack file that is taken.
"""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations, product
from typing import Any, Literal, get_args, get_origin

import pytest
from covertable import make
from pydantic.alias_generators import to_camel

from stacks.settings.fields import Strict

Patch = Mapping[str, Any]
Dimensions = Mapping[str, Mapping[str, Patch]]
"""Dimension -> name of each choice -> its patch."""
Row = Mapping[str, str]
"""Dimension -> the choice."""
Choice = tuple[str, str]
SHORT = 24
"""Rows in the short form. Each one takes half a second."""


@dataclass(frozen=True)
class Apart:
    """Choices that may not stand together, which the program says itself."""

    one: Sequence[Choice]
    other: Sequence[Choice]
    refused: str
    """Part of what the program says to it, as a regular expression."""

    def holds(self, row: Row) -> bool:
        """Whether a row, which may be a part of one, has one of each."""
        return _any(self.one, row) and _any(self.other, row)


def choices(dimension: str, *names: str) -> list[Choice]:
    """Some choices of a dimension."""
    return [(dimension, name) for name in names]


def rows(dimensions: Dimensions, aparts: Sequence[Apart]) -> list[Row]:
    """Rows with every pair of choices that may stand together, always the same."""
    factors = {name: list(of) for name, of in dimensions.items()}
    made = make(factors, constraints=[_not_both(each) for each in aparts])
    return [{name: row[name] for name in factors} for row in made]


def _not_both(pair: Apart) -> dict[str, Any]:
    dimensions = sorted({dimension for dimension, _ in (*pair.one, *pair.other)})
    return {"operator": "fn", "requires": dimensions, "evaluate": lambda row: not pair.holds(row)}


def left_out(dimensions: Dimensions, aparts: Sequence[Apart], made: Sequence[Row]) -> list[tuple[Choice, Choice]]:
    """Pairs that may stand together and are in no row: the library's promise, looked at."""
    there = {pair for row in made for pair in combinations(row.items(), 2)}
    return [pair for pair in _pairs(dimensions) if pair not in there and not apart(aparts, *pair)]


def alone(dimensions: Dimensions, aparts: Sequence[Apart], *chosen: Choice) -> Row:
    """Some choices, and beside them of every other dimension the first one that may stand with each of them."""
    fixed = dict(chosen)
    others = [each for each in aparts if not each.holds(fixed)]

    def first(dimension: str) -> str:
        of = dimensions[dimension]
        return next(name for name in of if not any(each.holds({**fixed, dimension: name}) for each in others))

    return {dimension: fixed.get(dimension) or first(dimension) for dimension in dimensions}


def apart(aparts: Sequence[Apart], *some: Choice) -> bool:
    """Whether some choices are kept apart."""
    return any(each.holds(dict(some)) for each in aparts)


def parameters(made: Sequence[Row]) -> list[Any]:
    """Rows for a test: those of the short form have most of the pairs, and the long form has the rest."""
    return [
        pytest.param(row, id=str(number), marks=pytest.mark.long if number >= SHORT else ())
        for number, row in enumerate(made)
    ]


def stack_file(base: Patch, dimensions: Dimensions, row: Row, fill: Callable[[str], str]) -> dict[str, Any]:
    """The stack file of a row. `fill`: puts what all values share, such as a region, in the place of `<name>`."""
    made = copy.deepcopy(dict(base))
    for dimension, choice in row.items():
        for path, value in dimensions[dimension][choice].items():
            _put(made, path.split("/"), copy.deepcopy(value))
    return json.loads(fill(json.dumps(made)))


def not_chosen(model: type[Strict], at: str, made: Sequence[dict[str, Any]], elsewhere: Mapping[str, str]) -> list[str]:
    """What a model of settings can say and no stack file of a matrix does: fields, and values of closed sets.

    `at`: dotted path of the model in a stack file, where `*` stands for any key. `elsewhere`: fields that reach no cloud,
    with the reason.
    """
    found = [value for each in made for value in _at(each, at.split("."))]
    missing: list[str] = []
    for name, field in model.model_fields.items():
        key = field.alias or to_camel(name)
        if key in elsewhere or key == "existing":
            continue
        given = [value[key] for value in found if key in value]
        said = {json.dumps(one) for value in given for one in (value, *(value if isinstance(value, list) else ()))}
        usual = json.dumps(_plain(field.get_default(call_default_factory=True))) if not field.is_required() else ""
        wanted = {json.dumps(_plain(value)) for value in _closed(field.annotation)}
        if not said:
            missing.append(f"{at}.{key}")
        missing += [f"{at}.{key}: {value}" for value in sorted(wanted - said - {usual})]
    return missing


def _at(value: Any, path: Sequence[str]) -> Iterator[dict[str, Any]]:
    if not path:
        if isinstance(value, dict):
            yield value
        return
    first, *rest = path
    kind = first.partition("=")[2]
    for key, inner in value.items() if isinstance(value, dict) else ():
        if first == key or first == "*" or (kind and isinstance(inner, dict) and inner.get("kind") == kind):
            yield from _at(inner, rest)


def _closed(annotation: Any) -> Iterator[Any]:
    """The values of a closed set within a type."""
    if annotation is bool:
        yield from (True, False)
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield from annotation
    elif get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for inner in get_args(annotation):
            yield from _closed(inner)


def _plain(value: Any) -> Any:
    return (
        value.value if isinstance(value, Enum) else value if isinstance(value, str | int | bool | None) else str(value)
    )


def _pairs(dimensions: Dimensions) -> Iterator[tuple[Choice, Choice]]:
    for (first, ones), (second, others) in combinations(dimensions.items(), 2):
        for one, other in product(ones, others):
            yield (first, one), (second, other)


def _any(some: Sequence[Choice], row: Row) -> bool:
    return any(row.get(dimension) == name for dimension, name in some)


def _put(into: dict[str, Any], path: Sequence[str], value: Any) -> None:
    *folders, last = path
    for folder in folders:
        into = into.setdefault(folder, {})
    if value is None:
        into.pop(last, None)
    else:
        into[last] = value
