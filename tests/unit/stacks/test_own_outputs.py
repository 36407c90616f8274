"""The stack's own state is read when the engine has written the stack itself, and not beside that."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from plan.recorder import STACK_TYPE, Recorder, Run
from stacks import own_outputs

RunProgram = Callable[..., Run]
LATE = 0.3
"""Seconds in which a question would come that did not wait."""


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Whether the engine, which takes its time, has written the stack itself."""
    found = threading.Event()
    real = Recorder.RegisterResource

    def register(monitor: Recorder, request: Any) -> Any:
        if request.type == STACK_TYPE:
            time.sleep(LATE)
            found.set()
        return real(monitor, request)

    monkeypatch.setattr(Recorder, "RegisterResource", register)
    return found


@pytest.fixture
def asked(written: threading.Event, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """The functions of the engine that were called, and whether it had written the stack by then."""
    found: list[tuple[str, bool]] = []
    real = pulumi.runtime.invoke

    def invoke(token: str, *given: Any) -> Any:
        found.append((token, written.is_set()))
        return real(token, *given)

    monkeypatch.setattr(pulumi.runtime, "invoke", invoke)
    return found


def test_the_outputs_are_read_after_the_stack_is_written(asked: list[tuple[str, bool]], pulumi_run: RunProgram) -> None:
    def program() -> None:
        assert own_outputs.read() == {"url": "http://here"}

    pulumi_run(program, earlier={"url": "http://here"})
    assert asked == [(own_outputs.READ, True)]


def test_so_are_those_of_a_resource(asked: list[tuple[str, bool]], pulumi_run: RunProgram) -> None:
    def program() -> None:
        assert own_outputs.read_resource("pulumi:index:Stash", "one", {"url": "http://here"}) == {}

    pulumi_run(program)
    assert asked == [(own_outputs.READ_RESOURCES, True)]
