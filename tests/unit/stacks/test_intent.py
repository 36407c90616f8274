"""The intent of a run: in the state before anything else is registered, and read by a preview that cannot ask for it."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from plan import collect, stack_file
from plan.recorder import Echo, Run
from stacks import intent
from stacks.safety import RefusedByGuard

RunProgram = Callable[..., Run]
DEV = stack_file.read("dev")
NEVER = 1.0
"""Seconds in which a registration would come that did not wait."""


class Slow(Echo):
    """Answers for the intent only when nothing else has come meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.others = threading.Event()
        self.before: list[str] = []
        self.written = False

    def new_resource(self, args: Any) -> tuple[str | None, dict[str, Any]]:
        if args.typ == intent.TYPE:
            self.others.wait(NEVER)
            self.written = True
        elif not self.written:
            self.before.append(args.typ)
            self.others.set()
        return super().new_resource(args)


class Kept(Echo):
    """An engine whose state has an intent already: it keeps its value, as the option `ignore_changes` says."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        super().__init__()
        self.value = value

    def new_resource(self, args: Any) -> tuple[str | None, dict[str, Any]]:
        id_, outputs = super().new_resource(args)
        return id_, {"input": self.value} if args.typ == intent.TYPE else outputs


def intended(*, folder: str) -> dict[str, Any]:
    """What a first run of stack dev has noted: the uploads in a folder."""
    remembered = collect.make(DEV).memory
    places = {name: {"at": None, "maybe": [data["at"]]} for name, data in remembered["data"].items()}
    uploads = {**remembered["data"]["uploads"]["at"], "folder": folder}
    return {**remembered, "data": {**places, "uploads": {"at": None, "maybe": [uploads]}}}


def run(pulumi_run: RunProgram, engine: Echo, *, preview: bool) -> Run:
    stack: Any = {"stack": DEV.name, "config": DEV.config, "secret_keys": DEV.secret_keys}
    return pulumi_run(DEV.program, engine, preview=preview, **stack)


def test_nothing_is_registered_before_the_intent_is_in_the_state(pulumi_run: RunProgram) -> None:
    engine = Slow()
    run(pulumi_run, engine, preview=False)
    assert engine.written
    assert set(engine.before) <= {"pulumi:pulumi:Stack"}


def test_the_preview_after_a_first_run_that_was_killed_refuses_another_place(pulumi_run: RunProgram) -> None:
    with pytest.raises(RefusedByGuard, match="uploads: may be on, since a run that did not end well,"):
        run(pulumi_run, Kept(intended(folder="elsewhere")), preview=True)


def test_it_takes_the_same_place(pulumi_run: RunProgram) -> None:
    found = run(pulumi_run, Kept(intended(folder="uploads")), preview=True)
    assert found.one(intent.TYPE).ignore_changes == ("input",), "else the engine answers with the new value"
