"""Pulumi's typed arguments as the plain object that the API server would get, before anything is registered."""

from collections.abc import Mapping
from typing import Any

from pulumi import Output
from pulumi._types import input_type_to_dict, is_input_type

UNKNOWN = "known at up"
"""Stands for a value that exists only after something was made."""


def manifest(args: Any) -> Any:
    """The arguments as mappings, lists and texts with the names of the API; UNKNOWN for every Output."""
    if isinstance(args, Output):
        return UNKNOWN
    if is_input_type(type(args)):
        return {name: manifest(value) for name, value in input_type_to_dict(args).items()}
    if isinstance(args, Mapping):
        return {str(name): manifest(value) for name, value in args.items()}
    if isinstance(args, list | tuple):
        return [manifest(value) for value in args]
    return args
