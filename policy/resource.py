"""A resource as the rules see it: its type token, its inputs in camelCase, and whether it is protected and retained."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

UNKNOWN = "known at up"
"""Stands for a value that exists only after something was created. stacks/manifests.py has the same text."""


class Resource(Protocol):
    """What a rule may read of a resource. `plan.recorder.Registration` has all of it."""

    @property
    def type(self) -> str:
        """Type token, for example `kubernetes:core/v1:PersistentVolumeClaim`."""
        ...

    @property
    def name(self) -> str:
        """Name of the resource in the program."""
        ...

    @property
    def urn(self) -> str:
        """URN of the resource."""
        ...

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Inputs as plain values with keys in camelCase; UNKNOWN where a value is not known yet."""
        ...

    @property
    def secret_keys(self) -> frozenset[str] | None:
        """Top-level inputs that are secret; None where that cannot be known (in the policy pack)."""
        ...

    @property
    def depends_on(self) -> tuple[str, ...]:
        """URNs of the resources that it depends on."""
        ...

    @property
    def protect(self) -> bool:
        """Whether it has the resource option `protect`: Pulumi refuses to delete it."""
        ...

    @property
    def retain_on_delete(self) -> bool | None:
        """Whether it has the option `retainOnDelete`, and so outlives its stack; None where that cannot be known."""
        ...


@dataclass(frozen=True)
class Given:
    """A resource that a plan of ours did not record: one in the policy pack, or one of another project's manifests."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    urn: str = ""
    secret_keys: frozenset[str] | None = None
    depends_on: tuple[str, ...] = field(default=())
    protect: bool = False
    retain_on_delete: bool | None = None


def at(value: Any, *path: str) -> Any:
    """The value at a path. UNKNOWN when the value or a mapping above it is unknown, None when it is missing."""
    for key in path:
        if value == UNKNOWN:
            return UNKNOWN
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def items(value: Any) -> list[Any]:
    """The elements of a list. An empty list when the value is missing or unknown."""
    return list(value) if isinstance(value, list | tuple) else []


def known(value: Any) -> bool:
    """Whether a value is given and known."""
    return value is not None and value != UNKNOWN


def missing(value: Any) -> bool:
    """Whether a value is known to be absent or empty."""
    return value is None or value in ("", [], {})


def yes(value: Any) -> bool:
    """Whether a value means true, as a boolean or as the text `true`. An unknown value counts as true."""
    return value is True or value == UNKNOWN or str(value).lower() == "true"


def whole(value: Any) -> int | None:
    """The value as a whole number (the SDK passes every number as a float). None when it is not a number."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string inside a value, each with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from strings(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from strings(inner, f"{path}[{number}]")
