"""Sizes in the units that Kubernetes uses for storage: Gi (GiB) and Ti (TiB)."""

import re

import pulumi

_SIZE = re.compile(r"([1-9][0-9]*)(Gi|Ti)")
_GIB = {"Gi": 1, "Ti": 1024}


def refused_size(size: str) -> str:
    """Why a text is no size; empty when it is one.

    Only Gi and Ti: decimal units (100GB is 93 GiB) are how people get a smaller disk than they think.
    """
    if _SIZE.fullmatch(size):
        return ""
    return f"{size!r} is not allowed; it must be a whole number of Gi or Ti, for example 100Gi"


def mib(size: str, what: str) -> int:
    """A size in MiB, which may also be said in Mi: `64Mi` is 64, `1Gi` is 1024. Raises pulumi.RunError as `gib`."""
    return int(size[:-2]) if re.fullmatch(r"[1-9][0-9]*Mi", size) else gib(size, what) * 1024


def gib(size: str, what: str) -> int:
    """A size in GiB: `100Gi` is 100, `2Ti` is 2048. `what` names the argument in the error. Raises pulumi.RunError."""
    match = _SIZE.fullmatch(size)
    if match is None:
        raise pulumi.RunError(f"{what}: {refused_size(size)}")
    return int(match[1]) * _GIB[match[2]]
