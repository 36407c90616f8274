"""Says for as long as the application runs that it uses its version of the models, so that no cache evicts it."""

import fcntl
import os
from pathlib import Path

from ks_environment import say

DIGEST = ".manifest.sha256"
"""The file in each version that is locked (components/models/runtime/ks_models_fill.py, in_use)."""
_HELD: list[int] = []


def hold(models: Path) -> None:
    """Lock the version, shared, until this process ends. A folder that is no version has no such file."""
    try:
        handle = os.open(models / DIGEST, os.O_RDONLY)
    except FileNotFoundError:
        return
    _HELD.append(handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:  # a mount without locks, or an eviction that looks at this moment
        say(f"warning: the models in {models} could not be marked as used: {error.strerror}")
