"""The few calls of restic that protection makes. Repository and password are restic's own variables.

RESTIC_REPOSITORY, RESTIC_PASSWORD_FILE, and for S3 AWS_ACCESS_KEY_ID and so on (restic.readthedocs.io, Environment
Variables). Nothing of them is on a command line.
"""

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


class Failed(Exception):
    """A call of restic that did not end well, in restic's own words."""

    said = ""
    """All that restic printed as errors."""


class WrongPassword(Failed):
    """The repository is there, and this password does not open it: trying again does not help."""


class Restic:
    """One repository, and in it the snapshots of one stack: `host` tells them apart."""

    def __init__(self, host: str) -> None:
        self._program, self._host = os.environ.get("KS_RESTIC", "restic"), host
        self._whole: list[dict[str, Any]] = []
        self._unsettled: list[str] = []
        """Ids of snapshots that count for nothing: a killed run has left them, or this one was disturbed."""

    def _run(self, *arguments: str) -> str:
        ends = time.monotonic() + float(os.environ.get("KS_LOCK_SECONDS", LOCK_SECONDS))
        while True:
            done = self._call(*arguments)
            if done.returncode == 0:
                return done.stdout
            locked = any(word in done.stderr for word in LOCKED)
            if not locked or time.monotonic() > ends:
                failed = Failed(
                    f"restic {arguments[0]} ended with {done.returncode}: {_last(done.stderr or done.stdout)}"
                )
                failed.said = done.stderr
                raise failed
            say(f"the repository is locked: {_last(done.stderr)}")
            self._call("unlock")  # of a run that is gone: a run that lives renews its lock
            time.sleep(float(os.environ.get("KS_LOCK_PAUSE_SECONDS", LOCK_PAUSE_SECONDS)))

    def _call(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        style = ["-o", "s3.bucket-lookup=dns"] if os.environ.get("KS_HOST_STYLE") else []
        command = [self._program, "--quiet", *style, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def open(self, *, make: bool) -> None:
        """Open the repository and see what is there. `make`: where there is none, make it.

        A repository that another password opens is never made anew: `restic init` refuses where a config is.
        """
        try:
            self._see(json.loads(self._run("snapshots", "--json", "--host", self._host)) or [])
            return
        except Failed as failed:
            reason = str(failed)
        if "wrong password" in reason or "no key found" in reason:
            raise WrongPassword(f"the password does not open the repository: {reason}")
        if not make:
            raise Failed(reason)
        try:
            self._run("init")
        except Failed as failed:
            raise Failed(f"{reason}; and it cannot be made: {failed}") from None
        say("made a new repository")

    def _see(self, found: list[dict[str, Any]]) -> None:
        found.sort(key=lambda one: str(one["time"]))
        self._whole = [one for one in found if WHOLE in (one.get("tags") or [])]
        self._unsettled = [str(one["id"]) for one in found if WHOLE not in (one.get("tags") or [])]

    def backup(self, paths: Sequence[Path], exclude: Iterable[str]) -> str:
        """A snapshot of the paths, not yet known as whole. Returns its id; a file that cannot be read is a failure."""
        left = [part for pattern in exclude for part in ("--exclude", pattern)]
        said = self._run("backup", "--json", "--host", self._host, *left, *map(str, paths))
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
        """The newest whole snapshot that was there when the repository was opened. None: there was none."""
        return self._whole[-1] if self._whole else None

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
