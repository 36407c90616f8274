"""Copies a `ktem_app_data` folder into the roles of a stack, verified by hash; nothing is deleted or changed there.

    folders.py --source /source --data /data --profile single-writer [--sums FILE] [--leave NAME] [--aside]
    folders.py --source /source --data /data --profile single-writer --check

Which folder goes where is in layout.py. A run that was killed is continued by the next one: each file is written beside
its name and renamed when its hash is right. A role that was copied whole has the file `.copied-from.json` with the hash
of the list of its files, and a second run leaves it alone, whatever has changed in it since.

What is in the way is never written over: it is refused, or moved aside into `<role>/.aside-<time>` with --aside.
Exit codes: console.py.
"""

import argparse
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from console import Different, Progress, Refused, run, say
from layout import APP_DATA, DATA, Place, goes_to_a_server, is_left, place_of

MARK = ".copied-from.json"
PART = ".part-"
GIB = 1024**3
OWN = (MARK, ".writer.lock", ".start.lock", ".kotaemon-version", "lost+found")
"""Files of ours and of the file system that are in nobody's way."""
SHOWN = 10


class Entry(NamedTuple):
    """One file, folder or symbolic link of the source."""

    path: PurePosixPath
    place: Place
    kind: str
    size: int
    changed: int


def entries(source: Path, profile: str, leave: tuple[str, ...]) -> list[Entry]:
    """Everything that is taken along. Raises Refused for what no rule knows or what cannot be copied."""
    if not (source / "user_data" / "sql.db").is_file() or not (source / "user_data" / "files").is_dir():
        raise Refused(
            f"{source} holds no user_data/sql.db and user_data/files: it is not a ktem_app_data folder; "
            f"name the folder that `docker run` mounts at {APP_DATA}"
        )
    found: list[Entry] = []
    unknown: list[str] = []
    for path in walk(source):
        relative = PurePosixPath(path.relative_to(source))
        if is_left(relative, leave) or (profile == "scaled" and goes_to_a_server(relative)):
            continue
        if (place := place_of(relative)) is None:
            if not path.is_dir() or path.is_symlink():
                unknown.append(str(relative))
            continue
        found.append(entry(path, relative, place, source))
    if unknown:
        raise Refused(
            f"{source} holds {some(unknown)}: no rule of layout.py knows where it belongs and nothing was copied; "
            "move it elsewhere, or leave it behind with --leave NAME for each"
        )
    return found


