"""After a run that was killed: what it left in the engine's state, and how that is put right.

A killed run leaves a lock, and a note of each operation that it had begun (`pendingOperations`). The engine refuses the
lock for ever and repeats the note at every run. What it was making is looked for in the cluster: what is there is
taken into the state as the killed run described it, so nothing is made twice; the rest is made again.
"""

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pulumi import automation as auto

from deploy.kube import ENGINE, Kube, Manifest
from deploy.workspace import latest
from plan.exits import UserError

ORPHAN_SECONDS = 20.0
"""For the engine of a killed run to end once it is told to; it gives up what it waits for at once."""
_POLL_SECONDS = 0.1
Tell = Callable[[str], None]
Resource = dict[str, Any]


def free_lock(folder: Path, tell: Tell) -> bool:
    """Remove the engine's locks of one stack (`folder`); whether there were any.

    Call it only while nobody else runs the stack: whoever holds the lock was left alone by a killed run. An engine
    that still lives is ended first. Raises UserError: it does not end.
    """
    locks = sorted(folder.rglob("*.json"))
    for lock in locks:
        pid = _holder(lock)
        if pid and _is_engine(pid):
            tell(f"An earlier run was killed, and its engine (process {pid}) still works: ending it.")
            _end(pid)
        else:
            tell("An earlier run was killed and left the stack locked: the lock is removed.")
        if pid:
            _end_plugins(pid)
        lock.unlink(missing_ok=True)
    return bool(locks)


def finish_pending(stack: auto.Stack, kube: Kube, tell: Tell, checkpoint: Path) -> bool:
    """Resolve what a killed run had begun; whether there was anything. The next run has to refresh then.

    `checkpoint`: the state as the backend keeps it. Only looked at: a call of the engine takes a third of a second.
    """
    if not latest(checkpoint).get("pending_operations"):
        return False
    exported = stack.export_stack()
    deployment: dict[str, Any] = dict(exported.deployment or {})
    pending: list[dict[str, Any]] = deployment.get("pending_operations") or []
    if not pending:
        return False
    making = [op["resource"] for op in pending if op["type"] == "creating"]
    live = {r["urn"]: there for r in making if (there := _live(r, kube)) is not None}
    found = [r for r in making if r["urn"] in live]
    tell(f"An earlier run was interrupted; {len(pending)} of its operations had no end:")
    for line in _told(pending, found):
        tell(f"  {line}")
    known = {r["urn"] for r in deployment.get("resources") or []}
    taken = [_as_made(r, live[r["urn"]]) for r in found if r["urn"] not in known]
    deployment["resources"] = [*(deployment.get("resources") or []), *taken]
    deployment["pending_operations"] = []
    stack.import_stack(auto.Deployment(version=exported.version, deployment=deployment))
    return True


def has_taken_up(resources: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the state has an object that another state has made: it was imported (`existing` in a stack file).

    The other state's provider applied it under a name of its own, and the API server refuses changes under ours.
    """
    return any(_of_another(r.get("outputs") or {}) for r in resources if r["type"].startswith("kubernetes:"))


def _of_another(outputs: Mapping[str, Any]) -> bool:
    entries: list[dict[str, Any]] = (outputs.get("metadata") or {}).get("managedFields") or []
    managers = {entry["manager"] for entry in entries if entry.get("operation") == "Apply"}
    ours = outputs.get("__fieldManager")
    return isinstance(ours, str) and ours not in managers and any(name.startswith(ENGINE) for name in managers)


def place(resource: Mapping[str, Any]) -> str:
    """The provider's id of a Kubernetes object in the state: `name`, or `namespace/name`. Empty: it has no name."""
    inputs: Mapping[str, Any] = resource.get("inputs") or {}
    metadata: Mapping[str, Any] = inputs.get("metadata") or {}
    parts = [metadata.get("namespace"), metadata.get("name")]
    return "/".join(part for part in parts if isinstance(part, str)) if isinstance(parts[1], str) else ""


def _told(pending: list[dict[str, Any]], found: list[Resource]) -> Iterator[str]:
    for operation in pending:
        resource: Resource = operation["resource"]
        what = f"{resource['type'].rpartition(':')[2]} {place(resource) or resource['urn'].rpartition('::')[2]}"
        if operation["type"] != "creating":
            yield f"{what} was {operation['type']}: asking the cluster what became of it"
        elif resource in found:
            yield f"{what} was being created: it is there, and taken over as it is"
        else:
            yield f"{what} was being created: it is not there, and made again"


def _live(resource: Resource, kube: Kube) -> Manifest | None:
    """The object in the cluster; None: it is not there, or it is none of Kubernetes."""
    inputs: Mapping[str, Any] = resource.get("inputs") or {}
    if not resource["type"].startswith("kubernetes:") or "apiVersion" not in inputs or not place(resource):
        return None
    meta = inputs["metadata"]
    wanted = {k: meta[k] for k in ("namespace", "name") if k in meta}
    return kube.get({"apiVersion": inputs["apiVersion"], "kind": inputs["kind"], "metadata": wanted})


def _as_made(resource: Resource, live: Manifest) -> Resource:
    """The resource as the killed run would have written it.

    The name under which that run applied the object belongs to it: under another one, which the provider would make
    up, the API server refuses the next change ("field conflict").
    """
    managers = (entry for entry in live["metadata"].get("managedFields", ()) if entry["operation"] == "Apply")
    ours = next((m["manager"] for m in managers if m["manager"].startswith(ENGINE)), None)
    manager = {"__fieldManager": ours} if ours is not None else {}
    return {**resource, "id": place(resource), "outputs": {**resource["inputs"], **manager}}


def _holder(lock: Path) -> int | None:
    try:
        return int(json.loads(lock.read_text())["pid"])
    except (ValueError, KeyError, OSError):
        return None  # written in part: the kill came in the middle


def _is_engine(pid: int) -> bool:
    """Whether the process lives and is an engine: ids are given again."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    try:
        return b"pulumi" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended since; on a system without /proc it is taken for one
        return not Path("/proc/self").exists()


def _end_plugins(session: int) -> None:
    """Kill what a dead engine has started: its plugins live on otherwise, for ever. We start the engine in a session of
    its own (deploy/command.py), which is named after it; its plugins are in it."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # After the name in brackets: state, parent, process group, session.
            text = file.read_text()
            if int(text.rpartition(")")[2].split()[3]) == session and "(pulumi" in text:
                os.kill(int(file.parent.name), signal.SIGKILL)


def _end(pid: int) -> None:
    """Cancel, then terminate, then kill."""
    for sign in (signal.SIGINT, signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
        deadline = time.monotonic() + ORPHAN_SECONDS
        while time.monotonic() < deadline:
            if not _is_engine(pid):
                return
            time.sleep(_POLL_SECONDS)
    raise UserError(f"the engine of an earlier run (process {pid}) does not end; end it and run again")
