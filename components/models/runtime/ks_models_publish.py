"""Publishes a package as a version, makes `latest` lead to it, and removes old versions.

Every step is one system call that is done or not, and every function can be called again after a kill at any point:
it looks at what is there and goes on. `latest` always leads to a whole version, or is not there yet.
"""

import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import ks_models_manifest
from ks_models_layout import DIGEST, INCOMING, LATEST, MANIFEST, VERSIONS
from ks_models_pickle import pickles
from ks_models_tree import (
    UNFINISHED,
    Refused,
    checked_version,
    latest_of,
    point,
    remove_leftovers,
    remove_tree,
    say,
    sync_file_system,
    sync_folder,
    versions_in,
    write_whole,
)

PARTS = (UNFINISHED, ".incomplete")
"""Names of files that somebody still writes: those of `take`, and of Hugging Face's own client."""


STEP = 10**9
"""Nanoseconds between two versions: there are file systems that keep seconds only."""


def publish(shared: Path, version: str, *, allow_pickle: bool = False) -> dict[str, Any]:
    """Turn .incoming/<version> into versions/<version>, and return its manifest. Raises Refused.

    Does nothing where the version is published already. A version never changes: one that is there and comes in again
    is refused, unless it is the same byte for byte.
    """
    checked_version(version)
    incoming, target = shared / INCOMING / version, shared / VERSIONS / version
    remove_leftovers(shared / VERSIONS)
    if (target / MANIFEST).is_file():
        return _published(incoming, target, version)
    if incoming.is_symlink() or not incoming.is_dir():
        raise Refused(f"there is no folder {incoming}; upload a package there first (docs/runbooks/release-models.md)")
    if target.is_dir() and os.listdir(target):
        raise Refused(f"{target} is there, and is no published version; remove it, or publish under another name")
    manifest = _manifest(incoming, allow_pickle)
    _stamp(incoming, shared)
    sync_file_system(incoming)
    (shared / VERSIONS).mkdir(exist_ok=True)
    os.rename(incoming, target)
    sync_folder(target.parent)
    sync_folder(incoming.parent)
    say(f"version {version} is published: {len(manifest['files'])} files, {manifest['bytes']} bytes")
    return manifest


def _stamp(incoming: Path, shared: Path) -> None:
    """Make the manifest's time that of the publication, and later than that of every other version: the newest versions
    are kept. A package may bring an old one, and a clock may go back."""
    others = [(shared / VERSIONS / version / MANIFEST).stat().st_mtime_ns for version in versions_in(shared)]
    stamp = max([time.time_ns(), *(other + STEP for other in others)])
    os.utime(incoming / MANIFEST, ns=(stamp, stamp))


def _manifest(incoming: Path, allow_pickle: bool) -> dict[str, Any]:
    """The manifest of a package: the one that it brought, or a new one. Everything is verified against it."""
    if unfinished := [path for path in ks_models_manifest.files_below(incoming) if path.endswith(PARTS)]:
        raise Refused(f"the package {incoming} is not complete: {unfinished[0]} is a file that is still being written")
    if not (incoming / MANIFEST).is_file() or not (incoming / DIGEST).is_file():
        _refuse_pickles(incoming, list(ks_models_manifest.files_below(incoming)), allow_pickle)
        manifest = ks_models_manifest.make(incoming)
        # Read once more: an upload that still goes on is found by it.
        _refuse(ks_models_manifest.verify(incoming, manifest), incoming)
        ks_models_manifest.write(incoming, manifest)
        return manifest
    text, digest = ks_models_manifest.texts(incoming)
    manifest = ks_models_manifest.checked(text, digest, str(incoming))
    _refuse(ks_models_manifest.verify(incoming, manifest), incoming)
    _refuse_pickles(incoming, list(manifest["files"]), allow_pickle)
    write_whole(incoming / MANIFEST, text)  # whoever brought it may own it, and only its owner sets its time
    return manifest


def _refuse(mistakes: list[str], incoming: Path) -> None:
    if mistakes:
        raise Refused(f"the package {incoming} is not what its manifest says: {'; '.join(mistakes)}")


def _refuse_pickles(incoming: Path, files: list[str], allowed: bool) -> None:
    found = pickles(incoming, files)
    for line in found if allowed else []:
        say(f"warning: pickled weights, which run code when they are loaded: {line}")
    if found and not allowed:
        raise Refused(
            f"the package {incoming} holds pickled weights, which run code when they are loaded: {'; '.join(found)}. "
            "Convert them to safetensors, or set kotaemon:models.allowPickle in the stack file"
        )


def _published(incoming: Path, target: Path, version: str) -> dict[str, Any]:
    manifest = ks_models_manifest.read(target)
    if incoming.is_dir():
        there = ks_models_manifest.make(incoming)
        if there["files"] != manifest["files"]:
            raise Refused(
                f"version {version} is published already, and the package {incoming} is another one; a version never "
                "changes: upload it under a new name"
            )
        remove_tree(incoming)
    say(f"version {version} is published already")
    return manifest


def flip(shared: Path, version: str) -> None:
    """Make `latest` lead to a published version. Raises Refused where it is not there."""
    if not (shared / VERSIONS / checked_version(version) / MANIFEST).is_file():
        raise Refused(f"version {version} is not published: {shared / VERSIONS / version} has no manifest")
    if latest_of(shared) != version:
        point(shared / LATEST, f"{VERSIONS}/{version}")
    say(f"{LATEST} leads to {version}")


def flip_back(shared: Path, version: str) -> None:
    """Make `latest` lead to the version before; empty: there was none, and no link."""
    if version:
        return flip(shared, version)
    (shared / LATEST).unlink(missing_ok=True)
    return sync_folder(shared)


def prune(shared: Path, used: Collection[str], keep: int, days: float = 0) -> list[str]:
    """Remove old versions and return their names.

    The newest `keep` stay, and those that are younger than `days`. `used`: versions that pods use; they stay, as the
    one that `latest` leads to.
    """
    remove_leftovers(shared / VERSIONS)
    there = versions_in(shared)
    going = [
        version
        for version in there[: max(0, len(there) - keep)]
        if version not in used
        and version != latest_of(shared)
        # On either side of now: a clock that was wrong must not keep versions for ever.
        and abs(time.time() - (shared / VERSIONS / version / MANIFEST).stat().st_mtime) >= days * 86400
    ]
    for version in going:
        say(f"removing the old version {version}")
        remove_tree(shared / VERSIONS / version)
    return going
