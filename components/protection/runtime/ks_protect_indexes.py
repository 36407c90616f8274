"""What a drill looks at in restored indexes: that they hold what the database refers to, and that they answer."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import ks_protect_sqlite as sqlite

CHROMA = "vectorstore/chroma.sqlite3"
TEXTS = "docstore"


class Looked(NamedTuple):
    """What was found."""

    missing: list[str]
    """One line for each thing that the database refers to and that is not there."""
    words: str
    """What was looked at, in words, for the record."""


def look(indexes: Path, database: Path) -> Looked:
    """Vectors and texts as files, as the profile single-writer has them."""
    vectors, texts = sqlite.referred(database, "vector"), sqlite.referred(database, "document")
    words: list[str] = []
    missing: list[str] = []
    if any(vectors.values()):
        held = vectors_in(indexes / CHROMA)
        missing += _missing("vector", vectors, held)
        words.append(f"{len(held)} vectors, {_queried(indexes)}")
    if any(texts.values()):
        documents = _texts(indexes / TEXTS)
        if documents is None:
            words.append("texts not read: no lancedb in this image")
        else:
            missing += _missing("text", texts, documents)
            words.append(f"{len(documents)} texts")
    return Looked(missing, "; ".join(words) or "nothing is indexed")


def vectors_in(chroma: Path) -> set[str]:
    """Ids of Chroma's vectors, from its own database. A damaged or missing one has none of them: all are missing."""
    if not chroma.exists():
        return set()
    with closing(sqlite3.connect(chroma)) as database:  # may have to roll back: the folder is the drill's own
        try:
            return {str(row[0]) for row in database.execute("SELECT embedding_id FROM embeddings")}
        except sqlite3.DatabaseError:
            return set()


def _missing(what: str, referred: dict[str, set[str]], held: set[str]) -> list[str]:
    return [
        f"{len(ids - held)} of {len(ids)} {what}s of index {number}"
        for number, ids in sorted(referred.items())
        if ids - held
    ]


def _queried(indexes: Path) -> str:
    """One query of each collection: the nearest to a vector that it holds is that vector.

    Opening writes into the folder, which is the drill's own copy.
    """
    try:
        import chromadb  # pyright: ignore # in the application's image
    except ImportError:
        return "not queried: no chromadb in this image"
    client: Any = chromadb.PersistentClient(path=str((indexes / CHROMA).parent))  # pyright: ignore
    queried = 0
    for named in client.list_collections():
        collection = client.get_collection(getattr(named, "name", named))
        first = collection.get(limit=1, include=["embeddings"])
        if len(first["ids"]):
            answer = collection.query(query_embeddings=[list(first["embeddings"][0])], n_results=1)
            if not answer["ids"][0]:
                raise OSError(f"the collection {collection.name} answers nothing")
            queried += 1
    return f"{queried} collections queried"


def _texts(folder: Path) -> set[str] | None:
    """Ids of the texts in LanceDB; None: this image cannot read it."""
    try:
        import lancedb  # pyright: ignore # in the application's image
    except ImportError:
        return None
    if not folder.is_dir():
        return set()
    connection: Any = lancedb.connect(str(folder))  # pyright: ignore
    found: set[str] = set()
    for name in connection.table_names():
        found |= {str(value) for value in connection.open_table(name).to_arrow()["id"].to_pylist()}
    return found
