"""Turns inputs from other languages into the values that the components take.

The engine sends whole numbers as floats and maps in no fixed order. It sends a whole structure as one Output when a
part of it comes from another resource. The components need plain values for what decides which resources they make
(pulumi/pulumi#18526).
"""

import asyncio
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Union, cast, get_args, get_origin

from pulumi import InputPropertyError, Output, Resource
from pulumi.output import contains_unknowns
from typing_extensions import NotRequired, Required, is_typeddict


def camel(name: str) -> str:
    """The name in the schema of a field in Python."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def settled(value: Any) -> Any:
    """Turn whole floats into int and sort maps by their keys, at every depth.

    The schema has no fractional number; a test checks that. On the wire a map has another order in every run. The order
    of `subnets` becomes the order of the zones in a volume's node affinity, and Kubernetes never allows that to change.
    """
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {k: settled(value[k]) for k in sorted(value)}
    return [settled(v) for v in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Part:
    """A value from inside an Output, with the secretness and the dependencies that it inherits from the Output."""

    value: Any
    secret: bool = False
    resources: frozenset[Resource] = frozenset()

    def of(self, value: Any) -> "Part":
        """A part of this part, which may be an Output of its own."""
        if not isinstance(value, Output):
            return replace(self, value=value)
        output = cast("Output[Any]", value)
        return Part(
            _now(output.future(True)),
            self.secret or _now(output.is_secret()),
            self.resources | _now(output.resources()),
        )

    def again(self) -> Any:
        """The value as an input of a component: an Output again, unless it is plain and depends on nothing."""
        value, unknown = settled(self.value), contains_unknowns(self.value)
        if not (self.secret or self.resources or unknown):
            return value
        return Output(set(self.resources), _done(value), _done(not unknown), _done(self.secret))


class Opened:
    """Opens the inputs of one component: it takes plain values out of Outputs."""

    def __init__(self) -> None:
        self.resources: set[Resource] = set()
        """The resources that the opened values come from. The component has to depend on them."""

    def fields(self, given: Part, shape: type[Any], path: str = "") -> dict[str, Any]:
        """The inputs of a TypedDict, under their names in the schema. Raises InputPropertyError."""
        # Not get_type_hints: it would evaluate the "Output[T]" inside Input in this module, where T is not known.
        hints = {camel(name): hint for name, hint in shape.__annotations__.items()}
        return {
            key: self._value(given, value, hints[key], f"{path}.{key}" if path else key)
            for key, value in given.value.items()
            if key in hints and value is not None
        }

    def _value(self, owner: Part, value: Any, hint: Any, path: str) -> Any:
        hint = _bare(hint)
        if _takes_outputs(hint):
            return value.apply(settled) if isinstance(value, Output) else owner.of(value).again()
        part = owner.of(value)
        self.resources |= part.resources
        raw, kind = part.value, get_origin(hint)
        if isinstance(raw, dict) and is_typeddict(hint):
            return self.fields(part, hint, path)
        if isinstance(raw, dict) and kind in (dict, Mapping):
            inner = get_args(hint)[1]
            return {k: self._value(part, raw[k], inner, f"{path}.{k}") for k in sorted(raw)}
        if isinstance(raw, list) and kind in (list, Sequence):
            (inner,) = get_args(hint)
            return [self._value(part, v, inner, f"{path}[{n}]") for n, v in enumerate(raw)]
        why = "but it decides what is made"
        if contains_unknowns(raw):
            raise InputPropertyError(path, f"is only known once something else exists, {why}; give a plain value")
        if part.secret:
            raise InputPropertyError(path, f"is a secret, {why}, and what is made would reveal it; give a plain value")
        return settled(raw)


def _now(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of an Output that the engine delivered. It is complete, so nothing is waited for."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise asyncio.InvalidStateError("an input was still being computed when the component was made")


def _done(value: Any) -> "asyncio.Future[Any]":
    future: asyncio.Future[Any] = asyncio.Future()
    future.set_result(value)
    return future


def _bare(hint: Any) -> Any:
    """A type without NotRequired, Required and Optional around it."""
    while get_origin(hint) in (NotRequired, Required):
        (hint,) = get_args(hint)
    if get_origin(hint) is Union:
        some = [arm for arm in get_args(hint) if arm is not type(None)]
        return some[0] if len(some) == 1 else hint
    return hint


def _takes_outputs(hint: Any) -> bool:
    """Whether a field's type is Input[...]: the SDK's union of a value, an Awaitable and an Output."""
    return any(get_origin(arm) is Awaitable for arm in get_args(hint))
