"""Copies vectors from Chroma's folder into the vector server of the stack, through the application's own classes.

    KS_PROFILE=scaled KS_VECTOR_STORE=... chroma_to_vectors.py --chroma /source/user_data/vectorstore [--check]

Runs where the application runs: its Python, its folder as the working directory, the runtime files on PYTHONPATH and
the stack's variables. Each collection is read from a copy of the folder, because Chroma writes where it reads. The text
and the metadata go along as the application would have added them (kotaemon/storages/vectorstores/base.py:79-103).

A vector is found by its chunk's id: what is there already is not added again, so a run that was killed is simply run
again. A collection of the server that holds ids which Chroma has not is refused: it is somebody else's, or the
application has run on it. At the end the ids are compared, and a sample of vectors is looked up.
Exit codes: console.py.
"""

import argparse
import importlib
import json
import logging
import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from application import as_the_application
from console import Different, Progress, Refused, run, say

BATCH = 100
"""Vectors in one request: 100 of 3072 numbers are about 4 MB as JSON, below the servers' limits of 32 MB and more."""
LONG = 4096
"""Characters. What is longer, the picture of a page for example, is not taken along with the vector: Milvus refuses
rows of more than 64 KiB besides the vector, and the application reads text and pictures from the document store alone
(kotaemon/indices/vectorindex.py, VectorRetrieval)."""
SAMPLE = 20
"""Vectors that are looked up at the end, in each collection."""


def chroma_client(folder: Path) -> Any:
    # Chroma logs an error for each event that its telemetry fails to send, also when it is off.
    logging.getLogger("chromadb.telemetry").setLevel(logging.CRITICAL)
    chromadb: Any = importlib.import_module("chromadb")
    settings: Any = importlib.import_module("chromadb.config").Settings
    return chromadb.PersistentClient(str(folder), settings=settings(anonymized_telemetry=False))


def collection_names(client: Any) -> list[str]:
    """Chroma gives names or objects, by its version."""
    return sorted(getattr(found, "name", found) for found in client.list_collections())


def batches(collection: Any) -> Iterator[dict[str, Any]]:
    """Ids, vectors, texts and metadata, a hundred at a time."""
    for offset in range(0, collection.count(), BATCH):
        yield collection.get(limit=BATCH, offset=offset, include=["embeddings", "documents", "metadatas"])


def document(identity: str, vector: Any, text: str | None, metadata: dict[str, Any]) -> Any:
    """The chunk as the application had it when it added the vector, without what is longer than LONG."""
    base: Any = importlib.import_module("kotaemon.base")
    node = json.loads(str(metadata.get("_node_content", "{}")))
    kept = {name: node[name] for name in ("excluded_embed_metadata_keys", "excluded_llm_metadata_keys") if name in node}
    short = {name: value for name, value in node.get("metadata", {}).items() if len(str(value)) <= LONG}
    return base.DocumentWithEmbedding(
        embedding=[float(number) for number in vector],
        content=base.Document(text=(text or "")[:LONG], id_=identity, metadata=short, **kept),
    )


def server_store(name: str) -> Any:
    """The store that the application would use: kh_settings.py says which."""
    components: Any = importlib.import_module("ktem.components")
    store = components.get_vectorstore(name)
    kind = type(store).__name__
    if kind not in ("QdrantVectorStore", "MilvusVectorStore"):
        raise Refused(f"KS_PROFILE and KS_VECTOR_STORE say {kind}; the vector server must be qdrant or milvus")
    return store


def start(store: Any, size: int) -> None:
    """Milvus learns of the vectors' size at its first use."""
    if hasattr(store, "_lazy_init"):
        store._lazy_init(size)


def ids_there(store: Any, name: str) -> set[str]:
    """Ids of all vectors in the server's collection; empty when there is no such collection."""
    client = store._client.client
    if type(store).__name__ == "QdrantVectorStore":
        return qdrant_ids(client, name)
    if not client.has_collection(name):
        return set()
    return milvus_ids(client, name)


def milvus_ids(client: Any, name: str) -> set[str]:
    found: set[str] = set()
    client.load_collection(name)
    # An iterator goes past the limit of 16384 rows in one answer. `id` is llama-index's primary key there.
    iterator = client.query_iterator(name, filter="", output_fields=["id"], batch_size=1000, consistency_level="Strong")
    while rows := iterator.next():
        found |= {str(row["id"]) for row in rows}
    iterator.close()
    return found


