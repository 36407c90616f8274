"""Which files are due: finished reports as a whole, and all log files of a pod but its newest.

What cannot be looked at is said and stays, and costs nothing else: nobody knows whether a report is finished that has
a folder which cannot be read.
"""

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

TEMPORARY = ".archiving-"
"""Beginning of the name of a copy that is not verified yet."""
UNFINISHED = re.compile(r"^\.|\.(tmp|part|partial|lock|swp)$|~$")
LOG_FILE = re.compile(r"app-([0-9]+)\.log")
Unread = Callable[[Path, OSError], None]
"""Is told of an entry that could not be looked at."""


def finished_reports(root: Path, before: float, unread: Unread) -> Iterator[Path]:
    """Files of every entry of the folder in which nothing was written since: a report is finished as a whole."""
    for entry in sorted(os.scandir(root), key=lambda e: e.name):
        if entry.is_symlink() or UNFINISHED.search(entry.name):
            continue
        report = Path(entry.path)
        try:
            found = list(files_below(report)) if entry.is_dir() else [report]
            plain = [p for p in found if stat.S_ISREG(p.lstat().st_mode) and not p.name.startswith(TEMPORARY)]
            due = all(_old(path, before) for path in plain)
        except FileNotFoundError:
            continue  # somebody removes it
        except OSError as error:
            unread(report, error)
            continue
        if due:
            yield from plain


def files_below(folder: Path) -> Iterator[Path]:
    """Every entry below a folder that is no folder; links are not followed. Raises OSError for what is unreadable."""
    for parent, folders, names in os.walk(folder, onerror=_raise):
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        yield from (Path(parent, name) for name in sorted([*names, *links]))


def rotated_logs(root: Path, before: float, unread: Unread) -> Iterator[Path]:
    """Log files of every pod but its newest, which may be written: `<pod>/app-00000001.log` and so on."""
    for pod in sorted(os.scandir(root), key=lambda e: e.name):
        if not pod.is_dir(follow_symlinks=False):
            continue
        try:
            names = sorted((name for name in os.listdir(pod.path) if LOG_FILE.fullmatch(name)), key=_number)
            yield from [path for name in names[:-1] if _old_file(path := Path(pod.path, name), before)]
        except FileNotFoundError:
            continue  # somebody removes it
        except OSError as error:
            unread(Path(pod.path), error)


def _number(name: str) -> int:
    found = LOG_FILE.fullmatch(name)
    return int(found[1]) if found else 0


def _old(path: Path, before: float) -> bool:
    return not UNFINISHED.search(path.name) and path.lstat().st_mtime < before


def _old_file(path: Path, before: float) -> bool:
    return stat.S_ISREG(path.lstat().st_mode) and _old(path, before)


def _raise(error: OSError) -> None:
    raise error


DUE = {"reports": finished_reports, "logs": rotated_logs}
"""What is moved -> which of its files are due."""
