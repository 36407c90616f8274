"""Fills the cache of a pod or a node with one version of the models, from the shared claim or from a leader.

ks_models_start.py says what it is told, and runs it where the start is not a warm one.

A copy goes to <cache>/.filling/<version> and is renamed when every hash is right. One that was killed goes on from
there. A second pod of the node waits for the first, and then finds the copy.

Exit codes: 75 try again later, 78 somebody has to do something first; the message says what.
"""

import contextlib
import os
import time
from pathlib import Path
from typing import Any

from ks_models_layout import DIGEST, MANIFEST, METRICS, NO_VERSION, VERSIONS
from ks_models_tree import (
    EX_TEMPFAIL,
    VERSION,
    Refused,
    checked_version,
    end_on_sigterm,
    refuse,
    remove_leftovers,
    remove_tree,
    say,
)

FILLING, LOCK = ".filling", ".lock"
USED_SECONDS = 3600
"""A version that a pod has asked for in the last hour is not evicted: its application may not have opened it yet."""


def digest_in(folder: Path) -> str:
    try:
        return (folder / DIGEST).read_text(errors="replace").strip()
    except FileNotFoundError:
        return ""


class Shared:
    """The folder of the role `models` on the shared claim, where versions come from."""

    where = "on the shared claim"

    def __init__(self, shared: Path) -> None:
        self.versions = shared / VERSIONS

    def digest(self, version: str) -> str:
        """The digest of a version; empty: it is not published."""
        return digest_in(self.versions / version)

    def texts(self, version: str) -> tuple[str, str]:
        """The manifest of a version, and its digest. Raises Refused for one that is not there."""
        from ks_models_manifest import texts

        if not (self.versions / version).is_dir():
            raise Refused(
                f"version {version} is not on the shared claim: there is no {self.versions / version}. Publish it "
                "first, or name one that is there (docs/models.md)"
            )
        return texts(self.versions / version)

    def copy(self, version: str, target: Path, manifest: dict[str, Any], resumed: bool) -> Any:
        """The copy of a version into a folder: its `run(progress)` returns what is wrong with the source."""
        from ks_models_copy import Copy

        return Copy(self.versions / version, target, manifest, resumed)


def source() -> Any:
    """Where versions come from, as the pod is told: `Shared`, or `Leader` of ks_models_pull.py. Raises Refused."""
    leader = os.environ.get("KS_MODELS_LEADER", "")
    if not leader:
        return Shared(Path(os.environ["KS_MODELS_SHARED"]))
    from ks_models_pull import Leader

    return Leader(leader, os.environ["KS_MODELS_CA"], os.environ.get("KS_MODELS_DIGEST", ""))


def warm(cache: Path, shared: Any, version: str) -> bool:
    """Whether the cache has the version. Of the source one line is read, and no model. Raises Refused."""
    here = digest_in(cache / version)
    if not here:
        return False
    published = shared.digest(version)
    if published and published != here:
        raise Refused(
            f"version {version} in the cache is not the one {shared.where}: their manifests differ. A published "
            f"version never changes; publish the new files under a new name, or remove {cache / version} on this node"
        )
    with contextlib.suppress(OSError):  # of another user of the pods, or on a disk that is full
        os.utime(cache / version / DIGEST)
    return True


def fill(cache: Path, shared: Any, version: str, limit: int | None = None) -> str:
    """Bring the version into the cache, and say how: `warm` or `cold`. Raises Refused, and Full for a full disk.

    `shared`: Shared or Leader; or the folder of the shared claim.
    """
    checked_version(version)
    shared = Shared(shared) if isinstance(shared, Path) else shared
    if warm(cache, shared, version):
        return "warm"
    # Imported here: a warm start needs none of it, and takes milliseconds.
    from ks_models_tree import locked

    with locked(cache / LOCK, f"another pod of this node fills the cache; waiting for it ({cache / LOCK})"):
        if warm(cache, shared, version):
            return "warm"
        _cold(cache, shared, version, limit)
    return "cold"


def _cold(cache: Path, shared: Any, version: str, limit: int | None) -> None:
    from ks_models_manifest import checked
    from ks_models_tree import sync_file_system, write_whole
    from ks_models_work import Full, Progress

    remove_leftovers(cache)
    text, digest = shared.texts(version)
    manifest = checked(text, digest, f"{version} {shared.where}")
    filling = cache / FILLING / version
    filling.parent.mkdir(exist_ok=True)
    resumed = _prepare(filling, text, digest)
    try:
        make_room(cache, version, manifest["bytes"] - _size(filling), manifest["bytes"], limit)
        progress = Progress(f"filling {version}", manifest["bytes"])
        if mistakes := shared.copy(version, filling, manifest, resumed).run(progress):
            raise Refused(f"version {version} {shared.where} is not what its manifest says: {'; '.join(mistakes)}")
        sync_file_system(filling)
    except Full as full:
        remove_tree(filling)
        remove_leftovers(filling.parent)
        raise Full(f"the cache is full: {full}; version {version} needs {manifest['bytes']} bytes") from None
    os.rename(filling, cache / version)  # a power cut that undoes it leaves a copy to take up
    say(f"{progress.text()}: done in {progress.seconds:.1f} s")
    write_whole(cache / METRICS, metrics(version, manifest, progress.seconds), lasting=False)


