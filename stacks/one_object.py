"""Stops a run in which two resources describe the same object or the same named thing of a cloud.

An engine finds the second one when it makes it, after the first, and a preview can be skipped. So the program registers
everything once on a monitor that only notes it, and asks guard/twice.py, before it registers anything on the engine. It
takes a tenth of a second. A plan needs no rehearsal: it asks about what it has recorded.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import SETTINGS, get_monitor
from pulumi.runtime.stack import run_pulumi_func

from guard.twice import Described, twice
from stacks.safety import RefusedByGuard
from stacks.settings.load import stack_file


def refuse(found: Iterable[Described], stack: str) -> None:
    """Raise RefusedByGuard when two of these describe one thing."""
    if lines := twice(found):
        text = "\n".join(f"  - {line}" for line in lines)
        raise RefusedByGuard(f"{stack_file(stack)}: refused by the guard, nothing was created:\n{text}")


def rehearse(register: Callable[[], object]) -> list[Described]:
    """What `register` registers; what it would register twice is refused. On mocks nothing is rehearsed."""
    if isinstance(get_monitor(), MockMonitor):
        return []
    found = noted(register)
    refuse(found, pulumi.get_stack())
    return found


def noted(register: Callable[[], object]) -> list[Described]:
    """What `register` registers. It runs in a thread: the SDK keeps all that belongs to a run in context variables,
    and the thread has none of this run."""
    notes = _Notes()
    failed: list[BaseException] = []
    project, stack, organization = pulumi.get_project(), pulumi.get_stack(), pulumi.get_organization()

    def rehearsal() -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        # Of these the thread would have those of the run: the SDK falls back on what was set first in a thread without
        # any (ContextProperty.fset), as in an inline program. It would wait for values of the run, which stands still.
        settings: Any = SETTINGS
        settings.outputs, settings.lock = set(), threading.Lock()
        try:
            mocks.set_mocks(
                notes.mocks,
                project=project,
                stack=stack,
                organization=organization,
                preview=True,
                monitor=notes,
                logger=_silent(),
            )
            loop.run_until_complete(run_pulumi_func(lambda: _without_result(register)))
        except BaseException as error:  # raised again in the thread of the run
            failed.append(error)
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    thread = threading.Thread(target=rehearsal)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return notes.found


def _silent() -> logging.Logger:
    """Takes what the rehearsal warns of: the run itself says it."""
    logger = logging.getLogger(__name__)
    logger.disabled = True
    return logger


def _without_result(register: Callable[[], object]) -> None:
    register()


class _Echo(mocks.Mocks):
    """Answers with a resource's inputs; an object has a name, as its provider tells it."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        outputs = dict(args.inputs)
        if args.typ.startswith("kubernetes:") and "apiVersion" in outputs:
            outputs["metadata"] = {"name": args.name, **(outputs.get("metadata") or {})}
        return f"{args.name}-id", outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return {}, None


class _Notes(MockMonitor):
    """Notes what is registered. What only a provider could answer is unknown, as in a preview."""

    def __init__(self) -> None:
        super().__init__(_Echo())
        self.found: list[Described] = []

    def RegisterResource(self, request: Any) -> Any:
        if request.custom:
            inputs = rpc.deserialize_properties(request.object, keep_unknowns=True)
            earlier = tuple(alias.spec.name for alias in request.aliases if alias.spec.name)
            self.found.append(Described(request.type, request.name, inputs, request.protect, earlier))
        return super().RegisterResource(request)

    def Invoke(self, request: Any) -> Any:
        return resource_pb2.ResourceInvokeResponse(unknown=True)
