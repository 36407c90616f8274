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
