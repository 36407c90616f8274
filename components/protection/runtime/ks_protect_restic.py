"""The few calls of restic that protection makes. Repository and password are restic's own variables.

RESTIC_REPOSITORY, RESTIC_PASSWORD_FILE, and for S3 AWS_ACCESS_KEY_ID and so on (restic.readthedocs.io, Environment
Variables). Nothing of them is on a command line.
"""

import datetime
import json
import os
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ks_protect_words import WHOLE, say

LOCKED = ("already locked", "lock was created at")
"""What restic says when another run has the repository."""
LOCK_SECONDS, LOCK_PAUSE_SECONDS = 2400, 60
"""A killed run's lock counts as stale after 30 minutes: its pod had another host name
(https://restic.readthedocs.io/en/stable/manual_rest.html, unlock)."""


_OF_A_PATH = re.compile(r"ignoring error for (.+?): .*")
_COUNTED = re.compile(r"Fatal: There were [0-9]+ errors")
"""restic's words for what it could not restore, and the last line of such a call (restic 0.14 to 0.18)."""
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)")
NO_REPOSITORY, ABSENT = 10, ("does not exist", "doesn't exist", "no such file")
"""restic's exit code for a repository that is not there (0.17 and later), and what releases before say of its config:
those of a folder, of S3 and of a server of restic's own."""
OPENING = "unable to open config file"
"""What restic says where it could not begin, so that it has done nothing. It asks some servers only once for it."""
TRIES, TRY_PAUSE_SECONDS = 5, 10
INCOMPLETE = 3
"""restic's exit code for a snapshot that was made, without files that could not be read."""
AHEAD_SECONDS = 3600
"""How far a snapshot may be ahead of this pod's clock."""


class Failed(Exception):
    """A call of restic that did not end well, in restic's own words."""

    said = ""
    """All that restic printed as errors."""
    printed = ""
    """All that it printed besides."""
    code = 0
    """Its exit code."""


class WrongPassword(Failed):
    """The repository is there, and this password does not open it: trying again does not help."""


