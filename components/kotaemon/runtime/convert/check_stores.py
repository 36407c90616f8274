"""Compares what the database says of every collection with what the stores have; changes nothing.

    check_stores.py --data /data

For each collection (table `index__N__index`): whether every chunk is in the document store, every vector in the vector
store, every original in the file store, and whether the uploads that citations point to are there. What was missing in
the source is missing here as well: a file that came in a zip archive, or whose indexing was interrupted.
Exit code 1 when something is missing, 0 when nothing is; see console.py.
"""

import argparse
import importlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from application import as_the_application
from chroma_to_vectors import chroma_client, ids_there, server_store, start
from console import Different, run, say
from layout import DATA
from stores import database_url, engine_of, lance_tables, reflected

SHOWN = 5
Report = Callable[[str, set[str]], None]


def targets(connection: Any, tables: Any, number: str, relation: str) -> set[str]:
    sa: Any = importlib.import_module("sqlalchemy")
    table = tables[f"index__{number}__index"]
    return set(connection.scalars(sa.select(table.c.target_id).where(table.c.relation_type == relation)))


def documents_of(docstore: Path) -> dict[str, dict[str, str]]:
    """Collection -> chunk id -> attributes. Empty where the stack has another document store."""
    if os.environ.get("KS_DOC_STORE", "lancedb") != "lancedb":
        say("the document store is no LanceDB: its chunks are not compared")
        return {}
    found: dict[str, dict[str, str]] = {}
    for name, table in lance_tables(docstore):
        rows = table.to_arrow().select(["id", "attributes"]).to_pylist()
        found[name] = {row["id"]: row["attributes"] for row in rows}
    return found


def vectors_of(names: list[str], folder: Path) -> dict[str, set[str]]:
    """Collection -> ids of its vectors, in Chroma or in the server."""
    if os.environ.get("KS_PROFILE") != "scaled":
        return chroma_ids(folder)
    as_the_application()
    found: dict[str, set[str]] = {}
    for name in names:
        store = server_store(name)
        start(store, 1)
        found[name] = ids_there(store, name)
    return found


def chroma_ids(folder: Path) -> dict[str, set[str]]:
    copied = Path(tempfile.mkdtemp(prefix="chroma-"))
    try:
        shutil.copytree(folder, copied / "chroma")
        client = chroma_client(copied / "chroma")
        collections = [getattr(found, "name", found) for found in client.list_collections()]
        return {name: set(client.get_collection(name).get(include=[])["ids"]) for name in collections}
    finally:
        shutil.rmtree(copied)


def uploads_missing(documents: dict[str, str]) -> set[str]:
    """Files that PDF previews of these chunks would open."""
    paths = {str(json.loads(attributes).get("file_path", "")) for attributes in documents.values()}
    return {path for path in paths if path.startswith("/") and not os.path.isfile(path)}


def check(connection: Any, data: Path, report: Report) -> None:
    sa: Any = importlib.import_module("sqlalchemy")
    tables = reflected(connection).tables
    numbers = sorted(found[1] for name in tables if (found := re.fullmatch(r"index__(\d+)__index", name)))
    documents = documents_of(data / "indexes" / "docstore")
    with_vectors = [f"index_{n}" for n in numbers if targets(connection, tables, n, "vector")]
    vectors = vectors_of(with_vectors, data / "indexes" / "vectorstore")
    for number in numbers:
        name = f"index_{number}"
        source = tables[f"index__{number}__source"]
        originals = set(
            connection.scalars(sa.select(source.c.path).where(source.c.path.regexp_match("^[0-9a-f]{64}$")))
        )
        folder = data / "indexes" / "files" / name
        report(f"{name}: originals in {folder}", {path for path in originals if not (folder / path).is_file()})
        if documents or os.environ.get("KS_DOC_STORE", "lancedb") == "lancedb":
            chunks = documents.get(name, {})
            report(
                f"{name}: chunks in the document store", targets(connection, tables, number, "document") - chunks.keys()
            )
            report(f"{name}: uploads that citations open", uploads_missing(chunks))
        report(f"{name}: vectors", targets(connection, tables, number, "vector") - vectors.get(name, set()))
        held = len(documents.get(name, {})), len(vectors.get(name, ()))
        say(f"{name}: {len(originals)} files, {held[0]} chunks, {held[1]} vectors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path(DATA), help="where the roles are mounted")
    args = parser.parse_args()
    missing: list[str] = []

    def report(what: str, found: set[str]) -> None:
        if found:
            missing.append(f"{what}: {len(found)} missing ({', '.join(sorted(found)[:SHOWN])})")

    with engine_of(database_url(args.data)).connect() as connection:
        check(connection, args.data, report)
    if missing:
        raise Different("; ".join(missing))
    say("nothing is missing")


if __name__ == "__main__":
    run(main)
