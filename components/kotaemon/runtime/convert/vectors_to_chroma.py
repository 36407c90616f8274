"""Copies vectors from Qdrant into a folder of Chroma, through the application's own classes: the way back of
chroma_to_vectors.py.

    KS_PROFILE=scaled KS_VECTOR_STORE=qdrant vectors_to_chroma.py --chroma /target/indexes/vectorstore [--check]

Runs where the application of the profile scaled runs, as chroma_to_vectors.py does. A vector is found by its chunk's
id: what is there already is not added again, so a run that was killed is simply run again. A collection of Chroma that
holds ids which the server has not is refused. At the end ids and numbers of every vector are compared. Qdrant keeps
vectors that are compared by angle at length 1 (https://qdrant.tech/documentation/concepts/collections), so what comes
back is the direction, and not the length, of what was added once; the application compares angles in both.
Milvus has no way back: upload the files again. Exit codes: console.py.
"""

import argparse
import importlib
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from application import as_the_application
from chroma_to_vectors import BATCH, chroma_client, document, server_store
from console import Different, Progress, Refused, run, say


def points(client: Any, name: str) -> Iterator[list[Any]]:
    """All points of a collection with what they hold, a hundred at a time."""
    offset: Any = None
    while True:
        found, offset = client.scroll(name, limit=BATCH, offset=offset, with_payload=True, with_vectors=True)
        yield found
        if offset is None:
            return


def vector_of(point: Any) -> list[float]:
    """The vector; the client gives a mapping where vectors have names."""
    found = point.vector
    return [float(number) for number in (next(iter(found.values())) if isinstance(found, dict) else found)]


def chunk(point: Any) -> Any:
    """The chunk as the application added it: llama-index keeps it whole in the payload's `_node_content`."""
    payload: dict[str, Any] = dict(point.payload or {})
    node = json.loads(str(payload.get("_node_content", "{}")))
    return document(str(point.id), vector_of(point), node.get("text") or payload.get("text"), payload)


def chroma_store(folder: Path, name: str) -> Any:
    """The store of the application that has Chroma in a folder."""
    storages: Any = importlib.import_module("kotaemon.storages")
    return storages.ChromaVectorStore(path=str(folder), collection_name=name)


def there(folder: Path, name: str) -> dict[str, list[float]]:
    """Id -> vector of what Chroma has; empty without such a collection."""
    if not (folder / "chroma.sqlite3").is_file():
        return {}
    client = chroma_client(folder)
    if name not in [getattr(found, "name", found) for found in client.list_collections()]:
        return {}
    found = client.get_collection(name).get(include=["embeddings"])
    return {key: [float(n) for n in vector] for key, vector in zip(found["ids"], found["embeddings"], strict=True)}


def copy(client: Any, folder: Path, name: str) -> None:
    """Copy one collection; see the head of this file."""
    known = there(folder, name)
    ids = {str(point.id) for batch in points(client, name) for point in batch}
    if foreign := known.keys() - ids:
        raise Refused(
            f"{name}: {folder} holds {len(foreign)} vectors that the server has not ({min(foreign)} ...); nothing was "
            "written to it; take an empty folder"
        )
    store, progress, done = chroma_store(folder, name), Progress(f"vectors of {name}", len(ids)), 0
    for batch in points(client, name):
        if missing := [point for point in batch if str(point.id) not in known]:
            store.add(embeddings=[chunk(point) for point in missing], ids=[str(point.id) for point in missing])
        done += len(batch)
        progress.at(done)


def compare(client: Any, folder: Path, name: str) -> None:
    """Raises Different for a vector that is missing, not the server's, or another one."""
    known, seen = there(folder, name), 0
    for batch in points(client, name):
        for point in batch:
            seen += 1
            if not near(known.get(str(point.id)), vector_of(point)):
                raise Different(f"{name}: the vector of {point.id} is missing in {folder}, or is another one")
    if seen != len(known):
        raise Different(f"{name}: {len(known) - seen} vectors of {folder} are not the server's")
    say(f"{name}: {seen} vectors, each compared")


def near(one: list[float] | None, other: list[float]) -> bool:
    """Whether two vectors are the same in the precision of 32 bits."""
    return (
        one is not None
        and len(one) == len(other)
        and all(math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-6) for a, b in zip(one, other, strict=True))
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--chroma", type=Path, required=True, help="the folder of Chroma, to be filled")
    parser.add_argument("--check", action="store_true", help="compare only")
    args = parser.parse_args()
    if os.environ.get("KS_PROFILE") != "scaled" or os.environ.get("KS_VECTOR_STORE") != "qdrant":
        raise Refused("the stack has no Qdrant (KS_PROFILE scaled, KS_VECTOR_STORE qdrant): there is no way back")
    as_the_application()
    args.chroma.mkdir(parents=True, exist_ok=True, mode=0o770)
    client = server_store("any")._client.client
    names = sorted(found.name for found in client.get_collections().collections)
    for name in names:
        if not args.check:
            copy(client, args.chroma, name)
        compare(client, args.chroma, name)
    say(f"{len(names)} collections")


if __name__ == "__main__":
    run(main)
