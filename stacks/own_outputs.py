"""What the stack's last runs left in the engine's state, read before anything is registered: outputs and resources."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import Output
from pulumi.runtime import get_root_resource, is_dry_run
from pulumi.runtime.sync_await import _sync_await  # pyright: ignore[reportPrivateUsage]

READ = "pulumi:pulumi:readStackOutputs"
"""The engine's own function behind StackReference (pkg/resource/deploy/builtins.go). It is synchronous, works in
previews, and gives no outputs for a stack that was never up. The SDK does not document it."""
READ_RESOURCES = "pulumi:pulumi:readStackResourceOutputs"
"""The same for the outputs of every resource (the same file). It ends the engine where there is no state at all: on a
backend of files the state of a new stack is nothing, and is not asked whether it is (pkg/backend/backend.go)."""


def read() -> Mapping[str, Any]:
    """Name of an output -> its value. Empty on a first run."""
    return _ask(READ, "name")


def read_resource(type_: str, name: str, outputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """The outputs of one resource, as the last run that made or changed it left them, also a run that was killed.

    Empty: there is none, or this run is blind. `outputs`: those of the stack; they tell that there is a state.
    """
    if blind(outputs):
        return {}
    for urn, found in _ask(READ_RESOURCES, "stackName").items():
        if found.get("type") == type_ and urn.rpartition("::")[2] == name:
            return found.get("outputs") or {}
    return {}


def blind(outputs: Mapping[str, Any]) -> bool:
    """Whether this run cannot ask about resources, as it does not know whether there is a state: a preview of a stack
    without outputs. An `up` has always written the stack itself before it asks. `outputs`: those of the stack.
    """
    return not outputs and is_dry_run()


def wait(value: Output[Any]) -> Any:
    """The value of an Output, once the engine has answered for its resource: in an `up` that is in the state then.

    Only for what depends on nothing: the program stands still meanwhile. None: a preview does not know it.
    """
    return _sync_await(value.future())


def _ask(token: str, argument: str) -> Mapping[str, Any]:
    _await_the_stack()
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    answer = pulumi.runtime.invoke(token, {argument: name}).value or {}
    return answer.get("outputs") or {}


def _await_the_stack() -> None:
    """Wait until the engine has written the stack's own resource, as `pulumi.runtime.invoke` waits for its answer.

    There is a state then. And nobody writes it meanwhile: a backend of files puts a second file beside the state, with
    its type, which is empty for a moment at each write (gocloud.dev/blob/fileblob/attrs.go), and reading then ends in
    "failed to load checkpoint: EOF".
    """
    root = get_root_resource()
    if root is not None:
        _sync_await(root.urn.future())
