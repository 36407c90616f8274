"""A resource as rules see it: its type token, its inputs in camelCase, and how it is protected."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

UNKNOWN = "known at up"
"""Stands for a value that only exists after something was created (plan/recorder.py writes the same text)."""


class Resource(Protocol):
    """What a rule may ask. plan.recorder.Registration is one."""

    @property
    def type(self) -> str:
        """Type token, for example `kubernetes:core/v1:PersistentVolumeClaim`."""
        ...

    @property
    def name(self) -> str:
        """Name in the program."""
        ...

    @property
    def urn(self) -> str:
        """URN."""
        ...

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Plain values, camelCase; UNKNOWN where the value is not known yet."""
        ...

    @property
    def secret_keys(self) -> frozenset[str] | None:
        """Top-level inputs that are secret; None: whoever asks cannot tell."""
        ...

    @property
    def depends_on(self) -> tuple[str, ...]:
        """URNs of what it was made from."""
        ...

    @property
    def protect(self) -> bool:
        """Whether deleting it is refused."""
        ...

    @property
    def retain_on_delete(self) -> bool | None:
        """Whether it stays when its stack goes; None: whoever asks cannot tell."""
        ...


@dataclass(frozen=True)
class Given:
    """A resource from elsewhere than a run of ours: the policy pack, a manifest of other people."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    urn: str = ""
    secret_keys: frozenset[str] | None = None
    depends_on: tuple[str, ...] = field(default=())
    protect: bool = False
    retain_on_delete: bool | None = None


def at(value: Any, *path: str) -> Any:
    """The value at a path: UNKNOWN when it or what holds it is unknown, None when it is missing."""
    for key in path:
        if value == UNKNOWN:
            return UNKNOWN
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def items(value: Any) -> list[Any]:
    """The elements of a list; none when it is missing or unknown."""
    return list(value) if isinstance(value, list | tuple) else []


def known(value: Any) -> bool:
    """Whether a value is there and known."""
    return value is not None and value != UNKNOWN


def missing(value: Any) -> bool:
    """Whether a value is known to be absent or empty."""
    return value is None or value in ("", [], {})


def yes(value: Any) -> bool:
    """True as providers and StorageClass parameters write it. An unknown value gets the benefit of the doubt."""
    return value is True or value == UNKNOWN or str(value).lower() == "true"


def whole(value: Any) -> int | None:
    """A whole number; the wire format of the SDK has only floats. None when it is no number."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text inside a value, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from strings(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from strings(inner, f"{path}[{number}]")