def walk(source: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(source, onerror=unreadable):
        for name in sorted([*names, *files]):
            yield Path(folder, name)


def unreadable(error: OSError) -> None:
    raise Refused(f"{error.filename} cannot be read by uid {os.getuid()}: {error.strerror}")


def entry(path: Path, relative: PurePosixPath, place: Place, source: Path) -> Entry:
    found = path.lstat()
    if path.is_symlink():
        # The Hugging Face cache links within itself. Files behind a link in gradio_tmp answer 403
        # (docs/facts/kotaemon.md 8-5).
        inside = os.path.realpath(path).startswith(os.path.realpath(source) + os.sep)
        if os.path.isabs(os.readlink(path)) or not inside or place.role == "uploads":
            raise Refused(f"{path} is a symbolic link to {os.readlink(path)}; put the file itself there")
        return Entry(relative, place, "link", 0, 0)
    if path.is_dir():
        return Entry(relative, place, "folder", 0, 0)
    if not path.is_file():
        raise Refused(f"{path} is no file, folder or link; nothing was copied")
    return Entry(relative, place, "file", found.st_size, found.st_mtime_ns)


def some(names: list[str]) -> str:
    """The first names, and how many more."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def digest(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        result = hashlib.sha256()
        while block := file.read(1 << 20):
            result.update(block)
        return result.hexdigest()


def listing(items: list[Entry]) -> str:
    """A hash that names this list of files: path, size and time of each."""
    lines = sorted(f"{item.path}\0{item.kind}\0{item.size}\0{item.changed}" for item in items)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_mark(role: Path) -> dict[str, str]:
    """What `.copied-from.json` says: `listing`, and `finished` once the role is whole. Empty without the file."""
    try:
        return json.loads((role / MARK).read_text())
    except FileNotFoundError:
        return {}


def write_mark(role: Path, items: list[Entry], **more: str) -> None:
    (role / MARK).write_text(json.dumps({"listing": listing(items), **more}))


def copied_before(role: Path, mark: dict[str, str]) -> bool:
    if "finished" in mark:
        say(f"role {role.name}: copied before, at {mark['finished']}; left as it is now")
    return "finished" in mark


def check_way(source: Path, role: Path, items: list[Entry]) -> None:
    """Raises Refused when the role holds files that are not the source's."""
    wanted = {item.place.path: item for item in items}
    found: list[str] = []
    for path in walk(role):
        name = str(path.relative_to(role))
        if name.startswith(".aside-") or path.is_dir() or path.name in OWN or path.name.startswith(PART):
            continue
        item = wanted.get(name)
        if item is None or (item.kind == "file" and digest(path) != digest(source / item.path)):
            found.append(name)
    if found:
        raise Refused(
            f"role {role.name}: {role} holds {some(found)}, which the source does not have like this; nothing was "
            "copied. If that is what a first start of the application made, move it aside with --aside"
        )


def move_aside(role: Path) -> None:
    """Move what a role holds into a folder of its own inside the role; a rename, so nothing is copied or lost."""
    aside = role / f".aside-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    held = [path for path in role.iterdir() if path.name not in OWN[1:] and not path.name.startswith(".aside-")]
    if not held:
        return
    aside.mkdir()
    for path in held:
        path.rename(aside / path.name)
    say(f"role {role.name}: what it held is in {aside}")


def check_space(data: Path, by_role: dict[str, list[Entry]]) -> None:
    """Roles on one claim share its space. Raises Refused before anything is copied."""
    needed: dict[int, tuple[int, Path]] = {}
    for role, items in by_role.items():
        device = os.stat(data / role).st_dev
        missing = sum(item.size for item in items if not (data / role / item.place.path).exists())
        needed[device] = needed.get(device, (0, Path()))[0] + missing, data / role
    for size, role in needed.values():
        free = shutil.disk_usage(role).free
        if size > free:
            raise Refused(
                f"{role} has {free / GIB:.1f} GiB free and {size / GIB:.1f} GiB are to be copied; nothing was copied; "
                "make the claim larger"
            )


def copy_file(source: Path, target: Path) -> None:
    """Copy one file, or find it there. Raises Refused when another file has the name, Different on a bad copy."""
    wanted = digest(source)
    if target.exists():
        if digest(target) != wanted:
            raise Refused(f"{target} is there already and is another file; it is left alone; see --aside")
        return
    part = target.with_name(f"{PART}{hashlib.sha256(target.name.encode()).hexdigest()[:16]}")
    shutil.copyfile(source, part)
    shutil.copystat(source, part)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    if digest(part) != wanted:
        raise Different(f"{target}: what was written is not what was read from {source}")
    part.rename(target)


def copy_role(source: Path, role: Path, items: list[Entry]) -> None:
    """Copy everything of one role, and say so in its mark."""
    write_mark(role, items)
    progress = Progress(f"files of the role {role.name}", len(items))
    for number, item in enumerate(items):
        target = role / item.place.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if item.kind == "folder":
            target.mkdir(exist_ok=True)
        elif item.kind == "link":
            link(os.readlink(source / item.path), target)
        else:
            copy_file(source / item.path, target)
        progress.at(number)
    check_unchanged(source, items)
    write_mark(role, items, finished=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    size = sum(item.size for item in items)
    say(f"role {role.name}: {len(items)} files and folders, {size / GIB:.3f} GiB, every hash compared")


def link(to: str, target: Path) -> None:
    if not target.is_symlink():
        target.symlink_to(to)
    elif os.readlink(target) != to:
        raise Refused(f"{target} is there already and points to {os.readlink(target)}; it is left alone; see --aside")


def check_unchanged(source: Path, items: list[Entry]) -> None:
    """Raises Refused when the application still writes to the source."""
    changed = [str(item.path) for item in items if item.kind == "file" and not same(source / item.path, item)]
    if changed:
        raise Refused(
            f"{some(changed)} changed while it was copied: stop the container that uses {source}, and run again"
        )


def same(path: Path, item: Entry) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return (found.st_size, found.st_mtime_ns) == (item.size, item.changed)


def check_sums(source: Path, sums: Path) -> None:
    """Compare the source with the list that `sha256sum` made where it came from. Raises Different."""
    wrong: list[str] = []
    lines = sums.read_text().splitlines()
    for line in lines:
        wanted, _, name = line.partition(" ")
        path = source / name.lstrip(" *")
        if not path.is_file() or digest(path) != wanted:
            wrong.append(name.strip())
    if wrong:
        raise Different(f"{some(wrong)} of {sums} did not arrive whole in {source}; bring the folder over again")
    say(f"{len(lines)} files of {sums} arrived whole")


def compare(source: Path, data: Path, items: list[Entry]) -> None:
    """Compare every file of the roles with the source. Raises Different."""
    wrong: list[str] = []
    for item in items:
        target = data / item.place.role / item.place.path
        if not os.path.lexists(target) or (item.kind == "file" and digest(target) != digest(source / item.path)):
            wrong.append(str(target))
    if wrong:
        raise Different(f"{some(wrong)} differ from {source}; citation_paths.py and the application change files")
    say(f"{len(items)} files and folders are the same")


def roles_of(data: Path, items: list[Entry]) -> dict[str, list[Entry]]:
    """Role -> what goes there. Raises Refused for a role that is not mounted."""
    by_role: dict[str, list[Entry]] = {}
    for item in items:
        by_role.setdefault(item.place.role, []).append(item)
    for role in by_role:
        if not (data / role).is_dir():
            raise Refused(f"{data / role} is no folder: the role {role} must be mounted there")
    return by_role


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--source", type=Path, required=True, help="the ktem_app_data folder; only read")
    parser.add_argument("--data", type=Path, default=Path(DATA), help="where the roles are mounted")
    parser.add_argument("--profile", choices=("single-writer", "scaled"), required=True)
    parser.add_argument("--sums", type=Path, help="what sha256sum said of the folder where it came from")
    parser.add_argument("--leave", action="append", default=[], metavar="NAME", help="a path that is not taken along")
    parser.add_argument("--aside", action="store_true", help="move what the roles hold into <role>/.aside-<time>")
    parser.add_argument("--check", action="store_true", help="compare only")
    args = parser.parse_args()
    if args.sums:
        check_sums(args.source, args.sums)
    items = entries(args.source, args.profile, tuple(args.leave))
    by_role = roles_of(args.data, items)
    if args.check:
        compare(args.source, args.data, items)
        return
    copy(args.source, args.data, by_role, args.aside)


def copy(source: Path, data: Path, by_role: dict[str, list[Entry]], aside: bool) -> None:
    """Everything is checked before the first file is copied, but what --aside moves."""
    todo: dict[str, list[Entry]] = {}
    for role, items in by_role.items():
        mark = read_mark(data / role)
        ours = mark.get("listing") == listing(items)
        if aside and not ours:
            move_aside(data / role)
        elif mark and not ours:
            raise Refused(
                f"role {role}: {data / role / MARK} says that it came from another folder, or from another state of "
                "this one; nothing was copied. Use the folder of then, or move the role's files aside with --aside"
            )
        elif not mark:
            check_way(source, data / role, items)
        if not (ours and copied_before(data / role, mark)):
            todo[role] = items
    check_space(data, todo)
    for role, items in todo.items():
        copy_role(source, data / role, items)


if __name__ == "__main__":
    run(main)
