"""Turns values that the SDK passes to its monitor into plain Python values."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.runtime import rpc

from stacks.manifests import UNKNOWN as UNKNOWN_TEXT


def plain(value: Any) -> Any:
    """The value with secrets unwrapped, and with UNKNOWN_TEXT in place of unknown values."""
    if rpc.is_rpc_secret(value):
        return plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, pulumi.output.Unknown):
        return UNKNOWN_TEXT
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value
