"""Registers listeners on tables, constraints and pools."""

from typing import Any


def listen(*_: Any) -> None:
    """Do nothing: no table, constraint or pool is ever made here."""
