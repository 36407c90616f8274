"""Absolute paths of a container that are rewritten to those of a stack's pod."""

import fcntl
import json
import os
from pathlib import Path

import pytest
import sqlalchemy

from tests.unit.components.kotaemon.runtime.convert.volume import OLD, TYPED, UPLOAD, Volume

APP_DATA = "--app-data=/app/ktem_app_data"


@pytest.fixture
def copied(volume: Volume) -> Volume:
    volume.done("folders.py", "--source", volume.source, "--data", volume.data, "--profile", "single-writer")
    return volume


def rewrite(volume: Volume, *more: str, code: int = 0) -> str:
    options = (*more, "--data", str(volume.data), "--docstore", str(volume.data / "indexes/docstore"))
    if code:
        return volume.ends(code, "citation_paths.py", *options)
    return volume.done("citation_paths.py", *options)


def one(volume: Volume, question: str, file: str = "sessions/sql.db") -> str:
    with volume.rows(volume.data / file) as rows:
        return str(rows.execute(question).fetchone()[0])


def new_path(volume: Volume) -> str:
    return f"{volume.data}/uploads/gradio_tmp/{UPLOAD}/Rivers of the world.pdf"


def test_citations_in_conversations_reports_and_chunks_point_to_the_roles(copied: Volume) -> None:
    said = rewrite(copied, APP_DATA)
    conversation = json.loads(one(copied, "SELECT data_source FROM conversation"))
    assert [f'/file={new_path(copied)}"' in text for text in conversation["retrieval_messages"]] == [True, True]
    assert f"/file={new_path(copied)}" in json.loads(one(copied, "SELECT chat FROM issuereport"))["retrieval"][0]
    chunk = json.loads(one(copied, "SELECT attributes FROM t", "indexes/docstore/index_1.lance"))
    assert chunk["file_path"] == new_path(copied)
    assert Path(chunk["file_path"]).is_file()
    assert (copied.data / "indexes/docstore/index_1.indexed").exists(), "the text index is made again"
    assert "2 values of the database and 3 rows of documents rewritten" in said


def test_what_people_wrote_and_what_documents_say_is_left(copied: Volume) -> None:
    rewrite(copied, APP_DATA)
    assert json.loads(one(copied, "SELECT data_source FROM conversation"))["messages"][0][0] == TYPED
    assert one(copied, "SELECT text FROM t", "indexes/docstore/index_1.lance") == f"{TYPED} {OLD}"
    assert "/models/a.gguf" in one(copied, "SELECT spec FROM llm_table")


def test_a_second_run_finds_nothing(copied: Volume) -> None:
    rewrite(copied, APP_DATA)
    before = copied.tree(copied.data)
    assert "0 values of the database and 0 rows of documents" in rewrite(copied, APP_DATA)
    assert copied.tree(copied.data) == before


def test_a_dry_run_counts_and_changes_nothing(copied: Volume) -> None:
    before = {name: found for name, found in copied.tree(copied.data).items() if ".writer.lock" not in name}
    assert "2 values of the database and 3 rows of documents would be rewritten" in rewrite(
        copied, APP_DATA, "--dry-run"
    )
    after = {name: found for name, found in copied.tree(copied.data).items() if ".writer.lock" not in name}
    assert after == before


def test_uploads_of_a_place_that_nobody_named_are_refused_by_name(copied: Volume) -> None:
    with copied.rows(copied.data / "sessions/sql.db") as rows:
        other = json.dumps({"retrieval": f"/file=/home/me/kotaemon/ktem_app_data/gradio_tmp/{UPLOAD}/a.pdf"})
        rows.execute("INSERT INTO issuereport VALUES (8, NULL, ?, NULL, 'u1')", (other,))
    said = rewrite(copied, APP_DATA, code=78)
    assert "/home/me/kotaemon/ktem_app_data (table issuereport, column chat)" in said
    rewrite(copied, APP_DATA, "--app-data=/home/me/kotaemon/ktem_app_data")
    assert str(copied.data) in one(copied, "SELECT chat FROM issuereport WHERE id = 8")


def test_any_folder_can_be_moved(copied: Volume) -> None:
    rewrite(copied, "--move=/models=/data/models/gguf", "--move=/app/ktem_app_data/gradio_tmp=/elsewhere/gradio_tmp")
    assert json.loads(one(copied, "SELECT spec FROM llm_table"))["model_path"] == "/data/models/gguf/a.gguf"


@pytest.mark.parametrize(
    ("move", "why"),
    [
        ("/data=/data/uploads", "a second run would move it again"),
        ("/data", "it must look like /old/folder=/new/folder"),
        ("data=/x", "both must be absolute"),
        ("/data/=/x", "must not end with /"),
    ],
)
def test_moves_that_cannot_be_repeated_are_refused(copied: Volume, move: str, why: str) -> None:
    assert why in rewrite(copied, f"--move={move}", code=78)


def test_a_running_application_is_refused(copied: Volume) -> None:
    fd = os.open(copied.data / "sessions/.writer.lock", os.O_RDWR | os.O_CREAT)
    fcntl.lockf(fd, fcntl.LOCK_EX)
    os.pwrite(fd, b"kotaemon-0\n", 0)
    assert "kotaemon-0 holds" in rewrite(copied, APP_DATA, code=78)
    os.close(fd)
    rewrite(copied, APP_DATA)


def test_a_database_that_is_not_there_is_named(volume: Volume) -> None:
    assert f"{volume.data}/sessions/sql.db is not there" in rewrite(volume, APP_DATA, code=78)


def test_in_postgresql_the_json_keeps_its_text(volume: Volume, postgres: str) -> None:
    volume.done("sqlite_to_postgres.py", "--sqlite", volume.sqlite, KH_DATABASE=postgres)
    options = (APP_DATA, "--data", "/data")
    said = volume.done("citation_paths.py", *options, KH_DATABASE=postgres)
    assert "2 values of the database" in said
    engine = sqlalchemy.create_engine(
        postgres.replace("postgresql:", "postgresql+psycopg2:"), poolclass=sqlalchemy.NullPool
    )
    with engine.connect() as connection:
        text = connection.exec_driver_sql("SELECT data_source::text FROM conversation").scalar_one()
    engine.dispose()
    with volume.rows() as rows:
        before = rows.execute("SELECT data_source FROM conversation").fetchone()[0]
    assert text == before.replace("/file=/app/ktem_app_data/gradio_tmp/", "/file=/data/uploads/gradio_tmp/")
    assert "0 values of the database" in volume.done("citation_paths.py", *options, KH_DATABASE=postgres)
