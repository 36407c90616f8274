"""Restores a backup into the roles' folders, which the application must not be writing: scale it to 0 first.

    KS_SNAPSHOT     id of the backup; default: the newest whole one
    KS_REPLACE      1: what is there is moved into `<role>/.before-<time>/`; default: a role that holds files is refused

Nothing is deleted. A run that was killed left a mark in each role, and the next one goes on where it was: restic writes
every file again. At the end everything is compared with the manifest, and the database is opened.
"""

import datetime
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ks_protect_manifest as manifest
import ks_protect_sqlite as sqlite
from ks_protect_backup import DATABASE, LIVE
from ks_protect_restic import Failed, Restic, WrongPassword
from ks_protect_words import AGAIN, MANIFEST, OWN_FOLDERS, REFUSED, end, folder, need, say

MARK = ".kotaemon-restoring"
"""File in a role's folder while it is restored; its text is the id of the backup."""
RESERVE = 1.05
"""What the files need on a volume, times their size: blocks and folders of the file system."""
OWN = (MARK, *OWN_FOLDERS)
"""What a folder may hold and is empty nevertheless; and the folders `.before-...` of earlier runs."""


class Refused(Exception):
    """Somebody has to say that this is wanted."""


def held(role: Path) -> list[Path]:
    """What is in a role's folder."""
    return [path for path in sorted(role.iterdir()) if path.name not in OWN and not path.name.startswith(".before-")]


def clear(roles: list[Path], snapshot: str, *, replace: bool) -> None:
    """Make room in every role, or none: mark it first, so that a killed run is known. Raises Refused."""
    going_on = [role for role in roles if marked(role, snapshot)]
    todo = [role for role in roles if role not in going_on]
    full = [role for role in todo if held(role)]
    if full and not replace:
        names = ", ".join(role.name for role in full)
        raise Refused(f"{names}: holds files already; KS_REPLACE=1 moves them aside, into .before-<time>")
    at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    for role in todo:
        aside = role / f".before-{at}"
        for path in held(role):
            aside.mkdir(exist_ok=True)
            path.rename(aside / path.name)
        (role / MARK).write_text(snapshot)


def restore(data: Path, stage: Path, restic: Restic, wanted: str, *, replace: bool) -> str:
    """The backup in the roles' folders, compared. Returns its words. Raises Refused and Failed."""
    newest = restic.newest()
    if newest is None:
        raise Failed("the repository has no whole backup of this stack")
    snapshot = restic.whole(wanted) if wanted else str(newest["id"])
    roles = sorted(path for path in data.iterdir() if path.is_dir())
    _room(data, roles, manifest.checked(restic.read(snapshot, stage / MANIFEST)), snapshot)
    clear(roles, snapshot, replace=replace)
    restic.restore_in_place(snapshot, [*roles, stage])
    said = manifest.read(stage / MANIFEST)
    _database(data, stage)
    here = {role.name for role in roles}
    if wrong := [
        *manifest.wrong(data, said, "files", lambda name: name.split("/")[0] in here),
        *_mistakes(data, said["counts"]["tables"]),
    ]:
        raise Failed(f"not as the manifest says: {'; '.join(wrong[:5])}")
    for role in roles:
        (role / MARK).unlink()
    count = sum(name.split("/")[0] in here for name in said["files"])
    return f"restored {snapshot[:8]} of {said['at']}: {', '.join(sorted(here))}, {count} files"


def _room(data: Path, roles: list[Path], said: dict[str, Any], snapshot: str) -> None:
    """Raise Refused where a volume has less room than its roles need, before anything is moved aside."""
    volumes: dict[int, list[Path]] = {}
    for role in roles:
        volumes.setdefault(role.stat().st_dev, []).append(role)
    for mounted in volumes.values():
        wanted = sum(_wanted(data, role, said, snapshot) for role in mounted)
        state = os.statvfs(mounted[0])
        free = state.f_bavail * state.f_frsize
        if wanted * RESERVE > free:
            names = ", ".join(role.name for role in mounted)
            raise Refused(
                f"{names}: {free} bytes are free, and the backup needs {round(wanted * RESERVE)}; nothing was changed. "
                "Make the claim larger"
            )


def _wanted(data: Path, role: Path, said: dict[str, Any], snapshot: str) -> int:
    """Bytes that a role needs: of its files, and of the copy of the database; less what a killed run has restored."""
    wanted = sum(one["size"] for name, one in said["files"].items() if name.split("/")[0] == role.name)
    if DATABASE.startswith(f"{role.name}/") and (database := said["staged"].get(DATABASE)):
        wanted += database["size"]
    if marked(role, snapshot):
        wanted -= sum(path.lstat().st_size for found in held(role) for _, path in _files(found))
    return max(wanted, 0)


def _files(found: Path) -> Iterator[tuple[str, Path]]:
    return manifest.files_below(found) if found.is_dir() else iter([(found.name, found)])


def marked(role: Path, snapshot: str) -> bool:
    """Whether a killed run has begun to restore this backup into a role's folder."""
    return (role / MARK).exists() and (role / MARK).read_text() == snapshot


def _database(data: Path, stage: Path) -> None:
    """The copy in the stage becomes the living database, by rename; no journal of another one stays beside it."""
    copied, live = stage / DATABASE, data / DATABASE
    if not copied.exists() or not live.parent.is_dir():
        return
    for name in LIVE:
        (data / name).unlink(missing_ok=True)
    part = live.with_name(f".{live.name}.part")
    shutil.copyfile(copied, part)
    part.rename(live)


def _mistakes(data: Path, tables: dict[str, int]) -> Iterator[str]:
    live = data / DATABASE
    if live.exists():
        yield from sqlite.mistakes(live)
        if sqlite.tables(live) != tables:
            yield f"{DATABASE} has other numbers of rows"


def main() -> None:
    """One restore."""
    restic = Restic(need("KS_NAME"))
    replace, wanted = os.environ.get("KS_REPLACE", "") == "1", os.environ.get("KS_SNAPSHOT", "")
    try:
        restic.open(make=False)
        say(restore(folder("KS_DATA"), folder("KS_STAGE"), restic, wanted, replace=replace))
    except (Refused, WrongPassword) as refused:
        end(str(refused), REFUSED)
    except (Failed, OSError, ValueError) as failed:
        end(str(failed), AGAIN)


if __name__ == "__main__":
    os.umask(0o077)
    main()
