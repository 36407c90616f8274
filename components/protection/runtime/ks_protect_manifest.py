"""The manifest of a backup: each file with size and sha256, the counts of the database, the embedding of each index."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

CHUNK = 1 << 20
VERSION = 1
Files = dict[str, dict[str, Any]]
"""Path below the root -> size, mtime (ns) and sha256."""


def files_below(root: Path, left_out: frozenset[str] = frozenset()) -> Iterator[tuple[str, Path]]:
    """Every regular file below a folder, by its path below it, in order. Links are restored as links: no content."""
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name not in left_out and path.is_file() and not path.is_symlink():
            yield name, path


def sha256(path: Path) -> str:
    """The hash of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def describe(root: Path, left_out: frozenset[str], earlier: Mapping[str, Any]) -> Files:
    """Every file with its hash. A file of the same size and time as in the earlier manifest is not read again.

    Raises OSError for a file that went away in between: the run begins again.
    """
    found: Files = {}
    for name, path in files_below(root, left_out):
        state = path.stat()
        known = earlier.get(name, {})
        same = (known.get("size"), known.get("mtime")) == (state.st_size, state.st_mtime_ns)
        digest = known["sha256"] if same else sha256(path)
        found[name] = {"size": state.st_size, "mtime": state.st_mtime_ns, "sha256": digest}
    return found


def signature(root: Path) -> dict[str, tuple[int, int]]:
    """Size and time of each file: two that are equal say that nothing was written in between.

    A file that goes away while the folder is read counts as one of size -1.
    """
    found: dict[str, tuple[int, int]] = {}
    for name, path in files_below(root):
        try:
            state = path.stat()
        except FileNotFoundError:
            found[name] = (-1, 0)
            continue
        found[name] = (state.st_size, state.st_mtime_ns)
    return found


def embeddings(indexes: Path) -> dict[str, Any]:
    """Index -> the embedding that made it, as the application records it beside the index."""
    records = sorted((indexes / ".embeddings").glob("*.json"))
    return {path.stem: json.loads(path.read_text()) for path in records}


def wrong(root: Path, files: Mapping[str, Any]) -> list[str]:
    """What of a restored folder is not as the manifest says, one line for each file."""
    lines: list[str] = []
    for name, said in files.items():
        path = root / name
        if not path.is_file():
            lines.append(f"{name} is missing")
        elif path.stat().st_size != said["size"] or sha256(path) != said["sha256"]:
            lines.append(f"{name} has other content")
    return lines
