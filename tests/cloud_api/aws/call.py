"""One call of an API."""

from dataclasses import dataclass
from typing import Any

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One call of an API."""

    service: str
    operation: str
    parameters: dict[str, Any]
