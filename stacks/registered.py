"""What the running program registers, as plain facts, with and without an engine."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.runtime import register_stack_transformation, rpc, settings

from estimate.recognise import Resource

UNKNOWN_TEXT = "known at up"


class Registered:
    """Stands between the program and the engine, and keeps each request that passes.

    A resource transform would see the same, but only where an engine is; a transformation is also called without one,
    but sees inputs before the SDK has translated them.
    """

    def __init__(self, monitor: Any) -> None:
        self._monitor = monitor
        self._made: list[pulumi.Resource] = []
        self._requests: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._monitor, name)

    def RegisterResource(self, request: Any) -> Any:
        """Pass the request on, and keep it under the URN that it got."""
        response = self._monitor.RegisterResource(request)
        self._requests[response.urn] = request
        return response

    def note(self, args: pulumi.ResourceTransformationArgs) -> None:
        """A resource was constructed; its request follows when its inputs are known."""
        self._made.append(args.resource)

    async def resources(self) -> list[Resource]:
        """All custom resources, once each is registered. Call it when the program has constructed them all."""
        await asyncio.gather(*(resource.urn.future() for resource in self._made))
        return [self._resource(request) for request in self._requests.values() if request.custom]

    def _resource(self, request: Any) -> Resource:
        inputs = plain(rpc.deserialize_properties(request.object, keep_unknowns=True))
        return Resource(request.type, request.name, self._components(request), inputs)

    def _components(self, request: Any) -> tuple[str, ...]:
        parent = self._requests.get(request.parent)
        return () if parent is None else (*self._components(parent), parent.name)


def watch() -> Registered:
    """Listen from now on, until the program ends."""
    listener = Registered(settings.get_monitor())
    ambient: Any = settings.SETTINGS
    ambient.monitor = listener
    register_stack_transformation(listener.note)
    return listener


def plain(value: Any) -> Any:
    """The value with secrets unwrapped and unknowns as UNKNOWN_TEXT."""
    if rpc.is_rpc_secret(value):
        return plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, pulumi.output.Unknown):
        return UNKNOWN_TEXT
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value