def qdrant_ids(client: Any, name: str) -> set[str]:
    found: set[str] = set()
    if not client.collection_exists(name):
        return found
    offset: Any = None
    while True:
        points, offset = client.scroll(name, limit=1000, offset=offset, with_payload=False, with_vectors=False)
        found |= {str(point.id) for point in points}
        if offset is None:
            return found


def copy(collection: Any, name: str) -> None:
    """Copy one collection; see the head of this file."""
    total = collection.count()
    if not total:
        say(f"{name}: no vectors")
        return
    store = server_store(name)
    first = collection.get(limit=1, include=["embeddings"])["embeddings"][0]
    start(store, len(first))
    ids = set(collection.get(include=[])["ids"])
    there = ids_there(store, name)
    if foreign := there - ids:
        raise Refused(
            f"{name}: the server's collection holds {len(foreign)} vectors that Chroma has not ({min(foreign)} ...); "
            "nothing was written to it; use an empty server, or remove that collection if nobody needs it"
        )
    progress, done = Progress(f"vectors of {name}", total), 0
    for batch in batches(collection):
        rows = zip(batch["ids"], batch["embeddings"], batch["documents"], batch["metadatas"], strict=True)
        missing = [row for row in rows if row[0] not in there]
        if missing:
            store.add(embeddings=[document(*row) for row in missing], ids=[row[0] for row in missing])
        done += len(batch["ids"])
        progress.at(done)
    compare(collection, name, store)


def compare(collection: Any, name: str, store: Any) -> None:
    """Raises Different when ids are missing, or when a sampled vector does not find its own chunk first."""
    ids = set(collection.get(include=[])["ids"])
    there = ids_there(store, name)
    if ids != there:
        raise Different(
            f"{name}: {len(ids - there)} vectors are missing in the server, {len(there - ids)} are not Chroma's"
        )
    sample = collection.get(limit=SAMPLE, include=["embeddings"])
    for identity, vector in zip(sample["ids"], sample["embeddings"], strict=True):
        look_up(store, name, identity, [float(number) for number in vector])
    say(f"{name}: {len(ids)} vectors, the same ids on both sides, {len(sample['ids'])} looked up")


def look_up(store: Any, name: str, identity: str, vector: list[float]) -> None:
    """Ask for one chunk by its vector, as the application asks: the chunks' ids are `doc_ids`.

    A vector's likeness to itself is 1 where the server compares angles (Qdrant), its length squared where it compares
    inner products (Milvus in llama-index). Raises Different.
    """
    _, likeness, found = store.query(embedding=vector, top_k=1, doc_ids=[identity])
    own = sum(number * number for number in vector)
    if found != [identity] or not any(math.isclose(likeness[0], value, rel_tol=1e-3) for value in (1.0, own)):
        raise Different(
            f"{name}: asked for the vector of {identity}, the server found {found} with likeness {likeness}"
        )


def check_server(chroma: Any) -> None:
    for name in collection_names(chroma):
        collection = chroma.get_collection(name)
        if collection.count():
            store = server_store(name)
            start(store, len(collection.get(limit=1, include=["embeddings"])["embeddings"][0]))
            compare(collection, name, store)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--chroma", type=Path, required=True, help="the folder with chroma.sqlite3; only read")
    parser.add_argument("--check", action="store_true", help="compare only")
    args = parser.parse_args()
    if not (args.chroma / "chroma.sqlite3").is_file():
        raise Refused(f"--chroma {args.chroma}: there is no chroma.sqlite3 in it")
    if os.environ.get("KS_PROFILE") != "scaled":
        raise Refused("KS_PROFILE is not scaled: only that profile has a vector server")
    as_the_application()
    copied = Path(tempfile.mkdtemp(prefix="chroma-"))
    try:
        shutil.copytree(args.chroma, copied / "chroma")
        client = chroma_client(copied / "chroma")
        if args.check:
            check_server(client)
            return
        for name in collection_names(client):
            copy(client.get_collection(name), name)
    finally:
        shutil.rmtree(copied)


if __name__ == "__main__":
    run(main)
