"""Where a run is about to put things, written into the engine's state before the pods are switched.

The output `memory` is written at the end of a run, so a run that was killed leaves none. A Stash is a resource of the
engine itself which only keeps a value: it is written when it is registered, and the pods wait for it. Memory and intent
together say what counts as holding data: what the last run that ended well has settled, and every intent since.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pulumi

from guard.changes import Memory, intent, with_intent
from stacks import own_outputs
from stacks.memory import from_plain, to_plain
from stacks.names import NAMESPACE

TYPE = "pulumi:index:Stash"
NAME = f"{NAMESPACE}-intent"


def note(before: Memory, wanted: Memory, *, protect: bool) -> pulumi.Stash:
    """Register the intent of this run. Whatever is switched depends on it.

    `protect`: taking the stack down leaves it in the state, with the stack's outputs.
    """
    return pulumi.Stash(NAME, input=to_plain(intent(before, wanted)), opts=pulumi.ResourceOptions(protect=protect))


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
