"""The nightly copy of a bundled store onto the shared files: what is said about it, and its scripts."""

import re
from pathlib import Path
from typing import TypedDict

from pulumi import Input
from typing_extensions import NotRequired

from ..contract import Claim
from ..refusal import because, refused_folder

SCRIPTS_DIR = "/etc/kotaemon"
SCHEDULE = "15 2 * * *"
KEEP = 14


class BackupArgs(TypedDict):
    """When and where a store is copied every night."""

    claim: Claim
    """A file claim: the job runs wherever there is room, and the store's own disk is the one that may be lost."""
    folder: str
    """Folder on the claim, one level, for this store alone."""
    schedule: NotRequired[Input[str]]
    """Cron line in UTC; default 02:15 every night."""
    keep: NotRequired[int]
    """How many copies stay; default 14. By number, not by age: when nothing new is written, nothing old goes."""
    uid: NotRequired[int]
    """User of the job, who owns the shared files; default 1001."""
    gid: NotRequired[int]
    """Group of the job; default 1001."""


def backup_mistakes(args: BackupArgs | None) -> list[str]:
    """Mistakes in the arguments of a nightly copy; none: it can be made."""
    if args is None:
        return []
    folder, schedule, keep = args["folder"], args.get("schedule", SCHEDULE), int(args.get("keep", KEEP))
    deep = f"{folder!r} is not allowed; one level: the kubelet would have to pass through the others"
    return [
        *because("backup.folder", refused_folder(folder) or (deep if "/" in folder else "")),
        *because("backup.schedule", refused_schedule(schedule) if isinstance(schedule, str) else ""),
        *because("backup.keep", "" if keep >= 1 else f"{keep} is not allowed; it must be 1 or more"),
    ]


def refused_schedule(schedule: str) -> str:
    """Why a text cannot be a cron line; empty when it can."""
    if re.fullmatch(r"\S+( \S+){4}", schedule):
        return ""
    return f"{schedule!r} is not allowed; it must be a cron line of five fields, for example 15 2 * * *"


def script(name: str) -> str:
    """The text of a file of components/state/runtime."""
    return (Path(__file__).parent / "runtime" / name).read_text()
