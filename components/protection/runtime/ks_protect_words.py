"""What the scripts of protection share: how they speak and end, and the names of files and tags that they agree on."""

import datetime
import os
import sys
from pathlib import Path
from typing import NoReturn

REFUSED = 78
"""Exit code for what trying again does not help: a wrong password, a setting that is missing (EX_CONFIG)."""
AGAIN = 75
"""Exit code for what a later try may help (EX_TEMPFAIL)."""
MANIFEST = "manifest.json"
"""File in the stage folder: what the backup holds."""
WHOLE = "whole"
"""Tag of a snapshot of which it is known that nothing it refers to was written while it was taken."""


OWN_FOLDERS = ("lost+found", ".snapshot")
"""Folders at the root of a role that belong to its file system or its filer, and are in no backup."""


def line(message: str) -> str:
    """A message as one line that can be printed: names of files may hold line breaks, and bytes that are no text."""
    plain = message.encode("utf-8", "backslashreplace").decode().replace("\r", "\\r")
    return f"protection: {plain}".replace("\n", "\\n")


def say(message: str) -> None:
    """One line for whoever reads the log."""
    print(line(message), flush=True)


def end(message: str, code: int = 1) -> NoReturn:
    """End the program with a reason."""
    print(line(message), file=sys.stderr, flush=True)
    raise SystemExit(code)


def need(name: str) -> str:
    """A variable that the CronJob sets."""
    value = os.environ.get(name, "")
    if not value:
        end(f"the variable {name} is not set; the CronJob sets it", REFUSED)
    return value


def folder(name: str) -> Path:
    """A variable that names a folder."""
    return Path(need(name))


def now() -> str:
    """The time as it is written into manifests and records."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