def _prepare(filling: Path, text: str, digest: str) -> bool:
    """Make the folder of an unfinished copy, or take up the one that is there. Whether it was there."""
    from ks_models_tree import write_whole

    if filling.is_dir() and digest_in(filling) != digest:
        remove_tree(filling)  # of another package, or from before its manifest was written
    resumed = filling.is_dir()
    if resumed:
        say(f"a copy was broken off in {filling}; what is right of it is kept")
    else:
        filling.mkdir()
    # The sync before the version gets its name makes these last as well; and after a power cut they are written again.
    write_whole(filling / MANIFEST, text, lasting=False)
    write_whole(filling / DIGEST, digest, lasting=False)
    return resumed


def _size(folder: Path) -> int:
    """Bytes that the folder really takes on the disk: large files are made with holes."""
    return sum(
        os.lstat(os.path.join(path, name)).st_blocks * 512 for path, _, names in os.walk(folder) for name in names
    )


def make_room(cache: Path, version: str, missing: int, needed: int, limit: int | None) -> None:
    """Evict the versions that were not used for the longest time, as far as it takes. Raises Full.

    Copies of other versions that were broken off go first: nobody fills the cache beside us, and nobody counts them.
    """
    from ks_models_work import Full

    if limit is not None and needed > limit:
        raise Refused(f"version {version} has {needed} bytes, and the cache may hold {limit}: raise cache.limit")
    for left in (cache / FILLING).iterdir():
        if left.name != version:
            say(f"removing the copy of version {left.name} that was broken off")
            remove_tree(left)
    for name, size in cached(cache):
        total = sum(other for _, other in cached(cache))
        if (limit is None or total + needed <= limit) and missing <= _free(cache):
            return
        if name != version and not in_use(cache / name):
            say(f"evicting version {name} ({size} bytes)")
            remove_tree(cache / name)
    total = sum(other for _, other in cached(cache))
    if missing > _free(cache):
        raise Full(f"{cache} has {_free(cache)} bytes free, and {missing} are missing")
    if limit is not None and total + needed > limit:
        raise Full(f"the versions that are in use have {total} bytes of the limit of {limit}, and {needed} are needed")


def _free(cache: Path) -> int:
    state = os.statvfs(cache)
    return state.f_bavail * state.f_frsize


def cached(cache: Path) -> list[tuple[str, int]]:
    """The complete versions with their bytes; the one that was not used for the longest time first."""
    import json

    found: list[tuple[float, str, int]] = []
    for entry in cache.iterdir():
        # What else is there is not ours: the lost+found of a disk, which only root reads.
        if VERSION.fullmatch(entry.name) and (entry / DIGEST).is_file():
            try:
                size = json.loads((entry / MANIFEST).read_text())["bytes"]
            except (OSError, ValueError, KeyError, TypeError):
                size = _size(entry)  # rotten; it goes as the others do
            found.append(((entry / DIGEST).stat().st_mtime, entry.name, size))
    return [(name, size) for _, name, size in sorted(found)]


def in_use(folder: Path) -> bool:
    """Whether a pod of this node uses the version: its application holds a lock on the file with the digest
    (components/kotaemon/runtime/ks_models.py), or is about to."""
    import fcntl

    with (folder / DIGEST).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        # On either side of now: a clock that was wrong must not keep a version for ever.
        return abs(time.time() - os.fstat(file.fileno()).st_mtime) < USED_SECONDS


def metrics(version: str, manifest: dict[str, Any], seconds: float) -> str:
    """The last copy in the text format of Prometheus, for node-exporter's textfile collector or `cat`."""
    of = f'{{version="{version}"}}'
    numbers = {
        "kotaemon_models_fill_bytes": manifest["bytes"],
        "kotaemon_models_fill_files": len(manifest["files"]),
        "kotaemon_models_fill_seconds": round(seconds, 3),
        "kotaemon_models_fill_end_seconds": int(time.time()),
    }
    return "".join(f"# TYPE {name} gauge\n{name}{of} {value}\n" for name, value in numbers.items())


def check_cached(cache: Path, version: str) -> None:
    """Look at every hash of a version in the cache. Raises Refused."""
    from ks_models_manifest import read, verify

    if mistakes := verify(cache / version, read(cache / version)):
        raise Refused(f"version {version} in the cache is not what its manifest says: {'; '.join(mistakes)}")


def main() -> int:
    version, cache = os.environ.get("KS_MODELS_VERSION", NO_VERSION), Path(os.environ["KS_MODELS_CACHE"])
    if version == NO_VERSION:
        (cache / NO_VERSION).mkdir(exist_ok=True)  # the kubelet would make it, as root
        say("no version was released yet; the application starts without models of its own")
        return 0
    end_on_sigterm()
    limit = os.environ.get("KS_MODELS_LIMIT", "")
    begun = time.monotonic()
    try:
        how = fill(cache, source(), version, int(limit) if limit else None)
        if how == "warm" and os.environ.get("KS_MODELS_VERIFY") == "1":
            check_cached(cache, version)
    except Refused as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"the cache could not be filled: {error}", EX_TEMPFAIL)
    except Exception as error:
        if type(error).__name__ != "Full":  # its module is imported by a cold start only
            raise
        refuse(str(error), EX_TEMPFAIL)
    say(f"version {version} is in the cache: a {how} start of {time.monotonic() - begun:.2f} s")
    return 0
