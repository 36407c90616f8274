"""From a recorded registration to the object as the API server gets it."""

import copy
from typing import Any

from plan.recorder import Registration


def manifest(registration: Registration) -> dict[str, Any]:
    """The object; where the program gives no name, the engine adds a random suffix to the one that is used here."""
    body = _whole_numbers(copy.deepcopy({k: v for k, v in registration.inputs.items() if k != "status"}))
    body.setdefault("metadata", {}).setdefault("name", registration.name.lower())
    return body


def _whole_numbers(value: Any) -> Any:
    # The SDK's wire format has only floats; the API server wants 1, not 1.0.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {k: _whole_numbers(v) for k, v in value.items()}
    return [_whole_numbers(v) for v in value] if isinstance(value, list) else value
