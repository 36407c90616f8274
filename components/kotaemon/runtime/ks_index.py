"""Files are indexed wholly: the first table is made once, running uploads are counted, half-indexed files are found.

Upstream's order for one file: its row, its texts (document store), its vectors, then a note on the row (finish(), in
ktem/index/file/pipelines.py). Whatever ends the process in between leaves a row that counts as indexed.
"""

import contextlib
import functools
import os
from collections.abc import Generator
from types import ModuleType
from typing import Any

from ks_environment import say
from ks_half_indexed import Collection
from ks_hooks import after_import
from ks_running import UPLOADS
from ks_vectors import bound_searches, shorten_rows

COLLECTIONS: list[Collection] = []


def make_table_once(store: Any) -> None:
    """LanceDB's store looks for its table and then makes it with mode="overwrite": of two first uploads one was lost.

    on_start runs under the lock of the profile, before anybody uploads.
    """
    if type(store).__name__ != "LanceDBDocumentStore" or store.collection_name in store.db_connection.table_names():
        return
    import pyarrow  # pyright: ignore

    columns = [(name, pyarrow.string()) for name in ("id", "text", "attributes")]
    store.db_connection.create_table(store.collection_name, schema=pyarrow.schema(columns), exist_ok=True)


def watch_collections(index: ModuleType) -> None:
    made = getattr(index, "FileIndex", None)
    start = getattr(made, "on_start", None)
    if start is None:
        say("warning: ktem.index.file.index is not as expected; half-indexed files are not found")
        return

    def on_start(self: Any) -> None:
        start(self)
        make_table_once(self._resources["DocStore"])
        bound_searches(self._resources["VectorStore"])
        shorten_rows(self._resources["VectorStore"])
        # GraphRAG's collections keep no vectors: nothing can be said of their files.
        if self._indexing_pipeline_cls.__module__ != "ktem.index.file.pipelines":
            return
        collection = Collection(self.name, self._resources)
        COLLECTIONS.append(collection)
        try:
            # One writer, and it has not begun: whatever is half indexed was interrupted.
            collection.at_start(alone=os.environ.get("KS_PROFILE") == "single-writer")
        except Exception as error:  # the check is no reason not to serve
            say(f"warning: half-indexed files of {self.name!r} were not looked for: {error}")

    made.on_start = on_start  # pyright: ignore


def take_back(pipeline: Any, file_path: Any, before: str | None) -> None:
    """A file that could not be indexed whole leaves no entry, so that it can be uploaded again. Its original stays."""
    with contextlib.suppress(Exception):  # what failed may fail again; then the file is found later
        entry = pipeline.get_id_if_exists(file_path)
        if entry is not None and entry != before:
            pipeline.delete_file(entry)


def count_uploads(pipelines: ModuleType) -> None:
    made = getattr(pipelines, "IndexPipeline", None)
    stream, add_vectors = getattr(made, "stream", None), getattr(made, "handle_chunks_vectorstore", None)
    if stream is None or add_vectors is None:
        say("warning: ktem.index.file.pipelines is not as expected; a pod that ends does not wait for its uploads")
        return

    @functools.wraps(stream)
    def counted(self: Any, file_path: Any, *values: Any, **named: Any) -> Generator[Any, Any, Any]:
        with UPLOADS.one():
            before = self.get_id_if_exists(file_path)
            try:
                return (yield from stream(self, file_path, *values, **named))
            except Exception:
                take_back(self, file_path, before)
                raise

    @functools.wraps(add_vectors)
    def counted_vectors(self: Any, *values: Any, **named: Any) -> Any:
        with UPLOADS.one():
            return add_vectors(self, *values, **named)

    made.stream = counted  # pyright: ignore
    made.handle_chunks_vectorstore = counted_vectors  # pyright: ignore


def index_wholly() -> None:
    after_import("ktem.index.file.index", watch_collections)
    after_import("ktem.index.file.pipelines", count_uploads)
