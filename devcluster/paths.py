"""Where the devcluster keeps its files: one cache folder, nothing outside it."""

import os
import re
from pathlib import Path

from devcluster import recipe
from devcluster.errors import DevclusterError

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


def cache_root() -> Path:
    """The project's cache folder: `$KOTAEMON_CACHE`, else `$XDG_CACHE_HOME/kotaemon-storage`, else under `~/.cache`."""
    if own := os.environ.get("KOTAEMON_CACHE"):
        return Path(own).expanduser().absolute()
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared).expanduser().absolute() / "kotaemon-storage"
    return Path.home() / ".cache" / "kotaemon-storage"


def bin_root() -> Path:
    """Folder of all builds: `$KOTAEMON_BIN_CACHE`, else in the cache folder.

    The variable is for tests: they have a cache folder of their own and share the programs, whose build is long.
    """
    if own := os.environ.get("KOTAEMON_BIN_CACHE"):
        return Path(own).expanduser().absolute()
    return cache_root() / "devcluster-bin"


def bin_dir(part: str) -> Path:
    """Folder of the programs of a part (recipe.PARTS), built from the present modules and flags."""
    return bin_root() / recipe.key(part)


def cluster_dir(name: str) -> Path:
    """Folder of one cluster: its data, keys, kubeconfig and logs. Raises DevclusterError for an unusable name."""
    if not _NAME.fullmatch(name):
        raise DevclusterError(
            f"devcluster name {name!r} is not allowed: up to 40 lower-case letters, digits and '-', no '-' at the ends"
        )
    return cache_root() / "clusters" / name
