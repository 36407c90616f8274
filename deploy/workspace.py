"""The SDK's workspace and stack, without the calls of the command line that tell us nothing.

Each call takes a third of a second, and those that decrypt take a second: the key is derived from the passphrase anew.
The SDK makes four around every run.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pulumi import automation as auto

SECRET = "[secret]"  # noqa: S105 what is shown in the place of one
_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Key by which the state marks a value that is encrypted (pulumi: sdk/go/common/resource/sig/sig.go)."""


class Workspace(auto.LocalWorkspace):
    """A workspace whose backend is files in a folder of this machine."""

    checkpoint: Path
    """The state of its one stack, as the backend keeps it."""

    def select_stack(self, stack_name: str) -> None:
        """Nothing, where the stack is known: every call names it."""
        if not self.checkpoint.exists():
            super().select_stack(stack_name)

    def stack_outputs(self, stack_name: str) -> auto.OutputMap:
        """The outputs after the last run; SECRET in the place of secret ones."""
        found = {name: _masked(value) for name, value in outputs(self.checkpoint).items()}
        return {name: auto.OutputValue(value, secret) for name, (value, secret) in found.items()}


class Stack(auto.Stack):
    """A stack of such a workspace, made when it is new."""

    def __init__(self, name: str, workspace: Workspace) -> None:
        # The SDK's own `create_or_select` makes its own class.
        vars(self).update(vars(auto.Stack.create_or_select(name, workspace)))

    def info(self, show_secrets: bool = True) -> auto.UpdateSummary:
        """Not asked for: what a run did, its events have told."""
        now = datetime.now(timezone.utc)
        return auto.UpdateSummary("", now, "", {}, {}, "", now)


def latest(checkpoint: Path) -> dict[str, Any]:
    """The state of a stack; empty: there is none yet."""
    if not checkpoint.exists():
        return {}
    return json.loads(checkpoint.read_text())["checkpoint"].get("latest") or {}


def outputs(checkpoint: Path) -> Mapping[str, Any]:
    """The stack's outputs as the state has them: secret ones are encrypted."""
    stacks = (r for r in latest(checkpoint).get("resources") or () if r["type"] == "pulumi:pulumi:Stack")
    return next((r.get("outputs") or {} for r in stacks), {})


def _masked(value: Any) -> tuple[Any, bool]:
    """The value with SECRET for what is encrypted in it, and whether anything was."""
    if isinstance(value, dict):
        if _SIGNATURE in value:
            return SECRET, True
        found = {key: _masked(inner) for key, inner in value.items()}
        return {key: inner for key, (inner, _) in found.items()}, any(secret for _, secret in found.values())
    if isinstance(value, list):
        items = [_masked(inner) for inner in value]
        return [inner for inner, _ in items], any(secret for _, secret in items)
    return value, False
