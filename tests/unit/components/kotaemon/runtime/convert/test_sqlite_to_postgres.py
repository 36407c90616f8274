"""SQLite into a real PostgreSQL, where one is installed."""

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy

from tests.unit.components.kotaemon.runtime.convert.volume import UPLOAD, Volume
from tests.unit.components.kotaemon.runtime.stand_in import PYTHON, SCALED, House


@pytest.fixture
def database(postgres: str) -> Iterator[Any]:
    engine = sqlalchemy.create_engine(
        postgres.replace("postgresql:", "postgresql+psycopg2:"), poolclass=sqlalchemy.NullPool
    )
    yield engine
    engine.dispose()


def rows(database: Any, question: str) -> list[tuple[Any, ...]]:
    with database.begin() as connection:
        found = connection.exec_driver_sql(question)
        return [tuple(row) for row in found] if found.returns_rows else []


def convert(volume: Volume, postgres: str, *more: str) -> str:
    return volume.done("sqlite_to_postgres.py", "--sqlite", volume.sqlite, *more, KH_DATABASE=postgres)


def refused(volume: Volume, postgres: str, *more: str, code: int = 78) -> str:
    return volume.ends(code, "sqlite_to_postgres.py", "--sqlite", volume.sqlite, *more, KH_DATABASE=postgres)


def test_every_row_arrives_and_the_checksums_are_compared(volume: Volume, postgres: str, database: Any) -> None:
    before = volume.tree()
    said = convert(volume, postgres)
    assert len(re.findall(r"\d+ rows, checksum [0-9a-f]{8} on both sides", said)) == 8
    assert volume.tree() == before
    assert rows(database, "SELECT name, is_public, date_created::text FROM conversation") == [
        ("Flüsse 江河", False, "2026-11-28 18:00:00.123456")
    ]
    assert rows(database, 'SELECT "user", path FROM index__1__source') == [("u1", UPLOAD)]
    with volume.rows() as source:
        text = source.execute("SELECT data_source FROM conversation").fetchone()[0]
    assert rows(database, "SELECT data_source::text FROM conversation") == [(text,)]
    convert(volume, postgres, "--check")


