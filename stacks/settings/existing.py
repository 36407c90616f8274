"""The key `existing` of a stack file: what is there already and this stack made once, each part by its id.

It is for a state that is lost or given up. A part is a resource of the section that has the key; its name is that of
the resource in the program without the name of its component. Taking a stack down prints the lines.
"""

import re
from collections.abc import Mapping
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from stacks.settings.fields import Strict

_ONE = "one"
"""Stands for the part that a plain id means, until the model says which that is."""


class Id(NamedTuple):
    """How the id of a part looks."""

    pattern: str
    example: str
    elsewhere: str = ""
    """An example of another cloud, where a part has ids of two."""

    @property
    def shown(self) -> str:
        """How an id looks, for messages."""
        return " or ".join(filter(None, (self.example, self.elsewhere)))


NAME = r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?"
IN_CLUSTER = Id(NAME, "kotaemon.kotaemon-files")
"""Id of a Kubernetes object that is in no namespace: its name."""
OBJECT = Id(rf"[a-z0-9]([-a-z0-9]*[a-z0-9])?/{NAME}", "kotaemon/kotaemon-files")
"""Id of a Kubernetes object in a namespace."""
URL = "url"
"""Part of a database: the Secret with its URL. Its line stays: the password is in no other place."""
VOLUME = {"volume": IN_CLUSTER, "claim": OBJECT}
"""Parts of a claim on a volume that the stack makes."""
ON_CLASS = {"claim": OBJECT, "class": IN_CLUSTER, "attributes[-.].+": IN_CLUSTER}
"""Parts of a claim on a StorageClass that the stack makes."""


def _by_part(value: object) -> object:
    return {_ONE: value} if isinstance(value, str) else value


Ids = Annotated[
    dict[str, str],
    BeforeValidator(_by_part),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]},
    ),
]


class Existing(Strict):
    """Settings of something whose parts may exist already."""

    existing: Ids = Field(
        default_factory=dict[str, str],
        description="Part -> id of what an earlier state of this stack made and kept, when that state is lost: it is "
        "taken up as it is, and nothing is made twice. A single id means the part that holds the data. Taking a stack "
        "down prints these lines; they are for one `up` (docs/runbooks/take-down.md).",
    )

    @property
    def parts(self) -> Mapping[str, Id]:
        """Parts that may be named: a regular expression of their names -> their ids.

        The first is the one that holds the data, which a plain id means.
        """
        return {}

    @property
    def held(self) -> str | None:
        """Id of the part that holds the data, where the stack file says it."""
        return self.existing.get(next(iter(self.parts), ""))

    @property
    def held_id(self) -> str:
        """Real id of the storage, where the stack file says it; empty: it does not.

        The same id is the same storage, whatever the claim is called. The name of an object of the cluster is no such
        id: it is among the words that the stack file has anyway.
        """
        in_cluster = next(iter(self.parts.values()), OBJECT) in (IN_CLUSTER, OBJECT)
        return "" if in_cluster else self.held or ""

    @model_validator(mode="after")
    def _fit(self) -> "Existing":
        if _ONE in self.existing and self.parts:
            self.existing[next(iter(self.parts))] = self.existing.pop(_ONE)
        for part, id_ in self.existing.items():
            if reason := self._refused(part, id_):
                raise ValueError(reason)
        return self

    def _refused(self, part: str, id_: str) -> str:
        if part == _ONE:
            return f"existing: {id_!r} is not allowed, because nothing is made here that could be there already"
        form = self.id_of(part)
        if form is None:
            return f"existing.{part}: unknown part; allowed: {_listed(self.parts)}"
        if not re.fullmatch(form.pattern, id_):
            return f"existing.{part}: {id_!r} is not an id of this part, which looks like {form.shown}"
        return ""

    def id_of(self, part: str) -> Id | None:
        """How the id of a part looks. None: there is no such part here."""
        return next((form for name, form in self.parts.items() if re.fullmatch(name, part)), None)


def _listed(parts: Mapping[str, Id]) -> str:
    return ", ".join(f"{name} ({form.shown})" for name, form in parts.items()) or "nothing, because it makes nothing"
