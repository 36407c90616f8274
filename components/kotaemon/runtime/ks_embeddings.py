"""With each index stands which embedding made it: id, hash and dimension. Another one under it is refused.

Vectors of one embedding mean nothing to another, and nothing fails: answers just get wrong. So the first vectors of an
index write <indexes>/.embeddings/<index>.json, which a backup of the role `indexes` carries, and from then on

- a start with other files of that model (a release, a rollback, a restore) is refused with exit code 78;
- an upload with another embedding, chosen in the application's settings, is refused and says so on the page.

The way to another embedding: docs/models.md, chapter Models and indexes. The record of an index that is removed goes.
"""

import functools
import hashlib
import json
import os
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

from ks_environment import refuse, say
from ks_hooks import after_import

FOLDER = ".embeddings"
MANIFEST = ".manifest.json"
"""Of the version of the models (components/models/runtime/ks_models_tree.py)."""
WAY = (
    "bring the new embedding under a name of its own beside the old one, make a new collection with it, index the "
    "files again there, and switch (docs/models.md, chapter Models and indexes)"
)
_NOW = threading.local()
"""The embedding whose vectors this thread adds."""


class OtherEmbedding(Exception):
    """Vectors of another embedding than the index was made with."""


def id_of(embedding: Any) -> str:
    """What the embedding calls its model: BAAI/bge-m3, text-embedding-3-large; else the name of its class."""
    for name in ("model_name", "azure_deployment", "model", "endpoint_url"):
        value = getattr(embedding, name, None)
        if isinstance(value, str) and value:
            return value
    return type(embedding).__name__


class Records:
    """The records of a pod's indexes."""

    def __init__(self, indexes: Path, models: Path) -> None:
        self.folder, self.models = indexes / FOLDER, models

    @functools.cached_property
    def hashes(self) -> dict[str, str]:
        """Id of each model in the version of the models -> its hash. Empty where the models are no version."""
        try:
            manifest = json.loads((self.models / MANIFEST).read_text())
        except FileNotFoundError:
            return {}
        from ks_models_embeddings import models_in  # pyright: ignore # beside this file in a pod with versions

        return models_in(manifest)

    def hash_of(self, model: str) -> str:
        """The hash of a model's files; empty for one that a server answers for."""
        return self.hashes.get(model) or self.hashes.get(f"sentence-transformers/{model}", "")

    def read(self) -> dict[str, dict[str, Any]]:
        """Index -> its record."""
        found = sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []
        return {path.stem: json.loads(path.read_text()) for path in found}

    def check_start(self) -> None:
        """Refuse to start with other files of a model than an index was made with."""
        if not (self.models / MANIFEST).is_file():
            return
        for index, record in self.read().items():
            wanted, now = record["hash"], self.hash_of(record["id"])
            if wanted and now != wanted:
                what = "has other files" if now else "is not"
                refuse(
                    f"the index {index} was made with the embedding {record['id']}, which {what} in the version "
                    f"{os.environ.get('KS_MODELS_VERSION', '')} of the models: every vector of it would be wrong. Keep "
                    f"the version before, or {WAY}"
                )

    def check(self, index: str, model: str, dimension: int) -> None:
        """Hold new vectors against the index's record, and make it with the first ones. Raises OtherEmbedding."""
        path = self.folder / f"{index}.json"
        mine = {"id": model, "hash": self.hash_of(model), "dimension": dimension}
        try:
            record = json.loads(path.read_text())
        except FileNotFoundError:
            self._write(path, mine)
            return
        if (record["id"], record["dimension"]) != (model, dimension):
            raise OtherEmbedding(
                f"the index {index} was made with the embedding {record['id']} ({record['dimension']} numbers), "
                f"and this upload uses {model} ({dimension}): choose the first one again, or {WAY}"
            )

    def _write(self, path: Path, record: dict[str, Any]) -> None:
        self.folder.mkdir(exist_ok=True)
        text = json.dumps(record)
        unfinished = path.with_name(f".{path.name}.{hashlib.sha256(os.urandom(16)).hexdigest()[:8]}")
        unfinished.write_text(text)
        try:
            os.link(unfinished, path)  # of two pods the first one's stays
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
        say(f"the index {path.stem} is recorded with its embedding: {text}")

    def forget(self, index: str) -> None:
        """Remove the record of an index that is removed."""
        (self.folder / f"{index}.json").unlink(missing_ok=True)


def remember_embedding(vectorindex: ModuleType) -> None:
    made = getattr(vectorindex, "VectorIndexing", None)
    add = getattr(made, "add_to_vectorstore", None)
    if add is None:
        say("warning: kotaemon.indices.vectorindex is not as expected; embeddings are not recorded with indexes")
        return

    @functools.wraps(add)
    def remembered(self: Any, *values: Any, **named: Any) -> Any:
        _NOW.embedding = id_of(self.embedding)
        try:
            return add(self, *values, **named)
        finally:
            _NOW.embedding = ""

    made.add_to_vectorstore = remembered  # pyright: ignore


def watch_store(records: Records, index: str, store: Any) -> None:
    """Look at what is added to the vector store of one index."""
    add = store.add

    @functools.wraps(add)
    def looked_at(embeddings: Any, *values: Any, **named: Any) -> Any:
        model = getattr(_NOW, "embedding", "")
        if model and embeddings:
            first = getattr(embeddings[0], "embedding", embeddings[0])
            records.check(index, model, len(first))
        return add(embeddings, *values, **named)

    store.add = looked_at


def watch_indexes(records: Records, index: ModuleType) -> None:
    made = getattr(index, "FileIndex", None)
    start, delete = getattr(made, "on_start", None), getattr(made, "on_delete", None)
    if start is None or delete is None:
        say("warning: ktem.index.file.index is not as expected; embeddings are not recorded with indexes")
        return

    def on_start(self: Any) -> None:
        start(self)
        watch_store(records, f"index_{self.id}", self._resources["VectorStore"])

    def on_delete(self: Any) -> None:
        delete(self)
        records.forget(f"index_{self.id}")

    made.on_start, made.on_delete = on_start, on_delete  # pyright: ignore


def keep_embeddings(indexes: Path, models: Path) -> None:
    """Look at the records now, and at what is added later. After index_wholly: both change FileIndex."""
    records = Records(indexes, models)
    records.check_start()
    after_import("kotaemon.indices.vectorindex", remember_embedding)
    also_after_import("ktem.index.file.index", functools.partial(watch_indexes, records))


def also_after_import(name: str, change: Any) -> None:
    """As after_import, for a module that another file changes as well."""
    from ks_hooks import FINDER

    earlier = FINDER.changes.get(name)

    def both(module: ModuleType) -> None:
        if earlier is not None:
            earlier(module)
        change(module)

    after_import(name, both)