def test_a_database_that_does_not_hold_every_text_is_refused(volume: Volume, postgres: str, database: Any) -> None:
    made = database.connect().execution_options(isolation_level="AUTOCOMMIT")
    made.exec_driver_sql(
        "CREATE DATABASE ascii_only ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    )
    other = f"{postgres.rpartition('/')[0]}/ascii_only"
    try:
        said = refused(volume, other)
    finally:
        made.exec_driver_sql("DROP DATABASE ascii_only WITH (FORCE)")
        made.close()
    assert "the database has the encoding SQL_ASCII, which does not hold every text" in said


def test_sequences_go_on_after_the_highest_number(volume: Volume, postgres: str, database: Any) -> None:
    convert(volume, postgres)
    assert rows(database, "INSERT INTO issuereport (issues) VALUES ('{}') RETURNING id") == [(8,)]
    assert rows(database, "INSERT INTO index__1__index (source_id) VALUES ('s1') RETURNING id") == [(7,)]
    assert rows(database, "INSERT INTO ktem__index (name, index_type) VALUES ('n', 't') RETURNING id") == [(2,)]


def test_types_and_names_are_those_of_the_applications_own_tables(
    volume: Volume, house: House, postgres: str, database: Any
) -> None:
    convert(volume, postgres)
    inspector = sqlalchemy.inspect(database)
    types = {column["name"]: str(column["type"]) for column in inspector.get_columns("index__1__source")}
    assert types == {
        "id": "VARCHAR",
        "name": "VARCHAR",
        "path": "VARCHAR",
        "size": "INTEGER",
        "date_created": "TIMESTAMP",
        "user": "VARCHAR",
        "note": "JSON",
    }
    zones = "SELECT table_name, data_type FROM information_schema.columns WHERE column_name = 'date_created' ORDER BY 1"
    assert rows(database, zones) == [
        ("conversation", "timestamp without time zone"),
        ("index__1__group", "timestamp with time zone"),
        ("index__1__source", "timestamp with time zone"),
    ]
    made = {
        str(constraint["name"])
        for table in ("index__1__source", "index__1__group")
        for constraint in inspector.get_unique_constraints(table)
    }
    assert {"index__1__source_name_user_uc", "index__1__group_name_user_uc"} <= made
    assert renamed_by_the_settings(house) <= made


def renamed_by_the_settings(house: House) -> set[str]:
    script = """
import os, sys
sys.path.insert(0, os.getcwd())
import kh_settings
from sqlalchemy import Column, MetaData, String, Table, UniqueConstraint
for name in ("index__1__source", "index__1__group"):
    table = Table(name, MetaData(), Column("name", String), Column("user", String),
        UniqueConstraint("name", "user", name="_name_user_uc"))
    print(*[c.name for c in table.constraints if isinstance(c, UniqueConstraint)])
"""
    env = {key: value for key, value in (house.env("pod-a") | SCALED).items() if value != "(unset)"}
    said = subprocess.check_output([PYTHON, "-c", script], cwd=house.app, env=env, text=True)
    return {line for line in said.split() if line.endswith("_name_user_uc")}


def test_a_second_run_leaves_the_rows_as_they_have_become(volume: Volume, postgres: str, database: Any) -> None:
    convert(volume, postgres)
    rows(database, "UPDATE conversation SET name = 'renamed since'")
    assert "before; left as it is now" in convert(volume, postgres, "--aside")
    assert rows(database, "SELECT name FROM conversation") == [("renamed since",)]
    said = refused(volume, postgres, "--check", code=1)
    assert "conversation: SQLite 1 rows" in said
    assert "user:" not in said


def test_tables_of_a_first_start_are_refused_or_kept_aside(volume: Volume, postgres: str, database: Any) -> None:
    rows(database, 'CREATE TABLE "user" (id SERIAL PRIMARY KEY, username TEXT)')
    rows(database, "INSERT INTO \"user\" (username) VALUES ('of the first start')")
    assert "holds 1 tables already (user ...); nothing was written" in refused(volume, postgres)
    assert rows(database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(1,)]
    convert(volume, postgres, "--aside")
    schema = rows(database, "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'aside%%'")[0][
        0
    ]
    assert rows(database, f'SELECT username FROM {schema}."user"') == [("of the first start",)]
    assert rows(database, 'SELECT username FROM "user"') == [("admin",)]


def test_a_run_that_fails_leaves_nothing(volume: Volume, postgres: str, database: Any) -> None:
    with volume.rows() as source:
        source.execute("UPDATE index__1__source SET name = 'a' || char(0) || 'b'")
    said = refused(volume, postgres)
    assert "index__1__source.name holds a NUL character" in said
    assert rows(database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_others_on_the_database_are_named(volume: Volume, postgres: str, database: Any) -> None:
    with database.connect() as connection:
        connection.exec_driver_sql("SET application_name = 'kotaemon-7c9'")
        said = refused(volume, postgres)
    assert "1 others are connected to the database (kotaemon-7c9); scale the application to 0 first" in said


def test_numbered_users_of_old_versions_become_text(volume: Volume, postgres: str, database: Any) -> None:
    with volume.rows() as source:
        source.executescript(
            """
            DROP TABLE user; CREATE TABLE user (id INTEGER NOT NULL, username VARCHAR NOT NULL, PRIMARY KEY (id));
            INSERT INTO user VALUES (2, 'second'), (10, 'tenth');
            CREATE TABLE settings (id VARCHAR NOT NULL, user INTEGER NOT NULL, setting JSON, PRIMARY KEY (id));
            INSERT INTO settings VALUES ('a', 2, '{}'), ('b', 'hex-of-a-newer-version', '{}');
            """
        )
    convert(volume, postgres)
    assert rows(database, 'SELECT id FROM "user" ORDER BY username') == [("2",), ("10",)]
    assert rows(database, 'SELECT "user" FROM settings ORDER BY id') == [("2",), ("hex-of-a-newer-version",)]


def test_numbers_that_json_has_not_become_null_and_are_said(volume: Volume, postgres: str, database: Any) -> None:
    with volume.rows() as source:
        source.execute("UPDATE issuereport SET issues = ?", (json.dumps({"score": float("nan"), "text": "NaN"}),))
    assert "issuereport.issues: 1 values NaN became null" in convert(volume, postgres)
    assert rows(database, "SELECT issues FROM issuereport") == [({"score": None, "text": "NaN"},)]


def test_a_database_that_was_killed_while_it_wrote_is_mended_in_the_copy(
    volume: Volume, postgres: str, database: Any
) -> None:
    script = """
import os, sqlite3, sys
rows = sqlite3.connect(sys.argv[1], isolation_level=None)
rows.execute("PRAGMA cache_size = 1")
rows.execute("BEGIN")
rows.executemany("INSERT INTO index__1__index VALUES (NULL, 's1', ?, 'x', 'u1')", [("kept" * 100,)] * 2000)
rows.execute("COMMIT")
rows.execute("BEGIN")
rows.execute("UPDATE index__1__index SET target_id = 'lost'")
os._exit(0)
"""
    subprocess.run([PYTHON, "-c", script, str(volume.sqlite)], check=True)
    journal = volume.sqlite.with_name("sql.db-journal")
    assert journal.stat().st_size > 0
    before = volume.tree()
    convert(volume, postgres)
    assert rows(database, "SELECT count(*) FROM index__1__index WHERE target_id = 'lost'") == [(0,)]
    assert rows(database, "SELECT count(*) FROM index__1__index") == [(2006,)]
    assert volume.tree() == before


def test_without_a_database_or_a_file_it_says_which(volume: Volume, postgres: str) -> None:
    assert "must start with postgresql+psycopg2://" in refused(volume, "mysql://u:hunter2@db/x")
    missing = volume.run("sqlite_to_postgres.py", "--sqlite", volume.root / "none.db", KH_DATABASE=postgres)
    assert (missing.returncode, "none.db: no such file" in missing.stderr) == (78, True)


def test_a_database_that_is_away_may_be_tried_again_and_its_password_is_not_shown(volume: Volume) -> None:
    url = "postgresql://kotaemon:hunter2@127.0.0.1:1/none"
    said = refused(volume, url, code=75)
    assert "OperationalError" in said
    assert "hunter2" not in said
