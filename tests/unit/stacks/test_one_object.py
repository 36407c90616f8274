"""The rehearsal: everything is registered once where it is only noted, and what two resources describe is refused."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from pulumi.runtime.settings import Settings

from guard.twice import described
from plan.recorder import Run
from stacks import one_object
from stacks.safety import RefusedByGuard

RunProgram = Callable[..., Run]


def secret(name: str, called: Any) -> k8s.core.v1.Secret:
    return k8s.core.v1.Secret(name, metadata={"namespace": "rag", "name": called})


def two_of_one_name() -> None:
    secret("first", "password")
    secret("second", "password")


def test_a_rehearsal_registers_nothing_on_the_run_it_is_in(pulumi_run: RunProgram) -> None:
    found: list[str] = []

    def program() -> None:
        found.extend(described(one) for one in one_object.noted(two_of_one_name))
        secret("third", "other")

    done = pulumi_run(program, stack="rehearsed")
    assert found == ["Secret rag/password"] * 2
    assert [r.name for r in done.registrations] == ["third"]
    assert done.registrations[0].urn.startswith("urn:pulumi:rehearsed::")


def test_a_rehearsal_does_not_wait_for_the_run_it_is_in() -> None:
    """In an inline program a thread without a run of its own shares the run's values, and the run stands still."""

    def run() -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        Settings("kotaemon", "dev")  # as the server of inline programs makes them, in an empty context
        never: asyncio.Future[Any] = loop.create_future()
        pulumi.Output.from_input(never)
        found.extend(described(one) for one in one_object.noted(two_of_one_name))
        ended.set()
        waiting = [task for task in asyncio.all_tasks(loop) if task.cancel()]
        loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
        loop.close()

    found: list[str] = []
    ended = threading.Event()
    threading.Thread(target=run, daemon=True).start()
    assert ended.wait(60), "it waits for a value of the run"
    assert found == ["Secret rag/password"] * 2


def test_a_rehearsal_says_nothing(pulumi_run: RunProgram, caplog: pytest.LogCaptureFixture) -> None:
    """Its warnings are those of the run, which would be told twice."""

    def program() -> None:
        one_object.noted(lambda: pulumi.log.warn("words of the rehearsal"))

    pulumi_run(program, stack="dev")
    assert "words of the rehearsal" not in caplog.text


def test_what_it_finds_is_refused_with_both_names(pulumi_run: RunProgram) -> None:
    def program() -> None:
        one_object.refuse(one_object.noted(two_of_one_name), pulumi.get_stack())

    with pytest.raises(RefusedByGuard) as caught:
        pulumi_run(program, stack="dev")
    assert str(caught.value).splitlines() == [
        "Pulumi.dev.yaml: refused by the guard, nothing was created:",
        "  - Secret rag/password: is described by first and by second; rename one of their claims or stores",
    ]


def test_a_name_that_only_a_provider_knows_is_passed_over(pulumi_run: RunProgram) -> None:
    def of_a_cloud() -> None:
        told = pulumi.runtime.invoke("aws:any:getName", {}).value
        assert told is None
        generated = k8s.core.v1.Secret("generated").metadata.apply(lambda of: of.name)
        secret("first", generated)
        secret("second", pulumi.Output.from_input("told"))

    seen: list[str] = []
    pulumi_run(lambda: seen.extend(described(one) for one in one_object.noted(of_a_cloud)))
    assert "Secret rag/told" in seen


def test_its_errors_are_those_of_the_run(pulumi_run: RunProgram) -> None:
    def wrong() -> None:
        secret("first", "password")
        raise pulumi.RunError("a mistake")

    with pytest.raises(pulumi.RunError, match="a mistake"):
        pulumi_run(lambda: one_object.noted(wrong))  # type: ignore[arg-type]
