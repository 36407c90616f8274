"""What the engine does, in the user's words: its events as plain values that a terminal or a CI log can show."""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi import automation as auto

OURS = ("pulumi:", "kotaemon:")
"""Types of what is no object of its own: providers, components, the stack."""
VERBS = {
    "create": "created",
    "update": "changed",
    "delete": "deleted",
    "replace": "replaced",
    "create-replacement": "replaced",
    "delete-replaced": "deleted",
    "import": "taken over",
    "discard": "forgotten",
}
"""Operation of the engine -> what people call it once it is done. Others change nothing."""
NOISE = (
    "Resource monitor has terminated",
    "update failed",
    "destroy failed",
    "preview failed",
    "resource registrations failed",
    "an unhandled error occurred",
)
"""What the engine adds to every other error."""
PLUGINS = ("from $PATH", "is expected to have version")
"""What the engine warns of at every run with a plugin on PATH: the line on the engine says which it is."""
_TRACE = re.compile(r"(\[signal SIG\w+|goroutine \d+ \[)")
"""How the stack trace of a Go program begins."""
_TRANSFORM = re.compile(r"^.*invoke transform: rpc error: .* Invoke callback \S+ error: (.+?)(: File \".*)?$")
"""What one of the program's own transforms has refused, as the engine tells it: with the way it took, and the place."""
PROTECTED_REPLACE = "as it is currently marked for protection"
PROTECTED_DELETE = "cannot be deleted\nbecause it is protected"

Note = dict[str, Any]
"""One thing to tell: `event` says which; see `Listener`."""


@dataclass(frozen=True)
class Object:
    """What an event is about."""

    urn: str
    kind: str
    name: str
    """`namespace/name` of an object in the cluster, else the name in the program."""
    is_object: bool

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def object_of(metadata: Any) -> Object:
    """What a step is about: named as it is in the cluster, where its state says so."""
    urn: str = metadata.urn
    kind = metadata.type.rpartition(":")[2]
    for state in (metadata.new, metadata.old):
        meta = ((state and (state.inputs or state.outputs)) or {}).get("metadata")
        if isinstance(meta, Mapping) and isinstance(meta.get("name"), str):
            where = [part for part in (meta.get("namespace"), meta["name"]) if isinstance(part, str)]
            return Object(urn, kind, "/".join(where), metadata.type.startswith("kubernetes:"))
    return Object(urn, kind, urn.rpartition("::")[2], False)


@dataclass
class Listener:
    """Hears the engine's events and tells notes; called from the engine's thread.

    Notes: `started`, `done` and `failed` with `kind`, `name` and `operation` (create, update, delete, replace, import),
    `done` with `seconds`; `waits` with `kind`, `name` and `why`; `warning` with `message`.
    """

    tell: Callable[[Note], None]
    counts: Counter[str] = field(default_factory=Counter[str])
    """Operation -> how many objects, components not counted."""
    changes: int = 0
    """All changes, those of components and providers too."""
    errors: list[tuple[Object | None, str]] = field(default_factory=list[tuple[Object | None, str]])
    """What it is about and what the engine says, each once."""
    in_work: dict[str, tuple[Object, float]] = field(default_factory=dict[str, tuple[Object, float]])
    """URN -> what is being made or changed now, and since when."""
    known: dict[str, Object] = field(default_factory=dict[str, Object])
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __call__(self, happened: auto.EngineEvent) -> None:
        """Hear one event."""
        if event := happened.resource_pre_event:
            self._started(event.metadata)
        elif event := happened.res_outputs_event:
            self._ended(event.metadata, "done")
        elif event := happened.res_op_failed_event:
            self._ended(event.metadata, "failed")
        elif event := happened.diagnostic_event:
            self._said(event)

    def waiting(self) -> list[tuple[Object, float]]:
        """What is in work now, the longest first."""
        with self._lock:
            return sorted(self.in_work.values(), key=lambda entry: entry[1])

    def _started(self, metadata: Any) -> None:
        about = object_of(metadata)
        self.known[about.urn] = about
        if metadata.op.value not in VERBS or metadata.type.startswith(OURS):
            return
        with self._lock:
            self.in_work[about.urn] = (about, time.monotonic())
        self.tell({"event": "started", "operation": metadata.op.value, "kind": about.kind, "name": about.name})

    def _ended(self, metadata: Any, how: str) -> None:
        about, operation = object_of(metadata), metadata.op.value
        with self._lock:
            _, since = self.in_work.pop(about.urn, (about, time.monotonic()))
        if operation not in VERBS:
            return
        self.changes += how == "done"
        if metadata.type.startswith(OURS):
            return
        note: Note = {"event": how, "operation": operation, "kind": about.kind, "name": about.name}
        if how == "done":
            # A replacement is three steps for the engine.
            self.counts[operation] += operation not in ("replace", "delete-replaced")
            if operation == "replace":
                return
            note["seconds"] = round(time.monotonic() - since, 1)
        self.tell(note)

    def _said(self, event: auto.DiagnosticEvent) -> None:
        about, message = self.known.get(event.urn or ""), event.message.strip()
        if event.severity == "error":
            self._erred(about, message)
        elif event.severity == "warning" and not event.ephemeral and not any(s in message for s in PLUGINS):
            self.tell({"event": "warning", "message": " ".join(message.split())})

    def _erred(self, about: Object | None, message: str) -> None:
        known = {text for _, text in self.errors}
        if message and message not in known and not message.startswith(NOISE) and NOISE[0] not in message:
            self.errors.append((about, message))


def words(about: Object | None, message: str) -> str:
    """An error of the engine for people: where we know better what to do about it, that instead."""
    if about and PROTECTED_REPLACE in message:
        return (
            f"{about}: it would have to be replaced. It holds data and is never replaced. Add a second claim under "
            "another name in kotaemon:storage.claims, copy the data, then point kotaemon:storage.roles at it"
        )
    if PROTECTED_DELETE.replace("\n", " ") in " ".join(message.split()):
        return (
            f"{about or 'something that holds data'}: it left the stack file, and it holds data, so it is not deleted. "
            "Put its claim or store back into the stack file; docs/runbooks/take-down.md says how to leave data behind"
        )
    text = _TRANSFORM.sub(r"\1", " ".join(without_trace(message).split()))
    return f"{about}: {text}" if about and about.is_object else text


def without_trace(message: str) -> str:
    """The message without the stack trace of a plugin that has panicked: nobody but its makers can use that."""
    told, found, _ = _TRACE.split(message, maxsplit=1) if _TRACE.search(message) else (message, "", "")
    return f"{told.strip()} (the engine's plugin ended with a defect of its own; run the same again)" if found else told
