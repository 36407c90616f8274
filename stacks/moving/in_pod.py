"""What the Jobs of a move do beside the copying: measure, guard the target, compare. It needs the files beside it.

    in_pod.py measure SOURCE TARGET     sizes; `-` for a side that is not mounted; changes nothing
    in_pod.py begin ID SOURCE TARGET    make the target folder, or refuse it: something else is in it, or no room
    in_pod.py compare ID SOURCE TARGET  manifests of both: every file by SHA-256, every folder and link

The target of a move has the file `.kotaemon-move` with the id of the move: what has another id, or none, is somebody
else's, and is neither written over nor deleted. A bucket (KS_SOURCE_MEDIUM=object or KS_TARGET_MEDIUM=object) has no
folders of its own and no links, and its files have the mode that the mount says of all. The result is one JSON object,
on the standard output and as the container's termination message. Exit codes: 0 done, 1 the two sides differ, 75 a disk
failed, 78 a person has to act.
"""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from copy_folders import NEEDS_PEOPLE, TRY_AGAIN, Refused, digest, walk
from in_place import free_of, look, size_of

MARK = ".kotaemon-move"
DIFFERENT = 1
SHOWN = 5
RESERVE = 1.05
"""What the files need on the target, times their size: blocks and folders of the file system."""


class Different(Exception):
    """The target is not the source. The message names what differs first."""


def measure(source: str, target: str) -> dict[str, Any]:
    """Sizes of both sides."""
    found: dict[str, Any] = {}
    if source != "-":
        if not Path(source).is_dir():
            raise Refused(f"{source} is no folder: nothing of this role is on the old claim")
        found |= look(Path(source))
    if target != "-":
        found["there"], found["there_files"] = size_of(Path(target)) if Path(target).is_dir() else (0, 0)
        found["others"] = len(others_in(Path(target)))
        found["free"], found["free_files"] = free_of(Path(target))
        found["mark"] = mark_of(Path(target))
    return found


def mark_of(target: Path) -> str:
    """The id of the move whose target a folder is; empty: it is none's."""
    try:
        return (target / MARK).read_text().strip()
    except FileNotFoundError:
        return ""


def others_in(target: Path) -> list[Path]:
    """What is in a target beside the mark."""
    return [path for path in walk(target) if str(path) != MARK] if target.is_dir() else []


def begin(identity: str, source: Path, target: Path) -> dict[str, Any]:
    """Make the target folder with its mark. Raises Refused."""
    if not source.is_dir():
        raise Refused(f"{source} is no folder: nothing of this role is on the old claim")
    ours = mark_of(target) == identity
    others = [] if ours else others_in(target)
    if others or mark_of(target) not in ("", identity):
        what = others[0] if others else "the mark of another move"
        raise Refused(
            f"{target} holds {what}: nothing was written. It is no target of this move; empty it, or take another "
            "folder with FOLDER=name"
        )
    wanted, free = _fit(source)["bytes"], free_of(target)[0]
    missing = wanted - (size_of(target)[0] if ours else 0)
    if missing * RESERVE > free:
        raise Refused(f"{target} has {free} bytes free, and {missing} more are to be copied; make the claim larger")
    target.mkdir(parents=True, exist_ok=True, mode=0o770)
    (target / MARK).write_text(f"{identity}\n")
    return {"bytes": wanted, "free": free}


def _fit(source: Path) -> dict[str, Any]:
    """What is in the source. Raises Refused for what cannot be moved."""
    found = look(source)
    if found["odd"]:
        raise Refused(f"{found['odd']}; nothing was copied: remove it, or let uid {os.getuid()} read it")
    return found


def manifest(folder: Path, plain: bool) -> dict[str, str]:
    """Path -> what it is: the hash of a file, where a link leads to, or that it is a folder. `plain`: files alone."""
    found: dict[str, str] = {}
    for path in walk(folder):
        at = folder / path
        if path.name == MARK:
            continue
        if at.is_symlink():
            found[str(path)] = f"link {os.readlink(at)}"
        elif at.is_file():
            mode = "" if plain else f" {at.stat().st_mode & 0o7777:o}"
            found[str(path)] = f"{at.stat().st_size} {digest(at)}{mode}"
        elif not plain:
            found[str(path)] = "folder"
    return found


def compare(identity: str, source: Path, target: Path, plain: bool) -> dict[str, Any]:
    """Compare both sides. Raises Different and Refused."""
    if mark_of(target) != identity:
        raise Refused(f"{target} is not the target of this move any more: its mark is {mark_of(target)!r}")
    wanted, got = manifest(source, plain), manifest(target, plain)
    if wanted != got:
        wrong = sorted(name for name in {*wanted, *got} if wanted.get(name) != got.get(name))
        shown = ", ".join(f"{name} ({wanted.get(name)} -> {got.get(name)})" for name in wrong[:SHOWN])
        raise Different(f"{len(wrong)} of {len(wanted)} differ: {shown}")
    os.sync()
    lines = "".join(f"{name}\0{what}\n" for name, what in sorted(wanted.items()))
    total = sum(int(what.split()[0]) for what in wanted.values() if what[0].isdigit())
    return {"files": len(wanted), "bytes": total, "sha256": hashlib.sha256(os.fsencode(lines)).hexdigest()}


def refuse_links(source: Path) -> None:
    """Raise Refused for what a bucket cannot hold."""
    for path in walk(source):
        if (source / path).is_symlink():
            raise Refused(f"{source / path} is a symbolic link, and a bucket has none; this role cannot go there")


def run(words: Sequence[str]) -> dict[str, Any]:
    """The work that the words ask for; its result."""
    buckets = [os.environ.get(f"KS_{side}_MEDIUM") == "object" for side in ("SOURCE", "TARGET")]
    if words[0] == "measure":
        return measure(*words[1:])
    identity, source, target = words[1], Path(words[2]), Path(words[3])
    if words[0] == "compare":
        return compare(identity, source, target, any(buckets))
    if buckets[1]:
        refuse_links(source)
    return begin(identity, source, target)


def main(words: Sequence[str]) -> int:
    """Do it, say the result, and return the exit code."""
    try:
        text = json.dumps(run(words))
    except Refused as refused:
        return _end(str(refused), NEEDS_PEOPLE)
    except Different as different:
        return _end(str(different), DIFFERENT)
    except (OSError, shutil.Error) as error:
        return _end(f"{type(error).__name__}: {error}", TRY_AGAIN)
    print(text, flush=True)
    Path(os.environ.get("KS_RESULT", "/dev/termination-log")).write_text(text)
    return 0


def _end(message: str, code: int) -> int:
    print(message, file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
