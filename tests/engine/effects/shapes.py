"""The forms of the table of changes, and the parts of stack files that several of its stacks have."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.contract import Platform

FILES = {"kind": "nfs", "server": "nfs.example.org", "path": "/srv/nfs", "encryptedBy": "simulated"}
ON_CLASS = {"storageClass": "dev-block", "size": "10Gi", "encryptedBy": "simulated"}
NAMED = {"secretName": "keys", "secretKey": "key"}
ROLES = ("models", "indexes", "uploads", "logs", "eval")


def roles(claim: str, **others: str) -> dict[str, Any]:
    return {role: {"claim": others.get(role, claim)} for role in ROLES}


def server(kind: str, port: int) -> dict[str, Any]:
    url = f"http://{kind}.example.org:{port}"
    return {"kind": kind, "url": url, "endpoint": {"cidr": "10.9.0.0/24", "port": port}}


@dataclass(frozen=True)
class Stack:
    """A stack on which fields are changed."""

    platform: Platform
    settings: dict[str, Any]
    there: Callable[[], Iterable[dict[str, Any]]] = tuple
    """What somebody else has made before."""


@dataclass(frozen=True)
class Set:
    """A change that needs more than its own field."""

    value: Any
    more: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Key beside the field -> value; from the top of the stack file when it begins with `..`."""
    preview_only: bool = False
    """The cluster of the tests cannot bring it up: it names what is not there."""


Table = tuple[str, str, dict[str, Any]]
"""Name of the stack, the section of its stack file, and the fields with another value each."""
