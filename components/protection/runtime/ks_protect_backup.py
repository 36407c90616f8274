"""One backup of everything that refers to everything else, in one order: database, vectors, then texts and files.

The order is what makes it whole. The database refers to vectors, texts and files by id, so it is taken first: whatever
it refers to was there by then and is taken afterwards. And where vectors and texts are files, a run counts only when
none of them was written while it ran; otherwise it begins again. Conversations may be written all the time.

    /data/<role>    the roles, mounted read-only
    /stage          the copy of the database, the snapshots of a vector server, and the manifest
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ks_protect_manifest as manifest
import ks_protect_sqlite as sqlite
from ks_protect_restic import Failed, Restic, WrongPassword
from ks_protect_words import AGAIN, MANIFEST, OWN_FOLDERS, REFUSED, end, folder, need, now, say

ATTEMPTS, PAUSE_SECONDS = 6, 20
ROUNDS = 4
"""How often a snapshot is made anew because files were written meanwhile."""
YOUNG_SECONDS = 600
"""A file that was written since may be written again while it is copied."""
DATABASE = "sessions/sql.db"
LIVE = frozenset(f"{DATABASE}{end}" for end in ("", "-journal", "-wal", "-shm"))
"""Files of the living database: its copy is in the stage folder."""
ORDER = ("database", "vectors", "texts and files")
COUPLED = "indexes"
"""The role whose files the database refers to."""
VECTORS = "vectors"
"""Folder in the stage for the snapshots of Qdrant, as components/state/runtime/qdrant_backup.py writes them."""
LOOKED = "looked.json"
"""File in the stage: the state of the coupled files before a dump was made."""
DUMP = "database.dump"
"""What pg_dump has written into the stage folder, in an init container before this one."""


class Written(Exception):
    """Something was written that the copy of the database may not know."""


def backup(data: Path, stage: Path, restic: Restic) -> dict[str, Any]:
    """One snapshot that is known to be whole, and its manifest. Raises Written when nothing was quiet long enough."""
    attempts = int(os.environ.get("KS_ATTEMPTS", ATTEMPTS))
    for attempt in range(attempts):
        try:
            return _attempt(data, stage, restic)
        except (Written, FileNotFoundError) as found:
            say(f"attempt {attempt + 1} of {attempts} does not count: {found}")
        if (stage / DUMP).exists():
            break  # the dump is older than what was written: the Job begins again, with a new one
        if attempt + 1 < attempts:
            time.sleep(float(os.environ.get("KS_PAUSE_SECONDS", PAUSE_SECONDS)))
    raise Written("no moment was found in which nothing was indexed; the next run tries again")


def _attempt(data: Path, stage: Path, restic: Restic) -> dict[str, Any]:
    before = _coupled_before(data, stage)
    tables = _database(data, stage)
    vectors = _vectors(stage)
    made, snapshot = _snapshot(data, stage, restic, tables, vectors)
    if changed := _changed(before, manifest.signature(data / COUPLED)):
        raise Written(f"{changed} was written meanwhile")
    live = data / DATABASE
    if (
        live.exists()
        and not os.environ.get("KS_STILL")
        and sqlite.index_rows(live) != sqlite.index_rows(stage / DATABASE)
    ):
        raise Written("a file was indexed meanwhile")
    restic.settle(snapshot)
    written = f", {len(made['written'])} of them written meanwhile" if made["written"] else ""
    say(f"snapshot {snapshot[:8]}: {made['counts']['files']} files{written}, {made['counts']['bytes']} bytes, whole")
    return made


def _snapshot(
    data: Path, stage: Path, restic: Restic, tables: dict[str, int], vectors: list[str]
) -> tuple[dict[str, Any], str]:
    """A snapshot whose manifest says of each file either its hash, or that it was written meanwhile. Raises Written.

    Somebody uploads a file, a job writes a report: it is copied as it was in that moment, and its hash is of another
    one. The database refers to none of them yet. So such a file is named, and the snapshot is made once more, which
    reads what has changed only. From then on every young file counts as one of them: the next one comes and goes.
    """
    written: set[str] = set()
    for number in range(ROUNDS):
        made = _manifest(data, stage, restic, tables, vectors, written)
        if number:
            written |= _name_young(stage, made)
        snapshot = restic.backup([data, stage], [*(str(data / name) for name in LIVE), *_own_folders(data)])
        since = manifest.written_since(made["files"], manifest.signature(data, 1, LIVE))
        if since <= written:
            return made, snapshot
        if coupled := sorted(name for name in since if name.startswith(f"{COUPLED}/")):
            raise Written(f"{coupled[0]} was written meanwhile")
        written |= since
    raise Written(f"{min(written)}, one of {len(written)} files, was written meanwhile in each of {ROUNDS} rounds")


def _name_young(stage: Path, made: dict[str, Any]) -> set[str]:
    """Say in the manifest that young files were written meanwhile; their names. The indexes are never among them."""
    since = (time.time() - YOUNG_SECONDS) * 1e9
    young = {name for name, one in made["files"].items() if one["mtime"] > since and not name.startswith(f"{COUPLED}/")}
    made["written"] = sorted({*made["written"], *young})
    (stage / MANIFEST).write_text(json.dumps(made))
    return young


def _own_folders(data: Path) -> list[str]:
    return [str(role / name) for role in data.iterdir() for name in OWN_FOLDERS]


def _coupled_before(data: Path, stage: Path) -> dict[str, Any]:
    """The state of the coupled files from before the database was taken: with a dump, that of `look`."""
    seen = stage / LOOKED
    if not seen.exists():
        return manifest.signature(data / COUPLED)
    return {name: tuple(state) for name, state in json.loads(seen.read_text()).items()}


def look(data: Path, stage: Path) -> None:
    """Remember the state of the coupled files, before another container dumps the database. Makes nothing else."""
    (stage / LOOKED).write_text(json.dumps(manifest.signature(data / COUPLED)))
    say("looked at the files of the indexes")


def _database(data: Path, stage: Path) -> dict[str, int]:
    live = data / DATABASE
    if not live.exists():
        return {}
    sqlite.copy(live, stage / DATABASE)
    return sqlite.tables(stage / DATABASE)


def _vectors(stage: Path) -> list[str]:
    """Snapshots of every collection of Qdrant, where the vectors are in a server."""
    url = os.environ.get("QDRANT_URL", "")
    if not url:
        return []
    import qdrant_backup as qdrant  # pyright: ignore # from components/state/runtime

    server = qdrant.Qdrant(url, os.environ.get("QDRANT_API_KEY", ""))
    target = stage / VECTORS
    target.mkdir(exist_ok=True)
    qdrant.backup(server, target, 1)
    return list(server.collections())


def _manifest(
    data: Path, stage: Path, restic: Restic, tables: dict[str, int], vectors: list[str], written: set[str]
) -> dict[str, Any]:
    files, links = manifest.describe(data, LIVE, _earlier(stage, restic), 1)
    staged, _ = manifest.describe(stage, frozenset({MANIFEST, LOOKED}), {})
    everything = [*files.values(), *staged.values()]
    made: dict[str, Any] = {
        "version": manifest.VERSION,
        "at": now(),
        "database": os.environ.get("KS_DATABASE", "sqlite"),
        "order": list(ORDER),
        "counts": {"files": len(everything), "bytes": sum(one["size"] for one in everything), "tables": tables},
        "collections": vectors,
        "embeddings": manifest.embeddings(data / COUPLED),
        "files": files,
        "links": links,
        "written": sorted(written),
        "staged": staged,
    }
    (stage / MANIFEST).write_text(json.dumps(made))
    return made


def _earlier(stage: Path, restic: Restic) -> dict[str, Any]:
    """The files of the newest whole snapshot; none when there is none."""
    found = restic.newest()
    if found is None:
        return {}
    try:
        said = manifest.checked(restic.read(str(found["id"]), stage / MANIFEST))
        written = set(said.get("written", ()))
        return {name: one for name, one in said["files"].items() if name not in written}
    except (Failed, ValueError) as error:
        say(f"the manifest before cannot be read, so every file is: {error}")
        return {}


def _changed(before: dict[str, Any], after: dict[str, Any]) -> str:
    return next(_differences(before, after), "")


def _differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    yield from (f"{COUPLED}/{name}" for name in sorted({*before, *after}) if before.get(name) != after.get(name))


def main() -> None:
    """One run: the repository, the snapshot, then the retention."""
    data, stage = folder("KS_DATA"), folder("KS_STAGE")
    restic = Restic(need("KS_NAME"))
    try:
        restic.open(make=True)
        backup(data, stage, restic)
    except WrongPassword as failed:
        end(str(failed), REFUSED)
    except (Failed, Written, OSError) as failed:
        end(str(failed), AGAIN)
    try:
        restic.forget(*(int(need(f"KS_KEEP_{name}")) for name in ("DAILY", "WEEKLY", "MONTHLY")))
    except Failed as failed:
        # The backup is there. Another run holds the repository, or its key may not delete: the next night removes.
        say(f"warning: nothing was removed: {failed}")


if __name__ == "__main__":
    import sys

    os.umask(0o077)  # a copy of the database holds keys and passwords' hashes
    if sys.argv[1:] == ["look"]:
        look(folder("KS_DATA"), folder("KS_STAGE"))
    else:
        main()
