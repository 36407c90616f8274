"""How a component says what is wrong with its arguments.

Each component has a pure `check(name, args)`: all mistakes of its arguments, most of them beginning with the argument's
name. The constructor calls it before it registers anything, and a program can call it long before that.
"""

import re
from collections.abc import Sequence

import pulumi
from pulumi import Input


def because(key: str, *reasons: str) -> list[str]:
    """Mistakes of one argument: its key before each reason that is not empty."""
    return [f"{key}: {reason}" for reason in reasons if reason]


def reasons(*found: str) -> list[str]:
    """The reasons that are not empty, for texts that name the argument themselves."""
    return [reason for reason in found if reason]


def refuse(component: str, name: str, mistakes: Sequence[str]) -> None:
    """Raises pulumi.RunError with all mistakes, when there are any. `component` and `name`: who says it."""
    if len(mistakes) == 1:
        raise pulumi.RunError(f"{component} {name!r}: {mistakes[0]}")
    if mistakes:
        lines = "\n".join(f"  - {mistake}" for mistake in mistakes)
        raise pulumi.RunError(f"{component} {name!r} cannot be made like this:\n{lines}")


def require(what: str, *found: str) -> None:
    """Raises pulumi.RunError with the first reason there is. `what` names what it is about."""
    for reason in reasons(*found):
        raise pulumi.RunError(f"{what}: {reason}")


def refused_label(value: Input[str]) -> str:
    """Why Kubernetes would refuse a name of a Namespace or a Service (RFC 1123 label); nothing for an unknown value."""
    if not isinstance(value, str) or re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", value):
        return ""
    return f"{value!r} is not allowed; it must have 1 to 63 lower-case letters, digits or '-', and no '-' at its ends"


def refused_folder(folder: str) -> str:
    """Why a path cannot be a folder inside a claim; empty when it can."""
    parts = folder.split("/")
    if folder and not folder.startswith("/") and not {"", ".", ".."} & set(parts):
        return ""
    return f"{folder!r} is not a folder inside the claim; it must be relative, for example models"
