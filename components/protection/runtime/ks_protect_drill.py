"""The restore drill: the newest backup into an empty folder, everything in it looked at, and the result published.

It mounts no claim of the application, so it can harm none. What it looks at:

- the repository: its structure, and a share of its data read back (restic check);
- every restored file against the manifest's size and sha256, the models among them;
- the database: SQLite's own check, the rows of each table as in the manifest, the conversations counted;
- the indexes: each vector and text that the database refers to is there, and one query finds what it must.

A result that is not good ends the Job with an error: it is the age of the last good run that the alert is about.
"""

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import ks_protect_indexes as indexes
import ks_protect_manifest as manifest
import ks_protect_servers as servers
import ks_protect_sqlite as sqlite
from ks_protect_backup import DATABASE, DUMP, VECTORS
from ks_protect_cluster import publish
from ks_protect_restic import Failed, Restic
from ks_protect_words import MANIFEST, end, folder, need, now, say

SHOWN = 5
Found = dict[str, str]
"""What the drill found, as it is published: every value is text, because it goes into a ConfigMap."""


class Bad(Exception):
    """The backup cannot be relied on, and why."""


def restored(scratch: Path, restic: Restic, subset: str) -> Found:
    """The newest backup below the scratch folder, and which one it is. Raises Failed."""
    restic.open(make=False)
    newest = restic.newest()
    if newest is None:
        raise Bad("the repository has no whole backup of this stack")
    restic.check(subset)
    restic.restore(str(newest["id"]), scratch)
    return {"snapshot": str(newest["short_id"]), "snapshotAt": str(newest["time"])[:19] + "Z"}


def look(data: Path, stage: Path) -> Found:
    """Everything that was restored, against its manifest."""
    said = manifest.read(stage / MANIFEST)
    _same(data, said, "files")
    _same(stage, said, "staged")
    found: Found = {
        "backupAt": said["at"],
        "files": str(said["counts"]["files"]),
        "bytes": str(said["counts"]["bytes"]),
    }
    if said.get("written"):
        found["written"] = f"{len(said['written'])} files were written meanwhile, and not compared"
    found["models"] = str(sum(name.startswith("models/") for name in said["files"]))
    found["embeddings"] = ", ".join(f"{index}: {one['id']}" for index, one in sorted(said["embeddings"].items()))
    if (stage / DUMP).exists():
        found |= _server_database(stage)
    elif (stage / DATABASE).exists():
        found |= _sqlite_database(data, stage / DATABASE, said)
    elif said["database"] != "none":
        raise Bad("the backup has no database")
    return found


def _same(root: Path, said: dict[str, Any], part: str) -> None:
    if wrong := manifest.wrong(root, said, part):
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise Bad(f"not as the manifest says: {'; '.join(wrong[:SHOWN])}{more}")


def _sqlite_database(data: Path, database: Path, said: dict[str, Any]) -> Found:
    if found := sqlite.mistakes(database):
        raise Bad(f"the database is damaged: {found[0]}")
    tables = sqlite.tables(database)
    if tables != said["counts"]["tables"]:
        raise Bad("the database has other numbers of rows than the manifest")
    if "conversation" not in tables:
        raise Bad("the database has no table of conversations")
    looked = indexes.look(data / "indexes", database)
    if looked.missing:
        raise Bad(f"the database refers to what is not in the backup: {looked.missing[0]}")
    return {"conversations": str(tables["conversation"]), "indexes": looked.words}


def _server_database(stage: Path) -> Found:
    """What an init container has counted, which restored the dump into a server of this pod; and the vectors."""
    counted = folder("KS_FOUND")
    if not (counted / "conversations").exists():
        raise Bad("the dump was not restored")
    referred = set((counted / "vectors").read_text().split())
    found = {"conversations": (counted / "conversations").read_text().strip()}
    if (stage / VECTORS).is_dir():
        looked = servers.look(stage / VECTORS, referred)
        if looked.missing:
            raise Bad(f"the database refers to what is not in the backup: {looked.missing[0]}")
        found["indexes"] = looked.words
    return found


def _below(scratch: Path, path: Path) -> Path:
    return scratch / path.relative_to("/")


def main(*, only: str = "") -> None:
    """One drill, and its result in the ConfigMap.

    `only`: `restore` and `look` are the two halves, with a database server between them
    (components/protection/pods.py).
    """
    data, stage, scratch = Path(need("KS_DATA")), Path(need("KS_STAGE")), folder("KS_SCRATCH")
    begun = scratch / "begun.json"
    result: Found = {"phase": "good", "reason": ""}
    started = time.time()
    try:
        if only == "look":
            first = json.loads(begun.read_text())
            started = first.pop("started")
            result |= {**first, **look(_below(scratch, data), _below(scratch, stage))}
        else:
            result |= restored(scratch, Restic(need("KS_NAME")), os.environ.get("KS_SUBSET", "5%"))
            if only == "restore":
                begun.write_text(json.dumps({**result, "started": started}))
                return
            result |= look(_below(scratch, data), _below(scratch, stage))
    except (Failed, Bad, OSError, ValueError) as failed:
        result |= {"phase": "bad", "reason": str(failed)}
    except Exception as failed:  # whatever a library says of a damaged index: the result is published
        result |= {"phase": "bad", "reason": f"{type(failed).__name__}: {failed}"}
    result |= {"at": now(), "seconds": str(round(time.time() - started))}
    if result["phase"] == "good":
        result["lastGood"] = result["at"]
    _empty(scratch)
    publish(result)
    words = ", ".join(f"{key} {value}" for key, value in sorted(result.items()) if value)
    if result["phase"] != "good":
        end(f"the drill is bad: {words}")
    say(f"the drill is good: {words}")


def _empty(scratch: Path) -> None:
    """The volume itself is the pod's, and goes with it."""
    for path in scratch.iterdir():
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


if __name__ == "__main__":
    os.umask(0o077)
    main(only=sys.argv[1] if len(sys.argv) > 1 else "")
