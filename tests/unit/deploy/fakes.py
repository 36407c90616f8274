"""Engine events and a pulumi for tests that have no engine."""

from pathlib import Path
from typing import Any

from pulumi import automation as auto

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:dev::kotaemon::{type_}::{name}"


def step(phase: str, op: str, type_: str, name: str, namespace: str = "ns") -> auto.EngineEvent:
    """A resource event: `phase` is resourcePreEvent, resOutputsEvent or resOpFailedEvent."""
    state = {"type": type_, "urn": urn(type_, name), "inputs": {"metadata": {"name": name, "namespace": namespace}}}
    metadata = {"op": op, "urn": urn(type_, name), "type": type_, "provider": "", "new": state}
    return auto.EngineEvent.from_json({phase: {"metadata": metadata}})


def said(severity: str, message: str, about: str = "", ephemeral: bool = False) -> auto.EngineEvent:
    event: dict[str, Any] = {"severity": severity, "message": message, "urn": about, "color": "never"}
    return auto.EngineEvent.from_json({"diagnosticEvent": {**event, "ephemeral": ephemeral}})


def program(folder: Path, name: str, script: str) -> Path:
    """A shell script in place of a program."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path
