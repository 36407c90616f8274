"""Copies folders from one volume to another, compared by hash. It runs in the Job of job.py, with Python alone.

    copy_folders.py FROM TO [FROM TO ...]

The source is only read. Each file is written beside its name and renamed when its hash is right, so a run that was
killed is continued by the next one. A target that holds anything else is refused. Exit codes: 0 done, 75 a disk failed
and trying again may help, 78 a person has to act.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

PART = ".kotaemon-moving-"
"""Beginning of the name of a copy that is not compared yet."""
OWN = (".writer.lock", ".start.lock", "lost+found")
"""Locks of a running application, and the file system's own folder: they are not copied, and in nobody's way."""
TRY_AGAIN, NEEDS_PEOPLE = 75, 78


class Refused(Exception):
    """A person has to act first. The message says what was found and what to do."""


def copy(source: Path, target: Path) -> tuple[int, int]:
    """Copy a folder, and return the numbers of files that were copied now and that were there already."""
    if not source.is_dir():
        raise Refused(f"{source} is no folder: nothing was copied; name a folder that is on the old claim")
    wanted = sorted(walk(source))
    if left := [path for path in wanted if path.name.startswith(PART)]:
        raise Refused(f"{source / left[0]} was left by a copy that was killed: nothing was copied; remove it")
    there = {path for path in walk(target) if not path.name.startswith(PART)} if target.is_dir() else set[Path]()
    if others := sorted(there - set(wanted)):
        raise Refused(
            f"{target} holds {others[0]}, which {source} does not: nothing was copied; empty it, or take another"
        )
    target.mkdir(parents=True, exist_ok=True)
    done = [one(source / path, target / path) for path in wanted]
    shutil.copystat(source, target)
    return done.count(True), done.count(False)


def walk(folder: Path) -> Iterator[Path]:
    """Every file, folder and link below a folder, relative to it, parents first."""
    for at, folders, files in os.walk(folder, onerror=_unreadable):
        folders[:] = [name for name in folders if name not in OWN]
        for name in [*folders, *files]:
            if name not in OWN:
                yield Path(at, name).relative_to(folder)


def one(source: Path, target: Path) -> bool | None:
    """Copy one file, folder or link. False: it was there already and is the same. None: a folder; they do not count."""
    if source.is_symlink():
        if target.is_symlink() and os.readlink(target) == os.readlink(source):
            return False
        target.symlink_to(os.readlink(source))
        return True
    if source.is_dir():
        target.mkdir(exist_ok=True)
        return None
    if not source.is_file():
        raise Refused(f"{source} is no file, folder or link: it cannot be copied; remove it")
    if target.is_file():
        if digest(target) != digest(source):
            raise Refused(f"{target} differs from {source}: it is not written over; empty the target, or take another")
        return False
    part = part_of(target)
    shutil.copy2(source, part)
    if digest(part) != digest(source):
        raise OSError(f"{part} does not have the hash of {source}")
    part.replace(target)
    return True


def part_of(target: Path) -> Path:
    """Where a file is written before it is compared: the same in each run, and never too long a name."""
    return target.with_name(f"{PART}{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:32]}")


def digest(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        found = hashlib.sha256()
        while block := file.read(1 << 20):
            found.update(block)
        return found.hexdigest()


def main(folders: Sequence[str]) -> int:
    """Copy each pair of folders, and return the exit code."""
    try:
        for source, target in zip(folders[::2], folders[1::2], strict=True):
            copied, there = copy(Path(source), Path(target))
            print(f"{source} to {target}: {copied} copied and compared, {there} there already", flush=True)
        os.sync()
    except Refused as refused:
        print(refused, file=sys.stderr)
        return NEEDS_PEOPLE
    except OSError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return TRY_AGAIN
    return 0


def _unreadable(error: OSError) -> None:
    raise Refused(f"{error.filename} cannot be read by uid {os.getuid()}: {error.strerror}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
