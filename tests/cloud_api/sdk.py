"""Checks what a program registers against the provider's own schema, as its Python SDK has it.

The SDK is generated from that schema: each resource has a class of its arguments with their names, their types and which
are required. The SDK itself refuses a name that it does not know, and takes a value of any type.
"""

import inspect
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Union, get_args, get_origin

import pulumi
from pulumi import _types

from plan.recorder import Registration

PACKAGES = {"aws": "pulumi_aws", "alicloud": "pulumi_alicloud"}


def refused(registration: Registration) -> list[str]:
    """Why the provider's schema would refuse the inputs. Those that are not known yet are not looked at."""
    arguments = _arguments(registration.type)
    required = {name for name, given in _parameters(arguments).items() if given is inspect.Parameter.empty}
    names = _types.input_type_py_to_pulumi_names(arguments)
    missing = [names[name] for name in required if registration.inputs.get(names[name]) is None]
    about = f"{registration.type} {registration.name}"
    return [
        *(f"{about}: {name} is missing" for name in missing if name not in registration.unknowns),
        *(f"{about}: {line}" for line in _structure(registration.inputs, arguments, "", registration.unknowns)),
    ]


@cache
def _arguments(token: str) -> type:
    package, _, rest = token.partition(":")
    module, _, name = rest.partition(":")
    found = import_module(f"{PACKAGES[package]}.{module.partition('/')[0]}")
    # Where a part of another resource has the name already, the SDK calls it so.
    return getattr(found, f"{name}InitArgs", None) or getattr(found, f"{name}Args")


def _parameters(kind: type) -> dict[str, Any]:
    return {n: p.default for n, p in inspect.signature(kind.__init__).parameters.items() if n != "__self__"}


def _structure(value: Any, kind: type, where: str, skipped: frozenset[str] = frozenset()) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{where}: {value!r} is no {kind.__name__}"
        return
    known = _types.input_type_types(kind)
    for name, inner in value.items():
        path = f"{where}.{name}" if where else name
        if name not in known:
            yield f"{path} is not known"
        elif inner is not None and name not in skipped:
            yield from _value(inner, known[name], path)


def _value(value: Any, kind: Any, where: str) -> Iterator[str]:
    kind = _plain(kind)
    origin = get_origin(kind)
    if _types.is_input_type(kind):
        yield from _structure(value, kind, where)
    elif origin is Mapping:
        for name, inner in value.items():
            yield from _value(inner, get_args(kind)[1], f"{where}.{name}")
    elif origin is Sequence:
        if not isinstance(value, list):
            yield f"{where}: {value!r} is no list"
            return
        for inner in value:
            yield from _value(inner, get_args(kind)[0], f"{where}[]")
    elif kind in (str, int, float, bool) and not _fits(value, kind):
        yield f"{where}: {value!r} is no {kind.__name__}"


def _plain(kind: Any) -> Any:
    """The type without the ways of Pulumi to give a value later, and without the enumeration beside a text."""
    if get_origin(kind) is not Union:
        return kind
    now = [one for one in get_args(kind) if one is not type(None) and get_origin(one) not in (Awaitable, pulumi.Output)]
    return _plain(now[0])


def _fits(value: Any, kind: type) -> bool:
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    # The engine's protocol has one kind of number; a whole one is an int to a provider.
    if kind is int and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, (int, float) if kind is float else kind)
