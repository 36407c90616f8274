"""Plain values from what the SDK hands to its monitor."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.runtime import rpc

UNKNOWN_TEXT = "known at up"


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
