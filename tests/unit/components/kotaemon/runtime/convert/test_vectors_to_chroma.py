"""Vectors from a server back into Chroma. Both are stand-ins here: no Chroma and no Qdrant was at hand."""

import json
from pathlib import Path

import pytest

from tests.unit.components.kotaemon.runtime.convert.test_chroma_to_vectors import SERVER, copy, on_the_server
from tests.unit.components.kotaemon.runtime.convert.volume import Volume


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target" / "indexes" / "vectorstore"


def back(volume: Volume, target: Path, *more: str, **env: str) -> str:
    return volume.done("vectors_to_chroma.py", "--chroma", target, *more, **SERVER | env)


def refused(volume: Volume, code: int, target: Path, *more: str, **env: str) -> str:
    return volume.ends(code, "vectors_to_chroma.py", "--chroma", target, *more, **SERVER | env)


def rows(folder: Path) -> dict[str, list[object]]:
    found = json.loads((folder / "chroma.sqlite3").read_text())["index_1"]
    return {
        row["id"]: [row["embedding"], row["document"], json.loads(row["metadata"]["_node_content"])["metadata"]]
        for row in found
    }


def test_there_and_back_are_the_same_chunks(volume: Volume, target: Path) -> None:
    copy(volume)
    assert "index_1: 3 vectors, each compared" in back(volume, target)
    there, was = rows(target), rows(volume.source / "user_data/vectorstore")
    assert there.keys() == was.keys()
    assert there["chunk-1"] == was["chunk-1"]
    assert there["chunk-0"][:2] == was["chunk-0"][:2], "its picture stayed in the document store"


def test_a_run_that_was_killed_is_continued(volume: Volume, target: Path) -> None:
    copy(volume)
    assert "disk full" in refused(volume, 75, target, CHROMA_DIES_AFTER="1")
    assert len(rows(target)) == 1
    back(volume, target)
    assert len(rows(target)) == 3
    before = (target / "chroma.sqlite3").read_text().strip()
    back(volume, target)
    assert (target / "chroma.sqlite3").read_text().strip() == before


def test_vectors_that_are_not_the_servers_are_refused(volume: Volume, target: Path) -> None:
    copy(volume)
    back(volume, target)
    server = {name: row for name, row in on_the_server(volume).items() if name != "chunk-2"}
    volume.server.write_text(json.dumps({"index_1": server}))
    assert "holds 1 vectors that the server has not (chunk-2 ...)" in refused(volume, 78, target)
    assert "1 vectors of" in refused(volume, 1, target, "--check")


def test_a_vector_that_is_another_one_is_found(volume: Volume, target: Path) -> None:
    copy(volume)
    back(volume, target)
    server = on_the_server(volume)
    server["chunk-1"]["vector"] = [9.0, 9.0, 9.0]
    volume.server.write_text(json.dumps({"index_1": server}))
    assert "the vector of chunk-1 is missing" in refused(volume, 1, target, "--check")


def test_only_qdrant_has_a_way_back(volume: Volume, target: Path) -> None:
    assert "there is no way back" in refused(volume, 78, target, KS_VECTOR_STORE="milvus")
