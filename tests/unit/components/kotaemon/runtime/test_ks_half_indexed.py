"""ks_half_indexed.py and ks_index.py, on the real SQLAlchemy, with stores that are sets of ids."""

import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import runtime_module

sqlalchemy = pytest.importorskip("sqlalchemy", reason="sqlalchemy is not installed here; not run")
NOTE = {"tokens": 5, "loader": "TxtReader"}


class Store(set[str]):
    """A document or vector store."""

    def delete(self, ids: list[str]) -> None:
        self.difference_update(ids)


class House:
    """A collection's tables and stores."""

    def __init__(self, engine: Any) -> None:
        from sqlalchemy.orm import declarative_base

        base, column, text = declarative_base(), sqlalchemy.Column, sqlalchemy.String
        self.source = type("Source", (base,), {
            "__tablename__": "index__1__source", "id": column(text, primary_key=True), "name": column(text),
            "user": column(text), "path": column(text), "note": column(sqlalchemy.JSON)})  # fmt: skip
        self.index = type("IndexTable", (base,), {
            "__tablename__": "index__1__index", "id": column(sqlalchemy.Integer, primary_key=True),
            "source_id": column(text), "target_id": column(text), "relation_type": column(text)})  # fmt: skip
        base.metadata.create_all(engine)
        self._engine = engine
        self.texts, self.vectors = Store(), Store()
        self.resources = {
            "Source": self.source,
            "Index": self.index,
            "DocStore": self.texts,
            "VectorStore": self.vectors,
            "FileStoragePath": Path("/data/indexes/files/index_1"),
        }

    def file(self, name: str, texts: int, vectors: int, note: dict[str, Any] | None) -> None:
        from sqlalchemy.orm import Session

        with Session(self._engine) as session:
            session.add(self.source(id=name, name=f"{name}.txt", user="u", path=f"hash-{name}", note=note))
            for kind, count, store in (("document", texts, self.texts), ("vector", vectors, self.vectors)):
                for number in range(count):
                    store.add(f"{name}-{number}")
                    row = self.index(source_id=name, target_id=f"{name}-{number}", relation_type=kind)
                    session.add(row)
            session.commit()

    def names(self) -> set[str]:
        from sqlalchemy.orm import Session

        with Session(self._engine) as session:
            return {row.id for (row,) in session.execute(sqlalchemy.select(self.source)).all()}


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    from sqlalchemy.pool import StaticPool

    engine = sqlalchemy.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    for name in ("ktem", "ktem.db", "ktem.db.engine"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(sys.modules["ktem.db.engine"], "engine", engine, raising=False)
    made = House(engine)
    made.file("whole", 2, 2, NOTE)
    made.file("older", 2, 2, {})  # an earlier version wrote no note
    made.file("empty", 0, 0, NOTE)
    return made


def collection(house: House) -> Any:
    return runtime_module("ks_half_indexed").Collection("File Collection", house.resources)


def test_whole_files_are_left_alone(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    one = collection(house)
    one.at_start(alone=True)
    assert one.check(patience=0) == 0
    assert house.names() == {"whole", "older", "empty"}
    assert capsys.readouterr().out == ""


def test_at_the_start_of_the_only_writer_an_interrupted_file_is_removed_and_its_original_named(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.file("half", 3, 1, {})
    house.file("begun", 0, 0, None)
    collection(house).at_start(alone=True)
    assert house.names() == {"whole", "older", "empty"}
    assert {i for i in house.texts | house.vectors if i.startswith(("half", "begun"))} == set()
    said = capsys.readouterr().out
    assert "'half.txt' of user u (3 texts, 1 vectors) in 'File Collection' was interrupted" in said
    assert "the uploaded file is kept: /data/indexes/files/index_1/hash-half" in said


def test_a_quick_upload_without_vectors_is_told_and_kept(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.file("quick", 3, 0, NOTE)
    one = collection(house)
    one.at_start(alone=True)
    assert "quick" in house.names()
    assert 'upload it again with "Force reindex file"' in capsys.readouterr().out
    assert one.check() == 1, "told at once, and counted until it is mended"


def test_beside_other_writers_nothing_is_removed_and_it_is_told_after_a_while(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.file("half", 3, 1, {})
    one = collection(house)
    one.at_start(alone=False)
    assert one.check(patience=60) == 0, "it may be in the works in another pod"
    assert capsys.readouterr().out == ""
    assert one.check(patience=0) == 1
    assert one.check(patience=0) == 1
    assert capsys.readouterr().out.count("is half indexed") == 1
    assert "half" in house.names()


class Lance:
    """LanceDB's store, as far as it is used."""

    collection_name = "index_1"

    def __init__(self, *tables: str) -> None:
        self.tables = list(tables)
        self.db_connection = SimpleNamespace(table_names=lambda: self.tables, create_table=self.create)

    def create(self, name: str, schema: Any, exist_ok: bool) -> None:
        assert exist_ok
        assert schema == [("id", "string"), ("text", "string"), ("attributes", "string")]
        self.tables.append(name)


@pytest.mark.parametrize("there", [(), ("index_1",)], ids=["new", "there already"])
def test_the_text_table_is_made_once(monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...]) -> None:
    arrow = ModuleType("pyarrow")
    arrow.string, arrow.schema = (lambda: "string"), list  # pyright: ignore
    monkeypatch.setitem(sys.modules, "pyarrow", arrow)
    store = type("LanceDBDocumentStore", (Lance,), {})(*there)
    runtime_module("ks_index").make_table_once(store)
    assert store.tables == ["index_1"]


def test_another_text_store_is_left_alone() -> None:
    runtime_module("ks_index").make_table_once(object())


def counted_pipelines(work: Callable[[], None]) -> tuple[Any, Any]:
    class IndexPipeline:
        entries: dict[str, str] = {}

        def stream(self, path: str) -> Generator[str, None, str]:
            if path in self.entries:
                raise ValueError(f"{path} already indexed")
            self.entries[path] = "id-1"
            yield "converting"
            work()
            return path

        def get_id_if_exists(self, path: str) -> str | None:
            return self.entries.get(path)

        def delete_file(self, entry: str) -> None:
            self.entries = {path: other for path, other in self.entries.items() if other != entry}

        def handle_chunks_vectorstore(self) -> None:
            work()

    module = ModuleType("ktem.index.file.pipelines")
    module.IndexPipeline = IndexPipeline  # pyright: ignore
    index = runtime_module("ks_index")
    index.count_uploads(module)
    uploads = runtime_module("ks_running").UPLOADS
    uploads._changed = -10.0
    return uploads, IndexPipeline


def test_a_file_counts_while_it_is_indexed_and_a_moment_longer() -> None:
    running, pipeline = counted_pipelines(lambda: None)
    assert running.count == 0
    stream = pipeline().stream("a.txt")
    assert next(stream) == "converting"
    assert running.count == 1
    with pytest.raises(StopIteration) as end:
        next(stream)
    assert end.value.value == "a.txt"
    assert running.count == 1, "the quick upload goes on in a thread"
    running._changed = time.monotonic() - 2
    assert running.count == 0


def test_the_thread_of_a_quick_upload_counts() -> None:
    go = threading.Event()
    running, pipeline = counted_pipelines(lambda: go.wait(30) and None)
    thread = threading.Thread(target=pipeline().handle_chunks_vectorstore)
    thread.start()
    running._changed = -10.0
    deadline = time.monotonic() + 30
    while running.count != 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert running.count == 1
    go.set()
    thread.join()


def test_a_failing_upload_stops_counting() -> None:
    def fail() -> None:
        raise ValueError("broken file")

    running, pipeline = counted_pipelines(fail)
    with pytest.raises(ValueError, match="broken file"):
        list(pipeline().stream("a.txt"))
    running._changed = -10.0
    assert running.count == 0


def test_a_file_that_could_not_be_indexed_whole_leaves_no_entry() -> None:
    def fail() -> None:
        raise ConnectionError("the vector store is away")

    _, made = counted_pipelines(fail)
    pipeline = made()
    pipeline.entries = {"other.txt": "id-0"}
    with pytest.raises(ConnectionError):
        list(pipeline.stream("a.txt"))
    assert pipeline.entries == {"other.txt": "id-0"}


def test_a_file_that_is_there_already_keeps_its_entry() -> None:
    _, made = counted_pipelines(lambda: None)
    pipeline = made()
    pipeline.entries = {"a.txt": "id-0"}
    with pytest.raises(ValueError, match="already indexed"):
        list(pipeline.stream("a.txt"))
    assert pipeline.entries == {"a.txt": "id-0"}