class Restic:
    """One repository, and in it the snapshots of one stack: `host` tells them apart."""

    def __init__(self, host: str) -> None:
        self._program, self._host = os.environ.get("KS_RESTIC", "restic"), host
        self._whole: list[dict[str, Any]] = []
        self._ahead: list[dict[str, Any]] = []
        """Whole snapshots of the future: a clock was wrong when they were made, or is wrong now."""
        self._unsettled: list[str] = []
        """Ids of snapshots that count for nothing: a killed run has left them, or this one was disturbed."""

    def _run(self, *arguments: str) -> str:
        ends = time.monotonic() + float(os.environ.get("KS_LOCK_SECONDS", LOCK_SECONDS))
        again = TRIES
        while True:
            done = self._call(*arguments)
            if done.returncode == 0:
                return done.stdout
            if OPENING in done.stderr and not _absent(done.returncode, done.stderr) and again:
                again -= 1
                say(f"the repository cannot be opened now: {_last(done.stderr)}")
                time.sleep(float(os.environ.get("KS_TRY_PAUSE_SECONDS", TRY_PAUSE_SECONDS)))
                continue
            locked = any(word in done.stderr for word in LOCKED)
            if not locked or time.monotonic() > ends:
                failed = Failed(
                    f"restic {arguments[0]} ended with {done.returncode}: {_last(done.stderr or done.stdout)}"
                )
                failed.said, failed.code, failed.printed = done.stderr, done.returncode, done.stdout
                raise failed
            say(f"the repository is locked: {_last(done.stderr)}")
            self._call("unlock")  # of a run that is gone: a run that lives renews its lock
            time.sleep(float(os.environ.get("KS_LOCK_PAUSE_SECONDS", LOCK_PAUSE_SECONDS)))

    def _call(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        style = ["-o", "s3.bucket-lookup=dns"] if os.environ.get("KS_HOST_STYLE") else []
        command = [self._program, "--quiet", *style, *arguments]
        # It says names of files as they are, and those may be any bytes.
        return subprocess.run(command, capture_output=True, encoding="utf-8", errors="backslashreplace", check=False)

    def open(self, *, make: bool) -> None:
        """Open the repository and see what is there. `make`: where there is none, make it.

        A repository that another password opens is never made anew: `restic init` refuses where a config is.
        """
        try:
            self._see(json.loads(self._run("snapshots", "--json", "--host", self._host)) or [])
            return
        except Failed as failed:
            reason, code = str(failed), failed.code
        if "wrong password" in reason or "no key found" in reason:
            raise WrongPassword(f"the password does not open the repository: {reason}")
        if not make or not _absent(code, reason):
            # A bucket that answers with an error has a repository, for all that is known: restic before 0.16 takes
            # every error for an answer that there is none, and would write a new key beside it.
            raise Failed(reason)
        try:
            self._run("init")
        except Failed as failed:
            raise Failed(f"{reason}; and it cannot be made: {failed}") from None
        say("made a new repository")

    def _see(self, found: list[dict[str, Any]]) -> None:
        found.sort(key=lambda one: moment(one["time"]))
        self._whole = [one for one in found if WHOLE in (one.get("tags") or [])]
        self._unsettled = [str(one["id"]) for one in found if WHOLE not in (one.get("tags") or [])]
        self._ahead = [one for one in self._whole if moment(one["time"]) > time.time() + AHEAD_SECONDS]

    def backup(self, paths: Sequence[Path], exclude: Iterable[str]) -> str:
        """A snapshot of the paths, not yet known as whole. Returns its id.

        A file that cannot be read is a failure; one that went while it ran is none.
        """
        left = [part for pattern in exclude for part in ("--exclude", pattern)]
        try:
            said = self._run("backup", "--json", "--host", self._host, *left, *map(str, paths))
        except Failed as failed:
            unread = _unread(failed)
            if failed.code != INCOMPLETE or unread is None:
                raise
            if unread:
                raise Failed(f"restic could not read {', '.join(unread[:3])}: {_last(failed.said)}") from None
            said = failed.printed
        for line in _lines(said):
            if line.get("message_type") == "summary":
                self._unsettled.append(str(line["snapshot_id"]))
                return self._unsettled[-1]
        raise Failed("restic backup did not say which snapshot it made")

    def settle(self, snapshot: str) -> None:
        """Say that a snapshot is whole: only such ones are restored by a drill, and kept by the retention."""
        self._run("tag", "--add", WHOLE, snapshot)
        self._unsettled.remove(snapshot)

    def newest(self) -> dict[str, Any] | None:
        """The newest whole snapshot that was there when the repository was opened. None: there was none.

        One of the future was made by a clock that was wrong, and is the newest only where there is no other.
        """
        if not self._whole:
            return None
        return next((one for one in reversed(self._whole) if one not in self._ahead), self._whole[-1])

    def read(self, snapshot: str, path: Path) -> bytes:
        """One file of a snapshot."""
        return self._run("dump", snapshot, str(path)).encode()

    def restore(self, snapshot: str, target: Path) -> None:
        """All of a snapshot below a folder."""
        self._run("restore", snapshot, "--target", str(target))

    def whole(self, wanted: str) -> str:
        """The full id of a whole snapshot by the first digits of its id. Raises Failed."""
        found = [str(one["id"]) for one in self._whole if str(one["id"]).startswith(wanted)]
        if len(found) != 1:
            raise Failed(f"{len(found)} whole backups have an id that begins with {wanted!r}")
        return found[0]

    def restore_in_place(self, snapshot: str, paths: Sequence[Path]) -> None:
        """These folders of a snapshot, where they were; other files in them stay.

        The folders are mounted into a root that cannot be written. restic sets times and modes of them and of those
        above them, and calls it an error that it cannot: such errors alone are none, because what is in the folders
        is compared afterwards.
        """
        mounted = {str(folder) for path in paths for folder in (path, *path.parents)}
        try:
            self._run(
                "restore", snapshot, "--target", "/", *(part for path in paths for part in ("--include", str(path)))
            )
        except Failed as failed:
            if not _only_about(failed.said, mounted):
                raise

    def forget(self, daily: int, weekly: int, monthly: int) -> None:
        """Remove what the retention no longer keeps, and what killed or disturbed runs have left."""
        if self._unsettled:
            self._run("forget", *self._unsettled)
        if self._ahead:
            one = self._ahead[-1]
            say(
                f"warning: no older backup was removed, because the backup {one['short_id']} is of the future "
                f"({one['time']}): a clock was wrong, and it would count as the newest day. When the clock is right, "
                f"remove it: restic forget {one['short_id']}"
            )
            return
        keep = {"--keep-daily": daily, "--keep-weekly": weekly, "--keep-monthly": monthly}
        numbers = [part for name, number in keep.items() if number for part in (name, str(number))]
        self._run(
            "forget",
            "--host",
            self._host,
            "--tag",
            WHOLE,
            "--group-by",
            "host",
            "--keep-last",
            "1",
            *numbers,
            "--prune",
        )

    def check(self, subset: str) -> None:
        """Look at the repository's structure, and read this share of its data back."""
        self._run("check", f"--read-data-subset={subset}")


def moment(text: str) -> float:
    """A time of restic, like 2026-11-30T06:19:36.123456789+01:00, in seconds since 1970."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise Failed(f"restic said a time that is none: {text!r}")
    at = datetime.datetime.fromisoformat(f"{found[1]}{'+00:00' if found[3] == 'Z' else found[3]}")
    return at.timestamp() + float(found[2] or 0)


def _absent(code: int, said: str) -> bool:
    """Whether a call that failed says that there is no repository."""
    return code == NO_REPOSITORY or any(word in said for word in ABSENT)


def _unread(failed: Failed) -> list[str] | None:
    """What restic could not read and is still there. None: it does not say what it could not read."""
    items = [str(line.get("item", "")) for line in _lines(failed.said) if line.get("message_type") == "error"]
    if not items:
        return None
    # A name that is no text has another character in its place: it cannot be looked for.
    return [item for item in items if "\ufffd" in item or os.path.lexists(item)]


def _lines(said: str) -> Iterator[dict[str, Any]]:
    for line in said.splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def _only_about(said: str, folders: set[str]) -> bool:
    """Whether all that restic could not restore is something of these folders themselves."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    found = [
        match[1] if (match := _OF_A_PATH.fullmatch(line)) else None for line in lines if not _COUNTED.fullmatch(line)
    ]
    return len(found) < len(lines) and bool(found) and all(path in folders for path in found)


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return " | ".join(lines[-3:]) or "it said nothing"
