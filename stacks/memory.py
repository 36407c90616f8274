"""What a stack remembers of its own storage between two runs: the output `memory`, read before anything is registered.

It is written at the end of a run, and only when the application's workload is ready. A run that fails keeps the earlier
one (pulumi/pulumi#15754: it changes only the outputs that it did set), and so does one that is killed. What such a run
was about to do is the intent (stacks/intent.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pulumi
from pulumi import Output

from guard.changes import Data, Known, Memory, Move, Place, changes
from guard.moves import refusal, released
from stacks import backup_copy, bucket, kinds
from stacks.kinds.base import INDEXES, Identity
from stacks.planned import Planned, store_key
from stacks.safety import RefusedByGuard
from stacks.settings.existing import Existing
from stacks.settings.load import stack_file
from stacks.settings.storage import roles_of

OUTPUT = "memory"
"""Name of the stack output."""
DATA = {"database": "sessions", "vectors": "vectors", "documents": "documents"}
"""Place of a store -> the data that it holds. In the profile single-writer they are files of the role with that name,
or of the role `indexes`."""


def remembered(outputs: Mapping[str, Any]) -> Memory:
    """What the stack's own outputs hold since earlier runs.

    Empty on a first run, and on the first run after a release without memory.
    """
    found = outputs.get(OUTPUT)
    return from_plain(found) if isinstance(found, Mapping) else Memory()


def now(stack: Planned) -> Memory:
    """Where everything is by the words of the stack file."""
    known: dict[str, Known] = {}
    data: dict[str, Data] = {}
    claims: dict[str, Place] = {}
    for name, at in stack.contexts.items():
        kind = kinds.kind(at.chosen.kind)
        claims[name] = place = _place(
            f"storage.claims.{name}", kind.identity(at), at.chosen, stack.claims[name]["name"]
        )
        if kind.made:
            known[place.key] = Known(place, fixed=True, protected=at.settings.protect)
    storage = stack.settings.storage
    for role in roles_of(stack.settings.profile):
        place = claims[storage.claim_of(role, stack.settings.profile)]
        data[role.value] = Data(replace(place, folder=storage.sub_path_of(role)))
    for name in ("vectors", "documents"):
        data[name] = Data(Place("storage.roles.indexes", INDEXES))
    for name, one in stack.stores.items():
        place = Place(store_key(stack.settings, name), one.store.identity(one.at), one.store.known_id(one.at))
        if one.store.made:
            known[place.key] = Known(place, fixed=one.store.fixed, protected=one.at.settings.protect)
        data[DATA[name]] = Data(place)
    chosen = stack.settings.bucket
    if chosen is not None and chosen.made:
        ours = _place(bucket.NAME, bucket.identity(stack.settings), chosen)
        known[bucket.NAME] = Known(ours, fixed=True, protected=stack.ours(bucket.NAME).protect)
    copy = stack.settings.backup_copy
    if copy is not None:
        place = _place(backup_copy.NAME, backup_copy.identity(stack.settings), copy)
        known[backup_copy.NAME] = Known(place, fixed=True, protected=stack.ours(backup_copy.NAME).protect)
    return Memory(known, data)


def check(stack: Planned, before: Memory, wanted: Memory) -> None:
    """Refuse a run that would leave data behind, and say which lines can go. Raises RefusedByGuard."""
    settings = stack.settings
    moved = {name: Move(move.from_, move.to) for name, move in settings.moved.items()}
    found = changes(before, wanted, moved)
    if found.refused:
        raise RefusedByGuard(refusal(stack_file(pulumi.get_stack()), settings.namespace, found))
    for name in found.done:
        pulumi.log.warn(f"kotaemon:moved.{name} is done: the stack remembers the new place, so the line can be removed")
    for name in found.unused:
        pulumi.log.warn(f"kotaemon:moved.{name} describes no change of this run; remove the line")
    for key in settings.released:
        if key not in wanted.known:
            pulumi.log.warn(f"kotaemon:released: {key} is not in the stack file any more; remove the line")
    for gone in found.leaving:
        pulumi.log.warn(released(gone))


def _place(key: str, identity: Identity, chosen: Any, claim: str = "") -> Place:
    return Place(key, identity, chosen.held_id if isinstance(chosen, Existing) else "", claim=claim)


def output(wanted: Memory, ready: Output[Any], ids: Mapping[str, Output[str]]) -> Output[dict[str, Any]]:
    """The value of the output `memory`, once the workload is ready.

    `ids`: section of the stack file -> real id.
    """

    def value(known: Sequence[Any]) -> dict[str, Any]:
        return to_plain(_with_ids(wanted, dict(zip(ids, known[1:], strict=True))))

    return Output.all(ready, *ids.values()).apply(value)


def _with_ids(memory: Memory, ids: Mapping[str, str]) -> Memory:
    def found(place: Place) -> Place:
        return replace(place, id=ids.get(place.key) or place.id)

    return replace(
        memory,
        known={key: replace(known, place=found(known.place)) for key, known in memory.known.items()},
        data={name: replace(data, at=found(data.at) if data.at else None) for name, data in memory.data.items()},
    )


def to_plain(memory: Memory) -> dict[str, Any]:
    """The memory as plain data.

    - `known`: section of the stack file (`storage.claims.files`) -> its place, with `fixed` and `protected`: every
      claim and store that the stack has made.
    - `data`: role, `vectors` or `documents` -> `at`, its place since the last run that ended well (null: none has), and
      `maybe`, the places where runs that did not end well may have put it since: only in an intent.
    - `protected`: type and name of every resource that the engine refuses to let go.
    - `settled`: the seal of the intent of the last run that ended well.
    - A place: `key` (section of the stack file), `claim` (name of the PersistentVolumeClaim, empty for a store),
      `folder`, and the identity of the storage: `words` of the stack file, and the real `id` (empty: not known).
    """
    return {
        "known": {
            key: {**_plain(known.place), "fixed": known.fixed, "protected": known.protected}
            for key, known in memory.known.items()
        },
        "data": {
            name: {"at": _plain(data.at) if data.at else None, "maybe": [_plain(place) for place in data.maybe]}
            for name, data in memory.data.items()
        },
        "settled": memory.settled,
        # Left out where there are none, so that an intent is the same in every release.
        **({"protected": list(memory.protected)} if memory.protected else {}),
    }


def from_plain(value: Mapping[str, Any]) -> Memory:
    """The memory from what an earlier run has written. Keys of later releases are ignored."""
    return Memory(
        {
            key: Known(_read(known), bool(known.get("fixed")), bool(known.get("protected")))
            for key, known in (value.get("known") or {}).items()
        },
        {
            name: Data(
                _read(data["at"]) if data.get("at") else None, tuple(_read(place) for place in data.get("maybe") or ())
            )
            for name, data in (value.get("data") or {}).items()
        },
        tuple(str(name) for name in value.get("protected") or ()),
        str(value.get("settled") or ""),
    )


def _plain(place: Place) -> dict[str, Any]:
    return {
        "key": place.key,
        "claim": place.claim,
        "folder": place.folder,
        "words": dict(place.words),
        "id": place.id,
    }


def _read(value: Mapping[str, Any]) -> Place:
    return Place(
        key=str(value.get("key", "")),
        words={str(name): str(word) for name, word in (value.get("words") or {}).items()},
        id=str(value.get("id") or ""),
        folder=str(value.get("folder") or ""),
        claim=str(value.get("claim") or ""),
    )
