"""Writes each user's conversations to <folder>/<user id>.json, again and again, and only what has changed.

Variables: KS_EXPORT_DIR (the folder), KS_EXPORT_SECONDS (the greatest lag), KS_SCRATCH_DIR (for the numbers), and those
of the database (sessions_database.py). The format is in docs/sessions.md. A file is written beside its name, with mode
0600, and renamed, so a reader never sees half of one. Nothing is deleted: the file of a user who is gone stays.

A database that has nothing in common with the files is another one, for example a new, empty one after a loss: then
nothing is written over, until somebody imports the files (sessions_import.py) or moves them away.
On SIGTERM the last changes are written, and it ends. Exit code 78: a person has to act.
"""

import hashlib
import json
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from sessions_database import Database, Known, Unreachable, connect

FORMAT = "kotaemon.dev/sessions/1"
PART = ".part-"
"""Beginning of the name of a file that is being written."""
HALF_OF_A_CHARACTER = re.compile("[\ud800-\udfff]")
"""What UTF-8 has no bytes for: a text that was cut in the middle of a character."""
SAFE = re.compile(r"[A-Za-z0-9@_-][A-Za-z0-9.@_-]{0,150}")
EX_CONFIG = 78
LOST = 3
"""Passes in a row that may fail before each further one is said."""


def say(message: str) -> None:
    """One line for whoever reads the log; names of files may be no text."""
    plain = message.encode("utf-8", "backslashreplace").decode().replace("\n", "\\n")
    print(f"sessions: {plain}", flush=True)


class OtherDatabase(Exception):
    """The files are of another database."""


def file_name(user: str) -> str:
    """The file of a user. An id that is no safe name of a file is named by its hash."""
    known = user if SAFE.fullmatch(user) else f"id-{hashlib.sha256(user.encode()).hexdigest()[:32]}"
    return f"{known}.json"


def document(user: str, name: str | None, conversations: list[dict[str, Any]]) -> str:
    """The text of a user's file. Half of a character, which some text ends with, is written as its number."""
    content = {"format": FORMAT, "user": {"id": user, "username": name}, "conversations": conversations}
    text = json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n"
    return HALF_OF_A_CHARACTER.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def write(path: Path, text: str) -> bool:
    """Write a file whole, for its owner alone. False: it says so already."""
    data = text.encode()
    try:
        if path.read_bytes() == data:
            return False
    except FileNotFoundError:
        pass
    _aside(path)
    part = path.with_name(f"{PART}{path.name}")
    part.unlink(missing_ok=True)
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return True


def _aside(path: Path) -> None:
    """Move a file that is no export out of the way: somebody may still read something in it."""
    if path.is_symlink() or not path.exists():
        return
    try:
        content(path)
    except ValueError as error:
        aside = path.with_name(f"{path.name}.unreadable-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
        path.rename(aside)
        say(f"{error}; it is {aside.name} now, and is written anew")


def exports(folder: Path) -> list[Path]:
    """The files of a folder that may be exports. What a killed exporter has left is none."""
    return sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))


def content(path: Path) -> dict[str, Any]:
    """What is in an exported file. Raises ValueError for one that is none, and OSError."""
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"{path} is no export: its format is not {FORMAT}")
    user, rows = found.get("user"), found.get("conversations")
    if not isinstance(user, dict) or not isinstance(user.get("id"), str):
        raise ValueError(f"{path} is no export: it does not say whose it is (user.id)")
    if not isinstance(rows, list) or not all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in rows):
        raise ValueError(f"{path} is no export: conversations has to be a list of objects with an id")
    return found


