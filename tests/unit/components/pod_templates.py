"""Finds the templates of pods in whatever a program registers."""

from typing import Any


def templates_in(value: Any) -> list[dict[str, Any]]:
    """Every template of pods in the inputs of a resource, at any depth."""
    if isinstance(value, list):
        return [found for item in value for found in templates_in(item)]
    if not isinstance(value, dict):
        return []
    if "containers" in (value.get("spec") or {}):
        return [value]
    return [found for item in value.values() for found in templates_in(item)]
