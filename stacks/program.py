"""The Pulumi program: stack file -> settings -> planned stack -> guard -> components -> outputs."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from typing import Any

import pulumi

from stacks import cluster, earlier, elsewhere, intent, memory, one_folder, one_object, own_outputs, protected
from stacks.existing import take_up
from stacks.make import make
from stacks.names import NAMESPACE
from stacks.planned import Planned, planned, refuse
from stacks.settings import load
from stacks.settings.settings import Settings

SECRET_KEYS = ("apiKeys", "adminPassword", "authProxy", "registryLogins")
"""Top-level keys whose whole value is treated as secret."""
_LISTENER: ContextVar[Callable[[Planned], object] | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Callable[[Planned], object]) -> Generator[None]:
    """Call `listener` with the planned stack of every run within the `with` block.

    So the program need not import plan/.
    """
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def settings_of_this_run() -> Settings:
    """The validated stack file of the running Pulumi program. Raises SettingsError."""
    values, secret = load.from_runtime()
    file = load.stack_file(pulumi.get_stack())
    for key in (f"{NAMESPACE}:{name}" for name in SECRET_KEYS):
        if key in values and key not in secret:
            pulumi.log.warn(
                f"{key} is in plain text in {file}, and will be so in the engine's history; encrypt it with "
                f"`pulumi config set --secret`, for a key in a mapping with --path"
            )
    return load.load(values, secret, file)


def main() -> None:
    """Run the program for a cluster, which is asked what it has and admits before a resource is made."""
    run(ask=True)


def run(*, ask: bool = False) -> None:
    """Run the program. Everything is checked before the first resource is made. `ask`: whether to ask the cluster."""
    settings = settings_of_this_run()
    reads = partial(cluster.read, settings.cluster) if ask else None
    stack = planned(settings, reads)
    outputs = own_outputs.read()
    before, wanted = intent.merged(memory.remembered(outputs), outputs), memory.now(stack)
    refuse(list(one_folder.mistakes(wanted)))
    memory.check(stack, before, wanted)
    earlier.check(stack, earlier.made(outputs))
    if listener := _LISTENER.get():
        listener(stack)

    def register(kept: tuple[str, ...] = ()) -> dict[str, Any]:
        noted = intent.note(before, wanted, protect=settings.protect, blind=own_outputs.blind(outputs))
        if (left := intent.left(noted, before, wanted)) is not None:
            memory.check(stack, left, wanted)
        settled = intent.seal(before, wanted)
        remembered = replace(wanted, protected=kept, settled=settled)
        return make(stack, remembered, noted.resource, earlier.lived(outputs))

    found = one_object.rehearse(register)
    if found:
        protected.refuse(before.protected, found, pulumi.get_stack())
    # What could not be asked once is said once.
    if reads and stack.classes.cluster.version:
        told = elsewhere.admitted(found, settings.namespace, earlier.lived(outputs).claims, reads)
        refuse(told.refused)
        for line in told.warnings:
            pulumi.log.warn(line)
    take_up(settings)
    for name, value in register(protected.names(found)).items():
        pulumi.export(name, value)
