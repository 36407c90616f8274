"""Where models are on the shared claim and in a cache, and the few steps that change those folders.

On the claim, below the folder of the role `models`:

    .incoming/<version>/    a package on its way in; anybody may write here
    versions/<version>/     a published package; never changed again
    latest                  a symbolic link to versions/<version>

A reader resolves `latest` once and stays in the folder that it found: a file that is opened through the link later may
belong to the next version. Pods do not read the link at all, because NFS clients cache it (`acdirmax`): the version in
their template says what they load.
"""

import fcntl
import os
import re
import signal
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from ks_models_layout import LATEST, MANIFEST, METRICS, VERSIONS

EX_TEMPFAIL = 75
"""Exit code when trying again later may help."""
EX_CONFIG = 78
"""Exit code when somebody has to do something first."""
UNFINISHED = ".part"
"""End of the name of a file that is still being written."""
VERSION = re.compile(r"[a-z0-9]([-a-z0-9._]{0,61}[a-z0-9])?")
"""A version's name: it is a folder, and the value of an annotation."""
RESERVED = (LATEST, METRICS)
"""Names that are something else: the link on the claim, and the file with numbers in a cache."""


class Refused(Exception):
    """Something that trying again does not mend."""


def say(message: str) -> None:
    print(f"models: {shown(message)}", flush=True)


def refuse(message: str, code: int = EX_CONFIG) -> NoReturn:
    print(f"models: {shown(message)}", file=sys.stderr, flush=True)
    raise SystemExit(code)


def shown(message: str) -> str:
    """One line that any output takes: the name of a file may have line breaks, and bytes that are no text."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in message)


def end_on_sigterm() -> None:
    """The first process of a container has to end itself: the kernel keeps a signal from it that it does not handle."""
    signal.signal(signal.SIGTERM, _end)


def _end(number: int, frame: object) -> None:
    sys.exit(128 + number)


def checked_version(version: str) -> str:
    if not VERSION.fullmatch(version) or version in RESERVED:
        raise Refused(
            f"{version!r} is no name of a version; allowed are lower-case letters, digits, '-', '.' and '_', at most "
            f"63, and not {' or '.join(map(repr, RESERVED))}"
        )
    return version


def walk(folder: str | Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """`os.walk` that raises OSError for a folder that cannot be read, which os.walk passes over in silence."""
    return os.walk(folder, onerror=_raise)


def _raise(error: OSError) -> NoReturn:
    raise error


def versions_in(shared: Path) -> list[str]:
    """The published versions, oldest first. A folder without a manifest is none."""
    folder = shared / VERSIONS
    entries = folder.iterdir() if folder.is_dir() else ()
    found = [entry for entry in entries if VERSION.fullmatch(entry.name) and (entry / MANIFEST).is_file()]
    return [
        entry.name for entry in sorted(found, key=lambda entry: ((entry / MANIFEST).stat().st_mtime_ns, entry.name))
    ]


def latest_of(shared: Path) -> str:
    """The version that `latest` names; empty: there is none yet."""
    try:
        return os.path.basename(os.readlink(shared / LATEST))
    except FileNotFoundError:
        return ""


def sync_folder(folder: Path) -> None:
    """Write what was renamed in this folder to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file_system(folder: Path) -> None:
    """Write everything of this folder's file system to its disk: one call, where thousands of fsyncs take minutes."""
    import ctypes  # milliseconds that most of what imports this file need not spend

    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(handle):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(handle)


def write_whole(path: Path, text: str, *, lasting: bool = True) -> None:
    """Write a file that is there with all of its text, or not at all. One process at a time.

    `lasting`: whether it is on the disk at the end, also for a machine that loses its power.
    """
    unfinished = path.with_name(f"{path.name}{UNFINISHED}")
    handle = os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644)
    try:
        data = memoryview(text.encode())
        while data:
            data = data[os.write(handle, data) :]
        if lasting:
            os.fsync(handle)
    finally:
        os.close(handle)
    os.rename(unfinished, path)
    if lasting:
        sync_folder(path.parent)


def point(link: Path, target: str) -> None:
    """Make the symbolic link lead to `target`. Who reads it meanwhile sees the old or the new one, and nothing else.

    One process at a time.
    """
    beside = link.with_name(f".{link.name}{UNFINISHED}")
    beside.unlink(missing_ok=True)
    os.symlink(target, beside)
    os.rename(beside, link)
    sync_folder(link.parent)


def remove_tree(folder: Path) -> None:
    """Remove a folder. It gets a name that no reader looks for first, so nobody sees half of it."""
    if not os.path.lexists(folder):
        return
    going = folder if folder.name.startswith(".gone.") else folder.with_name(f".gone.{folder.name}")
    if going != folder:
        if going.exists():
            remove_tree(going)
        os.rename(folder, going)
    for path, folders, files in os.walk(going, topdown=False):
        for name in files:
            os.unlink(os.path.join(path, name))
        for name in folders:
            below = os.path.join(path, name)
            if os.path.islink(below):
                os.unlink(below)
            else:
                os.rmdir(below)
    os.rmdir(going)


def remove_leftovers(folder: Path) -> None:
    """Finish removals that were killed."""
    for entry in folder.glob(".gone.*"):
        remove_tree(entry)


@contextmanager
def locked(path: Path, waiting: str) -> Generator[None]:
    """Hold the lock file. Processes that are forked meanwhile hold it as well, until the last of them ends."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(waiting)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
