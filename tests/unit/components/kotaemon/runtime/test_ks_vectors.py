"""ks_vectors.py: a search gets a bound, a failure is counted, and Milvus gets no row that it refuses."""

import time
import types
from typing import Any

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import runtime_module


def store(search: Any) -> Any:
    kind = type("Store", (), {"query": lambda self, *values, **named: search(*values, **named)})
    return kind()


def test_an_answer_in_time_is_passed_on() -> None:
    vectors, made = runtime_module("ks_vectors"), store(lambda embedding, top_k: ([embedding], [0.5], [str(top_k)]))
    before = vectors.FAILURES.count
    vectors.bound_searches(made)
    vectors.bound_searches(made)  # a second collection with a store of the same class
    assert made.query([1.0], top_k=3) == ([[1.0]], [0.5], ["3"])
    assert vectors.FAILURES.count == before


def test_a_store_that_hangs_costs_seconds(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    vectors, made = runtime_module("ks_vectors"), store(lambda: time.sleep(30))
    monkeypatch.setenv("KS_VECTOR_SECONDS", "1")
    before = vectors.FAILURES.count
    vectors.bound_searches(made)
    begun = time.monotonic()
    assert made.query() == ([], [], [])
    assert time.monotonic() - begun < 25
    assert vectors.FAILURES.count == before + 1
    assert "warning: the vector store did not answer: TimeoutError: no answer within 1 s" in capsys.readouterr().out


def test_an_error_of_the_store_is_counted_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise ConnectionError("refused")

    vectors, made = runtime_module("ks_vectors"), store(fail)
    before = vectors.FAILURES.count
    vectors.bound_searches(made)
    assert made.query() == ([], [], [])
    assert vectors.FAILURES.count == before + 1
    assert "ConnectionError: refused" in capsys.readouterr().out


class Row:
    """As a document with its vector: `metadata` is the document's own."""

    def __init__(self, metadata: dict[str, Any]) -> None:
        self.metadata = metadata


def rows_that_arrive(class_name: str, rows: list[Any]) -> list[Any]:
    arrived: list[Any] = []

    def add(_: Any, embeddings: list[Any], metadatas: Any = None, ids: Any = None) -> Any:
        arrived.extend(embeddings)
        return ids

    vectors = runtime_module("ks_vectors")
    made: Any = type(class_name, (), {"add": add})()
    vectors.shorten_rows(made)
    vectors.shorten_rows(made)  # a second collection with a store of the same class
    assert made.add(embeddings=rows, ids=["1"]) == ["1"]
    return arrived


def test_the_picture_of_a_page_is_not_given_to_milvus() -> None:
    metadata = {"image_origin": "data:image/png;base64," + "x" * 44614, "page_label": 1, "file_id": "f"}
    (row,) = rows_that_arrive("MilvusVectorStore", [Row(metadata)])
    assert row.metadata == {"page_label": 1, "file_id": "f"}
    assert "image_origin" in metadata  # the document store gets the same document afterwards


def test_short_rows_and_bare_vectors_are_given_as_they_are() -> None:
    short = Row({"file_name": "a.txt"})
    vector = [0.1, 0.2]
    assert rows_that_arrive("MilvusVectorStore", [short, vector]) == [short, vector]


def test_a_store_without_that_limit_gets_everything() -> None:
    long = Row({"image_origin": "x" * 100_000})
    assert rows_that_arrive("LanceDBVectorStore", [long]) == [long]


def test_a_collection_bounds_its_searches_and_shortens_its_rows_when_it_starts() -> None:
    class MilvusVectorStore:
        def add(self, embeddings: list[Any]) -> list[Any]:
            return embeddings

        def query(self) -> None:
            raise ConnectionError("refused")

    class FileIndex:
        name = "File Collection"
        _indexing_pipeline_cls = object  # not the application's own, so half-indexed files are not looked for
        _resources = {"DocStore": object(), "VectorStore": MilvusVectorStore()}

        def on_start(self) -> None:
            """What upstream does, before ours."""

    runtime_module("ks_index").watch_collections(types.SimpleNamespace(FileIndex=FileIndex))
    FileIndex().on_start()
    store: Any = FileIndex._resources["VectorStore"]  # pyright: ignore[reportPrivateUsage]
    (row,) = store.add([Row({"image_origin": "x" * 100_000, "page_label": 1})])
    assert row.metadata == {"page_label": 1}
    assert store.query() == ([], [], [])
