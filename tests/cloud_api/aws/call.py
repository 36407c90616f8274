"""One call of an API."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One call of an API."""

    service: str
    operation: str
    parameters: dict[str, Any]


@contextmanager
def used(what: str, left: Inputs) -> Iterator[Inputs]:
    """What is given to a call. An argument that was not taken out when the call is made fails the test."""
    yield left
    if left:
        raise AssertionError(f"{what}: {', '.join(left)} not translated into a call")


def some(**parameters: Any) -> dict[str, Any]:
    """The parameters that are given, with whole numbers: Pulumi's wire format has only floats."""
    return {key: _whole(value) for key, value in parameters.items() if value is not None}


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(v) for key, v in value.items()}
    return [_whole(v) for v in value] if isinstance(value, list) else value


def tags(left: Inputs, key: str = "Key", value: str = "Value") -> list[dict[str, str]] | None:
    """The tags of a resource as a list, in the words of its service; None: it has none."""
    return [{key: k, value: v} for k, v in left.pop("tags", {}).items()] or None
