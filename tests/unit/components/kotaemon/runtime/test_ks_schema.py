"""A version of the application that finds what another one left. The models are real SQLAlchemy's, as upstream's are."""

import subprocess
from pathlib import Path

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import PYTHON, RUNTIME, House, runtime_module

MODELS = """
import sys, types
import ks_schema
from pathlib import Path
ks_schema.watch_tables()
from sqlalchemy import JSON, Boolean, Column, Integer, String, create_engine
from sqlalchemy.orm import declarative_base
engine = create_engine("sqlite:///" + sys.argv[1])
sys.modules["ktem.db.engine"] = types.SimpleNamespace(engine=engine)
Base = declarative_base()
class Conversation(Base):
    __tablename__ = "conversation"
    id = Column(String, primary_key=True)
    user = Column(String)
    is_public = Column(Boolean)
Base.metadata.create_all(engine)
# A collection that exists: its models are defined, and create_all is never called for it (ktem/index/file/index.py:350).
Late = declarative_base()
type("Source", (Late,), {"__tablename__": "index__1__source", "id": Column(String, primary_key=True), "note": Column(JSON)})
class MCP(Base):
    __tablename__ = "mcp_table"
    name = Column(String, primary_key=True)
    config = Column(JSON)
if "drop" in sys.argv:
    MCP.__table__.drop(engine)
print("the application goes on")
"""


def start(tmp_path: Path, tables: str, *more: str) -> subprocess.CompletedProcess[str]:
    import sqlite3

    file = tmp_path / "sql.db"
    with sqlite3.connect(file) as rows:
        rows.executescript(tables)
    env = {"PYTHONPATH": str(RUNTIME), "PATH": "", "KH_APP_VERSION": "0.11.4"}
    return subprocess.run([PYTHON, "-c", MODELS, str(file), *more], env=env, capture_output=True, text=True)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 78, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_an_empty_database_and_one_that_fits_are_let_through(tmp_path: Path) -> None:
    for _ in range(2):
        done = start(tmp_path, "")
        assert (done.returncode, done.stdout) == (0, "the application goes on\n")


def test_a_column_that_the_database_lacks_is_refused_by_name(tmp_path: Path) -> None:
    said = refused(start(tmp_path, 'CREATE TABLE conversation (id VARCHAR PRIMARY KEY, "user" VARCHAR)'))
    assert "version 0.11.4 does not fit the database: table conversation has no column is_public" in said
    assert "docs/runbooks/upgrade-kotaemon.md" in said


def test_a_collections_tables_are_compared_although_nothing_creates_them(tmp_path: Path) -> None:
    said = refused(start(tmp_path, "CREATE TABLE index__1__source (id VARCHAR PRIMARY KEY)"))
    assert "table index__1__source has no column note" in said


def test_going_back_is_refused_where_a_newer_version_needs_a_value(tmp_path: Path) -> None:
    table = "CREATE TABLE index__1__source (id VARCHAR PRIMARY KEY, note JSON, tenant VARCHAR NOT NULL{})"
    said = refused(start(tmp_path, table.format("")))
    assert "table index__1__source has the column tenant, which must have a value" in said
    for harmless in (" DEFAULT ''", ""):
        folder = tmp_path / f"x{len(harmless)}"
        folder.mkdir()
        text = (
            table.format(harmless)
            if harmless
            else table.format("").replace("tenant VARCHAR NOT NULL", "tenant VARCHAR")
        )
        assert start(folder, text).returncode == 0


def test_users_that_are_still_numbers_are_warned_of(tmp_path: Path) -> None:
    done = start(tmp_path, 'CREATE TABLE conversation (id VARCHAR PRIMARY KEY, "user" INTEGER, is_public BOOLEAN)')
    assert done.returncode == 0
    assert "warning: conversation.user are numbers, and text since 0.10.0" in done.stdout


def test_a_table_with_rows_is_not_dropped_at_the_import(tmp_path: Path) -> None:
    tables = "CREATE TABLE mcp_table (name VARCHAR PRIMARY KEY, config JSON); INSERT INTO mcp_table VALUES ('a', '{}')"
    assert "wants to drop the table mcp_table with its 1 rows" in refused(start(tmp_path, tables, "drop"))
    (tmp_path / "empty").mkdir()
    assert start(tmp_path / "empty", "", "drop").returncode in (0, 1)


@pytest.fixture
def uploads(house: House) -> Path:
    return house.folders["uploads"]


def launched(house: House, **env: str) -> str:
    pod = house.serving(**env)
    pod.stop()
    return pod.text()


def test_the_version_is_noted_and_tested_ones_follow_each_other_both_ways(house: House, uploads: Path) -> None:
    launched(house, KH_APP_VERSION="0.11.2")
    assert (uploads / ".kotaemon-version").read_text() == "0.11.2\n"
    assert "version 0.11.3 follows 0.11.2 on this data" in launched(house, KH_APP_VERSION="0.11.3")
    assert "version 0.11.2 follows 0.11.3 on this data" in launched(house, KH_APP_VERSION="0.11.2")


def test_a_version_that_was_not_tried_on_this_data_is_refused_until_somebody_allows_it(
    house: House, uploads: Path
) -> None:
    launched(house, KH_APP_VERSION="0.11.3")
    said = house.refused(KH_APP_VERSION="0.12.0")
    assert "version 0.12.0 is not to start on data of version 0.11.3" in said
    assert f"write 0.12.0 into {uploads}/.kotaemon-version to allow it" in said
    (uploads / ".kotaemon-version").write_text("0.12.0\n")
    launched(house, KH_APP_VERSION="0.12.0")
    assert "is not to start on data of version 0.12.0" in house.refused(KH_APP_VERSION="0.11.3")


def test_an_image_by_digest_is_said_and_its_version_not_compared(house: House, uploads: Path) -> None:
    assert "versions are not compared, tables are" in launched(house, KH_APP_VERSION="")
    assert not (uploads / ".kotaemon-version").exists()


@pytest.mark.parametrize("old", ["AZUREAI_DOCUMENT_INTELLIGENT_ENDPOINT", "GRADIO_ROOT_PATH"])
def test_variables_that_upstream_renamed_are_refused_with_the_new_name(house: House, old: str) -> None:
    new, since = runtime_module("ks_schema").RENAMED[old]
    said = house.refused(**{old: "/x"})
    assert f"the variable {old} is set and {new} is not: since {since} the application reads {new}" in said
    launched(house, **{old: "/x", new: "/x"})


def test_every_renamed_variable_has_another_name() -> None:
    renamed = runtime_module("ks_schema").RENAMED
    assert renamed
    assert not set(renamed) & {new for new, _ in renamed.values()}
