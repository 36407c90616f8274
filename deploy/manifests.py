"""From a registration to the object that the monitor road applies."""

import base64
import copy
from typing import Any

from deploy.kube import Manifest
from plan.recorder import Registration

PROJECT_LABEL = "kotaemon.dev/project"
STACK_LABEL = "kotaemon.dev/stack"
KEEP = "kotaemon.dev/keep"
"""Annotation of what holds data: it is never pruned and survives `make down`."""


def selector(project: str, stack: str) -> str:
    """Label selector of all that a stack has applied."""
    return f"{PROJECT_LABEL}={project},{STACK_LABEL}={stack}"


def holds_data(registration: Registration) -> bool:
    """Whether it holds data: what holds data is retained, and nothing else is."""
    return registration.retain_on_delete


def manifest(registration: Registration, project: str, stack: str) -> Manifest:
    """The object with a deterministic name and the labels by which a later run finds it again."""
    body = _whole_numbers(copy.deepcopy({k: v for k, v in registration.inputs.items() if k != "status"}))
    meta = body.setdefault("metadata", {})
    # No state file remembers random suffixes on this road.
    meta.setdefault("name", registration.name.lower())
    meta["labels"] = {**(meta.get("labels") or {}), PROJECT_LABEL: project, STACK_LABEL: stack}
    if holds_data(registration):
        meta["annotations"] = {**(meta.get("annotations") or {}), KEEP: "true"}
    if body["kind"] == "Secret" and (text := body.pop("stringData", None)):
        # stringData is write-only: comparing and keeping it needs its stored form.
        encoded = {k: base64.b64encode(str(v).encode()).decode() for k, v in text.items()}
        body["data"] = {**(body.get("data") or {}), **encoded}
    return body


def keep_ignored(body: Manifest, live: Manifest | None, ignore_changes: tuple[str, ...]) -> Manifest:
    """The object with the live values at the `ignore_changes` paths, as the engine does with values of its state."""
    if live is None:
        return body
    kept = copy.deepcopy(body)
    for path in ignore_changes:
        *parents, last = path.split(".")
        source, target = _at(live, parents), _at(kept, parents)
        if isinstance(target, dict):
            target.pop(last, None)
            if isinstance(source, dict) and last in source:
                target[last] = copy.deepcopy(source[last])
    return kept


def _at(value: Any, path: list[str]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _whole_numbers(value: Any) -> Any:
    # The SDK's wire format has only floats; the API server wants 1, not 1.0.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {k: _whole_numbers(v) for k, v in value.items()}
    return [_whole_numbers(v) for v in value] if isinstance(value, list) else value
