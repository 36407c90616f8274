"""Vectors from Chroma into a vector server. Both are stand-ins here; tests/application has the real ones' place."""

import json
from typing import Any

from tests.unit.components.kotaemon.runtime.convert.volume import UPLOAD, Volume

SERVER = {"KS_PROFILE": "scaled", "KS_VECTOR_STORE": "qdrant"}


def chroma(volume: Volume) -> str:
    return str(volume.source / "user_data/vectorstore")


def copy(volume: Volume, *more: str, **env: str) -> str:
    return volume.done("chroma_to_vectors.py", "--chroma", chroma(volume), *more, **SERVER | env)


def refused(volume: Volume, code: int, *more: str, **env: str) -> str:
    return volume.ends(code, "chroma_to_vectors.py", "--chroma", chroma(volume), *more, **SERVER | env)


def on_the_server(volume: Volume) -> dict[str, Any]:
    return json.loads(volume.server.read_text())["index_1"]


def test_every_vector_arrives_with_its_chunks_id_and_metadata(volume: Volume) -> None:
    before = volume.tree()
    said = copy(volume)
    assert "index_1: 3 vectors, the same ids on both sides, 3 looked up" in said
    assert "index_2: no vectors" in said
    row = on_the_server(volume)["chunk-1"]
    assert (row["vector"], row["text"]) == ([2.0, 2.0, -1.0], "text chunk-1")
    assert row["metadata"]["file_name"] == "Rivers of the world.pdf"
    assert UPLOAD in row["metadata"]["file_path"]
    assert volume.tree() == before, "Chroma writes where it reads: it has to read a copy"


def test_pictures_of_pages_stay_in_the_document_store(volume: Volume) -> None:
    copy(volume)
    assert "image_origin" not in on_the_server(volume)["chunk-0"]["metadata"]


def test_a_second_run_adds_nothing(volume: Volume) -> None:
    copy(volume)
    before = volume.server.read_text()
    copy(volume)
    assert volume.server.read_text() == before
    copy(volume, "--check")


def test_a_run_that_the_server_broke_off_is_continued(volume: Volume) -> None:
    assert "ConnectionError: the server is away" in refused(volume, 75, SERVER_DIES_AFTER="2")
    assert len(on_the_server(volume)) == 2
    copy(volume)
    assert len(on_the_server(volume)) == 3


def test_vectors_of_somebody_else_are_refused(volume: Volume) -> None:
    volume.server.write_text(json.dumps({"index_1": {"foreign": {"vector": [1, 1, 1], "text": "", "metadata": {}}}}))
    said = refused(volume, 78)
    assert "holds 1 vectors that Chroma has not (foreign ...); nothing was written to it" in said
    assert list(on_the_server(volume)) == ["foreign"]


def test_a_server_that_keeps_something_else_is_found(volume: Volume) -> None:
    assert "asked for the vector of chunk-0" in refused(volume, 1, SERVER_IS_WRONG="1")


def test_missing_vectors_are_counted_by_the_check(volume: Volume) -> None:
    copy(volume)
    rows = on_the_server(volume)
    del rows["chunk-2"]
    volume.server.write_text(json.dumps({"index_1": rows}))
    assert "1 vectors are missing in the server, 0 are not Chroma's" in refused(volume, 1, "--check")


def test_the_profile_and_the_folder_are_checked(volume: Volume) -> None:
    assert "KS_PROFILE is not scaled" in refused(volume, 78, KS_PROFILE="single-writer")
    assert "the vector server must be qdrant or milvus" in refused(volume, 78, KS_VECTOR_STORE="chroma")
    said = volume.ends(78, "chroma_to_vectors.py", "--chroma", str(volume.root), **SERVER)
    assert "there is no chroma.sqlite3 in it" in said
