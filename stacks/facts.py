"""The facts of a stack: its settings that have an effect on what lives, as plain data without secrets.

A plan keeps them in its JSON, so that a later plan can be compared with it (stacks/changes.py).
"""

from collections.abc import Mapping
from typing import Any

from pydantic.alias_generators import to_camel

from components.contract import Role
from stacks import backup_copy, kinds, on_class
from stacks.planned import Planned
from stacks.settings.fields import Strict
from stacks.settings.settings import Settings

COMPARED = (
    "platform",
    "profile",
    "namespace",
    "namespaceExists",
    "image",
    "uid",
    "gid",
    "replicas",
    "autoscaler",
    "cluster",
    "protect",
)
"""Keys at the top of a stack file that are compared; the others are of pods, of words, or have facts of their own."""
NO_FACT = "existing"
"""Key of every settings model whose parts can be taken up again. It says where things are, not what they are."""
STIFF = "stiff"
"""Key of the components whose volumes cannot grow, each with the reason. It is not compared itself."""
MASK = "**********"
"""What pydantic writes in place of a secret. A secret is no fact."""

Facts = Mapping[str, Any]
"""`settings`, `section`, `stiff`, `bucket`, `backup`, `backupCopy`: key -> value; `claims`, `stores`, `roles`: name ->
key -> value.

Plain data of JSON."""


def facts(stack: Planned) -> dict[str, Any]:
    """The facts of a planned stack."""
    settings = stack.settings
    stiff = on_class.stiff(stack.classes, stack.contexts, stack.stores)
    return {
        # Left out where there are none, as in the facts of earlier releases.
        **({STIFF: stiff} if stiff else {}),
        "settings": {key: value for key, value in _plain(settings).items() if key in COMPARED},
        "section": section(settings),
        "claims": {
            name: {**_plain(at.chosen), **_aliased(kinds.kind(at.chosen.kind).filled_in(at))}
            for name, at in stack.contexts.items()
        },
        "bucket": _plain(settings.bucket) if settings.bucket is not None and settings.bucket.made else {},
        "backup": _plain(settings.backup) if settings.backup is not None else {},
        backup_copy.NAME: _plain(settings.backup_copy) if settings.backup_copy is not None else {},
        "stores": {
            name: {**_plain(one.at.chosen), **_aliased(one.store.filled_in(one.at))}
            for name, one in stack.stores.items()
        },
        "roles": {role.value: _place(settings, role) for role in Role if role.value in stack.storage},
    }


def section(settings: Settings) -> dict[str, Any]:
    """The section of the stack's platform, without its database: that is a store."""
    found: Strict | None = getattr(settings, settings.platform.value, None)
    return {} if found is None else {key: value for key, value in _plain(found).items() if key != "database"}


def _place(settings: Settings, role: Role) -> dict[str, Any]:
    storage = settings.storage
    return {
        "claim": storage.claim_of(role, settings.profile),
        "subPath": storage.sub_path_of(role),
        "readOnly": storage.read_only(role),
    }


def _plain(settings: Strict) -> dict[str, Any]:
    found = settings.model_dump(mode="json", by_alias=True)
    return {key: value for key, value in found.items() if value != MASK and key != NO_FACT}


def _aliased(found: Mapping[str, Any]) -> dict[str, Any]:
    return {to_camel(key): value for key, value in found.items()}
