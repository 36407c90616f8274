"""Where a run is about to put things, written into the engine's state before the pods are switched.

The output `memory` is written at the end of a run, so a run that was killed leaves none. A Stash is a resource of the
engine itself which only keeps a value: it is written when it is registered, and nothing else is registered before it
is. Memory and intent together say what counts as holding data: what the last run that ended well has settled, and every
intent since.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pulumi

from guard.changes import Memory, intent, with_intent
from stacks import own_outputs
from stacks.memory import from_plain, to_plain
from stacks.names import NAMESPACE

TYPE = "pulumi:index:Stash"
NAME = f"{NAMESPACE}-intent"


class Noted(NamedTuple):
    """The intent of a run, in the state."""

    resource: pulumi.Resource
    """Whatever is switched depends on it."""
    value: Any
    """What the state holds now, as plain data."""


def note(before: Memory, wanted: Memory, *, protect: bool, blind: bool) -> Noted:
    """Register the intent of this run, and wait until it is in the state.

    `protect`: taking the stack down leaves it in the state, with the stack's outputs. `blind`: the run could not ask
    what was noted before. It is a preview then, in which the Stash keeps its value, so that `left` can say it.
    """
    keeps = pulumi.ResourceOptions(protect=protect, ignore_changes=["input"] if blind else None)
    stash = pulumi.Stash(NAME, input=to_plain(intent(before, wanted)), opts=keeps)
    return Noted(stash, own_outputs.wait(stash.input))


def left(noted: Noted, before: Memory, wanted: Memory) -> Memory | None:
    """The memory with what an earlier run has left in the state. None: there is only what this run has noted."""
    if not isinstance(noted.value, Mapping):
        return None
    found = from_plain(noted.value)
    return None if _seal(found) == seal(before, wanted) else with_intent(before, found)


def seal(before: Memory, wanted: Memory) -> str:
    """What the output `memory` says when a run has ended well, so that the next one knows this intent as settled."""
    return _seal(intent(before, wanted))


def merged(before: Memory, outputs: Mapping[str, Any]) -> Memory:
    """The memory with what runs have been about to do since. `outputs`: the stack's own."""
    noted = own_outputs.read_resource(TYPE, NAME, outputs).get("input")
    if not isinstance(noted, Mapping):
        return before
    about = from_plain(noted)
    return before if _seal(about) == before.settled else with_intent(before, about)


def _seal(about: Memory) -> str:
    return hashlib.sha256(json.dumps(to_plain(about), sort_keys=True).encode()).hexdigest()[:16]
