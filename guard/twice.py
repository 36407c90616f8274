"""Finds two resources that describe the same object of the API server, or the same named thing of a cloud. Pure.

The engine finds it only when it creates the second one, after the first: "already exists".
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Described(NamedTuple):
    """A resource of the program."""

    type: str
    """Pulumi's type token."""
    name: str
    """Name of the resource in the program."""
    inputs: Mapping[str, Any]
    protect: bool = False
    """Whether the engine refuses to let it go."""
    earlier: tuple[str, ...] = ()
    """Names that it had in the program of earlier releases."""


def twice(resources: Iterable[Described]) -> list[str]:
    """One line for each thing that two resources describe. A name that nobody knows yet is passed over."""
    first: dict[str, Described] = {}
    found: list[str] = []
    for one in resources:
        thing = described(one)
        if thing and (other := first.setdefault(thing, one)) is not one:
            found.append(
                f"{thing}: is described by {other.name} and by {one.name}; rename one of their claims or stores"
            )
    return found


def described(one: Described) -> str:
    """What a resource describes, by its name in the cluster or the account; empty: nothing with a known name."""
    inputs = one.inputs
    if one.type.startswith("kubernetes:"):
        metadata = inputs.get("metadata") or {}
        place = [metadata.get("namespace"), metadata.get("name")]
        if not isinstance(metadata.get("name"), str) or not isinstance(metadata.get("namespace") or "", str):
            return ""
        group = str(inputs.get("apiVersion", "")).rpartition("/")[0]
        return " ".join(filter(None, (group, str(inputs.get("kind", "")), "/".join(part for part in place if part))))
    if one.type.startswith(("pulumi:", "kotaemon:")):
        return ""
    last = one.type.rpartition(":")[2]
    # The clouds' own names: `name`, the identifier of a database, and `vaultName` of a Vault. Others are references.
    for key in ("name", "identifier", f"{last[:1].lower()}{last[1:]}Name"):
        if isinstance(name := inputs.get(key), str) and name:
            return f"{one.type} {name}"
    return ""
