"""Moves finished reports and rotated logs from the file claim to the cold tier: copy, verify, then delete.

KS_ARCHIVE says what to do, as JSON:
{"days": 30, "renames": true, "saved_per_gib": "0.277", "currency": "USD",
 "moves": [{"what": "reports", "from": "/from/reports", "to": "/cold/eval"},
           {"what": "logs", "from": "/from/logs", "to": "/cold/logs/archive"}]}

A file is deleted only when a copy with its sha256 was read back from the cold tier, and when it is still the file that
was hashed. Whatever step the script is killed at, the next run goes on: a file is at its old place, at its new one, or
whole at both. A report that was written again under the name of an archived one gets a name of its own beside it.

Prints one JSON line for each file that could not be moved, and one with the sum; where logs are moved, the sum is added
to the numbers beside them (ks_archive_numbers.py). Exit code 0: all that was due is
moved; 1: some was not, and the next run tries again; 78: it was told to touch what it never touches.
"""

import contextlib
import errno
import hashlib
import json
import os
import stat
import sys
import time
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import ks_archive_numbers as numbers
from ks_archive_due import DUE, TEMPORARY

EX_CONFIG = 78
NEVER = {"indexes", "sessions", "uploads", "models"}
"""Roles whose files are never moved, whatever KS_ARCHIVE says: the application opens them by their paths."""
CHUNK = 1024 * 1024
LONGEST_NAME = 255
"""Bytes that a name may have, on Linux's file systems and on mounted buckets."""
CANNOT = (errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL, errno.EACCES)
"""Errors of a mounted bucket for what it does not keep: modes and times."""


class Moved(NamedTuple):
    """What a run has done."""

    files: int = 0
    size: int = 0
    failed: int = 0


class Told(NamedTuple):
    """What KS_ARCHIVE says."""

    before: float
    """Files that were written after this time stay."""
    renames: bool
    """Whether a file of the cold tier can be renamed. Where it cannot, it appears whole when it is closed."""


def say(**told: Any) -> None:
    print(json.dumps(told, sort_keys=True), flush=True)


def digest(handle: int) -> str:
    """sha256 of a file from its beginning."""
    found, at = hashlib.sha256(), 0
    while data := os.pread(handle, CHUNK, at):
        found.update(data)
        at += len(data)
    return found.hexdigest()


def digest_of(path: Path) -> str:
    """sha256 of what is read back by name."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        return digest(handle)
    finally:
        os.close(handle)


def same(before: os.stat_result, after: os.stat_result) -> bool:
    """Whether nothing was written between two looks."""
    return (before.st_ino, before.st_size, before.st_mtime_ns) == (after.st_ino, after.st_size, after.st_mtime_ns)


def move(source: Path, target: Path, told: Told) -> int:
    """Move one file; gives its size, or 0 when it changed meanwhile and stays. Raises OSError."""
    handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        seen = os.fstat(handle)
        wanted = digest(handle)
        place = _place(handle, seen, wanted, target)
        made = _folders(target.parent)
        if place is not None:
            _copy(handle, place, seen, wanted, told)
        _durable(target.parent, *made)
        if not same(seen, os.fstat(handle)) or not same(seen, os.lstat(source)):
            return 0  # what was copied stays: the next run compares again
        os.unlink(source)
        _still_written(handle, seen, wanted, source)
        return seen.st_size
    finally:
        os.close(handle)


def _place(handle: int, seen: os.stat_result, wanted: str, target: Path) -> Path | None:
    """Where the copy goes; None when it is there already. Nothing that is there is overwritten, unless it is the
    beginning of this very file: the rest of a copy that was killed."""
    stamp = datetime.fromtimestamp(seen.st_mtime, timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    for number in range(1000):
        extra = "" if number == 0 else f".{stamp}" if number == 1 else f".{stamp}-{number}"
        place = _beside(target, extra)
        try:
            there = place.lstat()
        except FileNotFoundError:
            return place
        if stat.S_ISREG(there.st_mode):
            if there.st_size == seen.st_size and digest_of(place) == wanted:
                return None
            if there.st_size < seen.st_size and _is_beginning(place, handle):
                return place
    raise OSError(errno.EEXIST, "a thousand other files have its name", str(target))


def _beside(target: Path, extra: str) -> Path:
    """The same name with something before its suffix, cut where it would be too long."""
    stem, suffix = target.stem, target.suffix
    while len(os.fsencode(f"{stem}{extra}{suffix}")) > LONGEST_NAME:
        stem, suffix = (stem[:-1], suffix) if stem else (stem, suffix[:-1])
    return target.with_name(f"{stem}{extra}{suffix}")


def _temporary(path: Path) -> Path:
    """The name of an unfinished copy: the same in each run, and never too long."""
    return path.with_name(f"{TEMPORARY}{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:32]}")


def _folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; the folders that have got a new name in them."""
    changed: list[Path] = []
    at = folder
    while not at.exists() and at != at.parent:
        changed.append(at := at.parent)
    os.makedirs(folder, exist_ok=True)
    return changed


def _durable(*folders: Path) -> None:
    """Write the names in these folders out: a loss of power must not take the copy after its file was deleted."""
    for folder in folders:
        _keep(lambda folder=folder: _write_out(folder))


