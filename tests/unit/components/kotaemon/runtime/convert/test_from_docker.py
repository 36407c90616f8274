"""The whole way from a `docker run` volume into a stack, for both profiles, and the check at its end."""

import json

import pytest

from tests.unit.components.kotaemon.runtime.convert.volume import UPLOAD, Volume

SINGLE = {"KS_PROFILE": "single-writer"}
SCALED = {"KS_PROFILE": "scaled", "KS_VECTOR_STORE": "qdrant", "KS_DOC_STORE": "lancedb"}


def options(volume: Volume) -> tuple[str, ...]:
    return ("--source", str(volume.source), "--data", str(volume.data))


def test_single_writer_from_the_folder_to_a_stack_that_misses_nothing(volume: Volume) -> None:
    before = volume.tree()
    said = volume.done("from_docker.py", *options(volume), **SINGLE)
    assert "index_1: 1 files, 3 chunks, 3 vectors" in said
    assert said.rstrip().endswith("check_stores: nothing is missing")
    assert volume.tree() == before


def test_scaled_from_the_folder_to_the_servers_and_again(volume: Volume, postgres: str) -> None:
    before = volume.tree()
    env = SCALED | {"KH_DATABASE": postgres}
    volume.done("from_docker.py", *options(volume), **env)
    assert len(json.loads(volume.server.read_text())["index_1"]) == 3
    said = volume.done("from_docker.py", *options(volume), **env)
    assert "0 values of the database and 0 rows of documents" in said
    assert said.rstrip().endswith("check_stores: nothing is missing")
    assert volume.tree() == before


def test_the_first_step_that_is_refused_ends_it_with_its_code(volume: Volume) -> None:
    (volume.data / "sessions/sql.db").write_text("of a first start")
    said = volume.run("from_docker.py", *options(volume), **SINGLE)
    assert said.returncode == 78
    assert "folders.py ended with 78" in said.stdout
    assert "citation_paths" not in said.stdout


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({}, "KS_PROFILE is ''"),
        (SCALED | {"KS_DOC_STORE": "elasticsearch"}, "texts are not taken into Elasticsearch"),
    ],
)
def test_a_pod_that_is_not_the_stacks_is_refused(volume: Volume, env: dict[str, str], why: str) -> None:
    assert why in volume.ends(78, "from_docker.py", *options(volume), **env)


def test_the_check_names_what_is_missing(volume: Volume) -> None:
    volume.done("from_docker.py", *options(volume), **SINGLE)
    (volume.data / "indexes/files/index_1" / UPLOAD).unlink()
    (volume.data / "uploads/gradio_tmp" / UPLOAD / "Rivers of the world.pdf").unlink()
    with volume.rows(volume.data / "sessions/sql.db") as rows:
        rows.execute("INSERT INTO index__1__index VALUES (NULL, 's1', 'half-indexed', 'document', 'u1')")
        rows.execute("INSERT INTO index__1__index VALUES (NULL, 's1', 'no vector', 'vector', 'u1')")
    said = volume.ends(1, "check_stores.py", "--data", str(volume.data), **SINGLE)
    assert f"index_1: originals in {volume.data}/indexes/files/index_1: 1 missing ({UPLOAD})" in said
    assert "index_1: chunks in the document store: 1 missing (half-indexed)" in said
    assert "index_1: vectors: 1 missing (no vector)" in said
    assert "index_1: uploads that citations open: 1 missing" in said
