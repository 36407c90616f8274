"""An index is recorded with its embedding, and another one under it is refused: at a start, and at an upload."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import runtime_module

MODELS = Path(__file__).parents[5] / "components" / "models" / "runtime"
FILE = "huggingface/models--BAAI--bge-m3/snapshots/5617/model.safetensors"


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In a pod with versions the file lies beside the launcher's."""
    monkeypatch.syspath_prepend(str(MODELS))
    yield
    sys.modules.pop("ks_models_embeddings", None)


def release(models: Path, sha256: str, path: str = FILE) -> None:
    models.mkdir(exist_ok=True)
    (models / ".manifest.json").write_text(json.dumps({"files": {path: {"size": 1, "sha256": sha256}}}))


def records(tmp_path: Path) -> Any:
    (tmp_path / "indexes").mkdir(exist_ok=True)
    return runtime_module("ks_embeddings").Records(tmp_path / "indexes", tmp_path / "models")


class Store:
    def __init__(self) -> None:
        self.added: list[Any] = []

    def add(self, embeddings: Any, ids: Any = None) -> None:
        self.added.append(embeddings)


class Embedding:
    def __init__(self, name: str, size: int) -> None:
        self.model_name, self.size = name, size


def application(found: Any) -> tuple[ModuleType, ModuleType]:
    """As kotaemon/indices/vectorindex.py and ktem/index/file/index.py have it at 0.11.3."""
    module = runtime_module("ks_embeddings")
    vectorindex, index = ModuleType("vectorindex"), ModuleType("index")

    class VectorIndexing:
        def __init__(self, embedding: Embedding, store: Any) -> None:
            self.embedding, self.vector_store = embedding, store

        def add_to_vectorstore(self, docs: list[str]) -> None:
            vectors = [SimpleNamespace(embedding=[0.0] * self.embedding.size) for _ in docs]
            self.vector_store.add(embeddings=vectors, ids=docs)

    class FileIndex:
        id = 1

        def on_start(self) -> None:
            self._resources = {"VectorStore": Store()}

        def on_delete(self) -> None: ...

    vectorindex.VectorIndexing, index.FileIndex = VectorIndexing, FileIndex  # type: ignore[attr-defined]
    module.remember_embedding(vectorindex)
    module.watch_indexes(found, index)
    return vectorindex, index


def test_the_first_vectors_record_the_pair_and_others_are_refused(tmp_path: Path) -> None:
    release(tmp_path / "models", "a")
    found = records(tmp_path)
    vectorindex, index = application(found)
    files = index.FileIndex()
    files.on_start()
    store = files._resources["VectorStore"]
    vectorindex.VectorIndexing(Embedding("BAAI/bge-m3", 1024), store).add_to_vectorstore(["x"])
    (record,) = found.read().values()
    assert (record["id"], record["dimension"], len(record["hash"])) == ("BAAI/bge-m3", 1024, 64)
    vectorindex.VectorIndexing(Embedding("BAAI/bge-m3", 1024), store).add_to_vectorstore(["y"])
    for other in (Embedding("other/model", 1024), Embedding("BAAI/bge-m3", 512)):
        with pytest.raises(Exception, match="index_1 was made with the embedding BAAI/bge-m3"):
            vectorindex.VectorIndexing(other, store).add_to_vectorstore(["z"])
    assert len(store.added) == 2
    files.on_delete()
    assert found.read() == {}


def test_a_start_with_other_files_of_the_model_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release(tmp_path / "models", "a")
    records(tmp_path).check("index_1", "BAAI/bge-m3", 1024)
    records(tmp_path).check_start()
    release(tmp_path / "models", "b")
    with pytest.raises(SystemExit) as ended:
        records(tmp_path).check_start()
    assert ended.value.code == 78
    said = capsys.readouterr().err
    assert "index_1 was made with the embedding BAAI/bge-m3, which has other files" in said
    assert "docs/models.md" in said


def test_a_start_without_the_model_is_refused_and_with_more_beside_it_is_not(tmp_path: Path) -> None:
    release(tmp_path / "models", "a")
    records(tmp_path).check("index_1", "BAAI/bge-m3", 1024)
    release(tmp_path / "models", "a", "huggingface/models--other--m/snapshots/1/model.safetensors")
    with pytest.raises(SystemExit):
        records(tmp_path).check_start()
    manifest = {"files": {FILE: {"size": 1, "sha256": "a"}, "nltk/x": {"size": 1, "sha256": "n"}}}
    (tmp_path / "models" / ".manifest.json").write_text(json.dumps(manifest))
    records(tmp_path).check_start()


def test_a_model_of_a_server_has_no_hash_and_any_release_suits_it(tmp_path: Path) -> None:
    records(tmp_path).check("index_1", "text-embedding-3-large", 3072)
    release(tmp_path / "models", "a")
    records(tmp_path).check_start()
    assert records(tmp_path).read()["index_1"]["hash"] == ""


def test_of_two_pods_the_first_record_stays(tmp_path: Path) -> None:
    found = records(tmp_path)
    found.check("index_1", "a", 1)
    found._write(found.folder / "index_1.json", {"id": "b", "hash": "", "dimension": 2})
    assert found.read()["index_1"]["id"] == "a"
    assert [path.name for path in found.folder.iterdir()] == ["index_1.json"]
