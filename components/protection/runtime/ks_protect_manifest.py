"""The manifest of a backup: each file with size and sha256, the counts of the database, the embedding of each index."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ks_protect_words import OWN_FOLDERS

CHUNK = 1 << 20
VERSION = 1
Files = dict[str, dict[str, Any]]
"""Path below the root -> size, mtime (ns) and sha256."""
Links = dict[str, str]
"""Path below the root -> where a symbolic link leads."""


def files_below(root: Path, left_out: frozenset[str] = frozenset(), depth: int = 0) -> Iterator[tuple[str, Path]]:
    """Every regular file and every link below a folder, by its path below it, in order.

    `depth`: how deep below the root the roles are, at whose root the file system's own folders are left out. What goes
    meanwhile is passed over. Raises OSError for a folder that cannot be read: a backup without it would not be whole.
    """
    for at, folders, names in os.walk(root, onerror=_raise):
        here = Path(at)
        if len(here.relative_to(root).parts) == depth:
            folders[:] = [name for name in folders if name not in OWN_FOLDERS]
        folders.sort()
        links = [name for name in folders if (here / name).is_symlink()]
        for name in sorted([*names, *links]):
            path = here / name
            below = path.relative_to(root).as_posix()
            if below not in left_out and (path.is_symlink() or path.is_file()):
                yield below, path


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def sha256(path: Path) -> str:
    """The hash of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def describe(root: Path, left_out: frozenset[str], earlier: Mapping[str, Any], depth: int = 0) -> tuple[Files, Links]:
    """Every file with its hash, and every link. A file of the same size and time as in the earlier manifest is not
    read again; what goes meanwhile is left out. Raises OSError for what cannot be read.
    """
    found: Files = {}
    links: Links = {}
    for name, path in files_below(root, left_out, depth):
        try:
            if path.is_symlink():
                links[name] = os.readlink(path)
                continue
            state = path.stat()
            known = earlier.get(name, {})
            same = (known.get("size"), known.get("mtime")) == (state.st_size, state.st_mtime_ns)
            digest = known["sha256"] if same else sha256(path)
        except FileNotFoundError:
            continue
        found[name] = {"size": state.st_size, "mtime": state.st_mtime_ns, "sha256": digest}
    return found, links


def signature(root: Path, depth: int = 0, left_out: frozenset[str] = frozenset()) -> dict[str, tuple[int, int]]:
    """Size and time of each file: two that are equal say that nothing was written in between.

    A file that goes away while the folder is read counts as one of size -1.
    """
    found: dict[str, tuple[int, int]] = {}
    for name, path in files_below(root, left_out, depth):
        try:
            state = path.lstat()
        except FileNotFoundError:
            found[name] = (-1, 0)
            continue
        found[name] = (state.st_size, state.st_mtime_ns)
    return found


def written_since(files: Files, now: Mapping[str, tuple[int, int]]) -> set[str]:
    """Files of a manifest that are not as they were when it was made."""
    return {name for name, one in files.items() if now.get(name) != (one["size"], one["mtime"])}


def embeddings(indexes: Path) -> dict[str, Any]:
    """Index -> the embedding that made it, as the application records it beside the index."""
    records = sorted((indexes / ".embeddings").glob("*.json"))
    return {path.stem: json.loads(path.read_text()) for path in records}


def read(path: Path) -> dict[str, Any]:
    """The manifest in a file. Raises ValueError."""
    try:
        return checked(path.read_bytes())
    except OSError as error:
        raise ValueError(f"the backup has no manifest that can be read: {error}") from None


def checked(text: bytes) -> dict[str, Any]:
    """A manifest, with everything in it that a drill and a restore ask for. Raises ValueError."""
    try:
        found: Any = json.loads(text)
    except ValueError as error:
        raise ValueError(f"the backup has no manifest that can be read: {error}") from None
    if not _whole(found):
        raise ValueError("the backup has no manifest that can be read: it lacks files, counts or times")
    return found


def _whole(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and all(isinstance(found.get(key), str) for key in ("at", "database"))
        and all(isinstance(found.get(key), dict) for key in ("files", "staged", "embeddings", "counts"))
        and found["counts"].keys() >= {"files", "bytes", "tables"}
        and all(one.keys() >= {"size", "sha256"} for part in ("files", "staged") for one in found[part].values())
    )


def wrong(root: Path, said: Mapping[str, Any], part: str, names: Callable[[str], bool] = lambda _: True) -> list[str]:
    """What of a restored folder is not as the manifest says, one line for each file and link.

    `part`: `files` or `staged`. `names`: which of them are looked at; default: all. Of files that were written while
    the backup ran nothing is known, so nothing is wrong with them.
    """
    lines: list[str] = []
    written = set(said.get("written", ()))
    for name, one in said[part].items():
        path = root / name
        if not names(name) or name in written:
            continue
        if path.is_symlink() or not path.is_file():
            lines.append(f"{name} is missing")
        elif path.stat().st_size != one["size"] or sha256(path) != one["sha256"]:
            lines.append(f"{name} has other content")
    if part == "files":
        lines += _wrong_links(root, {name: to for name, to in said.get("links", {}).items() if names(name)})
    return lines


def _wrong_links(root: Path, links: Links) -> Iterator[str]:
    for name, to in links.items():
        path = root / name
        if not path.is_symlink():
            yield f"{name} is missing"
        elif os.readlink(path) != to:
            yield f"{name} leads to {os.readlink(path)}"