class Export:
    """The files of one folder, and what they were made from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known: dict[str, Known] = {}
        self.users: dict[str, str] = {}
        self.failed: set[str] = set()
        """Users whose file could not be written: tried again in each pass."""
        self.written = 0
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._compared = False

    def run(self, database: Database) -> bool:
        """One pass: afterwards every change from before it is in the files. False: another pod does it."""
        if not database.mine():
            return False
        if self._compared and not database.changed() and not self.failed:
            return True
        names, now = database.users(), dict(database.digests())
        if not self._compared:
            self._compare(now)
            database.changed()
            self._compared = True
        changed = {one.user for key, one in now.items() if self.known.get(key) != one}
        changed |= {one.user for key, one in self.known.items() if now.get(key) != one}
        changed |= {user for user in names if self.users.get(user) != names[user] and user in _owners(now)}
        failed: dict[str, str] = {}
        for user in sorted(changed | self.failed):
            text = document(user, names.get(user), database.conversations(user))
            try:
                self.written += write(self.folder / file_name(user), text)
            except OSError as error:
                failed[user] = f"{file_name(user)}: {error.strerror}"
        self.known, self.users, self.failed = now, names, set(failed)
        if failed:
            raise OSError(f"{len(failed)} files could not be written, the others were: {next(iter(failed.values()))}")
        return True

    def _compare(self, now: dict[str, Known]) -> None:
        """Raise OtherDatabase where files exist and the database has none of their conversations."""
        there: set[str] = set()
        for path in exports(self.folder):
            try:
                there |= {one["id"] for one in content(path)["conversations"]}
            except (OSError, ValueError) as error:
                say(f"{error}; it is left as it is, and counts for nothing")
        if there and not there & now.keys():
            raise OtherDatabase(
                f"{self.folder} has {len(there)} conversations, and the database has none of them: it is another one. "
                "Nothing is written over. Import the files (sessions_import.py), or move them away"
            )


def _owners(known: dict[str, Known]) -> set[str]:
    return {one.user for one in known.values()}


class Numbers:
    """What Prometheus reads, said with the numbers of the pod (ks_metrics.py)."""

    def __init__(self, scratch: Path, lag: float) -> None:
        self.path, self.lag = scratch / "metrics" / "sessions.prom", lag
        self.until, self.failures = 0.0, 0

    def say(self, export: Export) -> None:
        """Write them beside their name, and rename."""
        pod = os.environ.get("KS_POD_NAME", "")
        lines = (
            ("kotaemon_sessions_exported_until_seconds", "Changes before this time are in the files.", self.until),
            ("kotaemon_sessions_export_lag_limit_seconds", "Greatest lag that the stack file allows.", self.lag),
            ("kotaemon_sessions_export_written_total", "Files written.", export.written),
            ("kotaemon_sessions_export_failures_total", "Passes that failed.", self.failures),
        )
        text = "".join(
            f"# HELP {name} {help_}\n# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}\n"
            f'{name}{{pod="{pod}"}} {value}\n'
            for name, help_, value in lines
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        part.write_text(text)
        part.replace(self.path)

    def silent(self) -> None:
        """Another pod says them."""
        self.path.unlink(missing_ok=True)


class Exporter:
    """Passes until SIGTERM, and one more then."""

    def __init__(self, folder: Path, lag: float, scratch: Path) -> None:
        self.export, self.numbers = Export(folder), Numbers(scratch, lag)
        self.pause = max(lag / 3, 0.5)
        self.ending = threading.Event()
        self._database: Database | None = None
        self._failed = 0

    def run(self) -> None:
        """Export until it is told to end."""
        while not self.ending.is_set():
            self.once()
            self.ending.wait(self.pause)
        self.once()
        say(f"ended; {self.export.written} files written")

    def once(self) -> None:
        """One pass. A database or a folder that fails is tried again in the next one."""
        begun = time.time()
        try:
            self._database = self._database or connect()
            if not self.export.run(self._database):
                self.numbers.silent()
                return
            self.numbers.until = begun
            self._failed = 0
        except OtherDatabase as error:
            self._fail(str(error), again=False)
        except (Unreachable, OSError, ValueError) as error:
            self._fail(f"{type(error).__name__}: {error}", again=True)
        self.numbers.say(self.export)

    def _fail(self, why: str, *, again: bool) -> None:
        self.numbers.failures += 1
        self._failed += 1
        if self._failed == 1 or self._failed % 20 == LOST:
            say(f"{why}{'; trying again' if again else ''}")
        if self._database is not None:
            self._database.close()
            self._database = None


def main() -> None:
    """Run the exporter of this pod."""
    lag = os.environ.get("KS_EXPORT_SECONDS", "60")
    if not lag.isdecimal() or int(lag) < 1:
        print(f"sessions: KS_EXPORT_SECONDS is {lag!r}; it must be a whole number of seconds", file=sys.stderr)
        raise SystemExit(EX_CONFIG)
    exporter = Exporter(Path(os.environ["KS_EXPORT_DIR"]), float(lag), Path(os.environ["KS_SCRATCH_DIR"]))

    def end(*_: object) -> None:
        exporter.ending.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    say(f"each user's conversations go to {exporter.export.folder}, at most {lag} s late")
    exporter.run()


if __name__ == "__main__":
    main()