def _write_out(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_beginning(place: Path, handle: int) -> bool:
    with open(place, "rb") as there:
        at = 0
        while data := there.read(CHUNK):
            if os.pread(handle, len(data), at) != data:
                return False
            at += len(data)
    return True


def _copy(handle: int, place: Path, seen: os.stat_result, wanted: str, told: Told) -> None:
    """Write the copy and read it back. Raises OSError when it is not what was read."""
    written = _temporary(place) if told.renames else place
    with contextlib.suppress(FileNotFoundError):
        # Of a copy that was killed. It may be read-only, and a mounted bucket overwrites whole objects only.
        os.unlink(written)
    # Readable by whoever could read it before. A bucket keeps no modes; there the mount says who may read.
    target = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, stat.S_IMODE(seen.st_mode))
    try:
        at = 0
        while data := os.pread(handle, CHUNK, at):
            _write(target, data)
            at += len(data)
        os.fsync(target)
    finally:
        os.close(target)
    if digest_of(written) != wanted:
        with contextlib.suppress(OSError):
            os.unlink(written)
        raise OSError(errno.EIO, "the copy is not what was written; it was removed, and the file stays", str(place))
    _keep(lambda: os.chmod(written, stat.S_IMODE(seen.st_mode)))
    _keep(lambda: os.utime(written, ns=(seen.st_atime_ns, seen.st_mtime_ns)))
    if told.renames:
        os.rename(written, place)


def _write(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]


def _keep(act: Any) -> None:
    """Do what a mounted bucket may not be able to do: keep modes and times, write a folder out."""
    try:
        act()
    except OSError as error:
        if error.errno not in CANNOT:
            raise


def _still_written(handle: int, seen: os.stat_result, wanted: str, source: Path) -> None:
    """Give a file back that somebody wrote into between the last look and its deletion."""
    now = os.fstat(handle)
    if (now.st_size, now.st_mtime_ns) == (seen.st_size, seen.st_mtime_ns) and digest(handle) == wanted:
        return
    back = _temporary(source)
    with open(back, "wb") as given:
        at = 0
        while data := os.pread(handle, CHUNK, at):
            given.write(data)
            at += len(data)
        given.flush()
        os.fsync(given.fileno())
    os.chmod(back, stat.S_IMODE(seen.st_mode))
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    os.rename(back, source if not source.exists() else source.with_name(f"{source.stem}.{stamp}{source.suffix}"))
    raise OSError(errno.EBUSY, "somebody wrote into it while it was moved; it was given back", str(source))


def moved(one: dict[str, str], told: Told) -> Moved:
    """Move all that is due of one folder."""
    root, target, done = Path(one["from"]), Path(one["to"]), Moved()
    if not root.is_dir():
        return done
    due, failed = _due(one["what"], root, told.before)
    done = done._replace(failed=failed)
    for source in due:
        path = source.relative_to(root)
        try:
            size = move(source, target / path, told)
            if not source.exists():
                done = Moved(done.files + 1, done.size + size, done.failed)
                if one["what"] == "reports":
                    _without_empty(source.parent, root)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not os.path.lexists(source):
                continue  # somebody else has removed it
            say(failed=str(path), what=one["what"], why=error.strerror or repr(error))
            done = done._replace(failed=done.failed + 1)
    return done


def _due(what: str, root: Path, before: float) -> tuple[list[Path], int]:
    """The files that are due, and how many entries of the folder could not be looked at."""
    failed = 0

    def unread(path: Path, error: OSError) -> None:
        nonlocal failed
        failed += 1
        say(failed=str(path.relative_to(root)), what=what, why=f"{error.filename}: {error.strerror}")

    try:
        return list(DUE[what](root, before, unread)), failed
    except OSError as error:
        unread(root, error)
        return [], failed


def _without_empty(folder: Path, root: Path) -> None:
    """Remove the folders of a report that has nothing left. Those of pods stay: a pod may still live."""
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def refused(moves: list[dict[str, str]]) -> str:
    """Why these folders are not touched; empty when they may be."""
    for one in moves:
        if one["what"] not in DUE:
            return f"{one['what']!r} is not moved; allowed: {', '.join(DUE)}"
        if found := NEVER & set(Path(one["from"]).parts):
            return f"{one['from']} is of the role {', '.join(sorted(found))}, whose files are never moved"
        source, target = os.path.realpath(one["from"]), os.path.realpath(one["to"])
        if os.path.commonpath([source, target]) in (source, target):
            return f"{one['to']} and {one['from']} are in one another; files would be moved onto themselves"
    return ""


def main() -> int:
    """Move what is due."""
    asked = json.loads(os.environ["KS_ARCHIVE"])
    if reason := refused(asked["moves"]):
        say(refused=reason)
        return EX_CONFIG
    begun = time.time()
    told = Told(begun - 86400 * float(asked["days"]), bool(asked.get("renames", False)))
    each = {one["what"]: moved(one, told) for one in asked["moves"]}
    size, failed = sum(done.size for done in each.values()), sum(done.failed for done in each.values())
    price = asked.get("saved_per_gib")
    saved = None if price is None else str((Decimal(size) / 2**30 * Decimal(price)).quantize(Decimal("0.0001")))
    run = {"files": sum(done.files for done in each.values()), "bytes": size, "failed": failed}
    for folder in (Path(one["from"]) for one in asked["moves"] if one["what"] == "logs"):
        if not folder.is_dir():
            continue
        try:
            numbers.add(folder, run, saved, asked.get("currency", ""), time.time())
        except OSError as error:
            say(warning=f"the numbers of this run are not in {folder / numbers.FILE}: {error.strerror}")
    say(
        archived={what: {"files": done.files, "bytes": done.size} for what, done in each.items()},
        bytes=size,
        failed=failed,
        saved_per_month=saved,
        currency=asked.get("currency", "") if saved is not None else "",
        seconds=round(time.time() - begun, 1),
    )
    return 1 if failed else 0


def folders() -> int:
    """Make the folders of KS_FOLDERS, as the user of the pod: a sub-path that is missing would be made by root."""
    for folder in json.loads(os.environ["KS_FOLDERS"]):
        os.makedirs(folder, mode=0o770, exist_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(folders() if sys.argv[1:] == ["folders"] else main())
