"""Sizes as Kubernetes writes them."""

import re

import pulumi

_GIB = {"Gi": 1, "Ti": 1024}


def gib(size: str, what: str) -> int:
    """`100Gi` -> 100, `2Ti` -> 2048. `what` names the argument in the error. Raises pulumi.RunError.

    Only Gi and Ti: decimal units (100GB is 93 GiB) are how people get a smaller disk than they think.
    """
    match = re.fullmatch(r"([1-9][0-9]*)(Gi|Ti)", size)
    if match is None:
        raise pulumi.RunError(
            f"{what}: {size!r} is not allowed; it must be a whole number of Gi or Ti, for example 100Gi"
        )
    return int(match[1]) * _GIB[match[2]]
