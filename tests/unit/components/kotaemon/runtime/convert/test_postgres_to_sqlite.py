"""A real PostgreSQL, where one is installed, back into SQLite."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.unit.components.kotaemon.runtime.convert.test_sqlite_to_postgres import convert, database, rows
from tests.unit.components.kotaemon.runtime.convert.volume import Volume

__all__ = ["database"]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target" / "sessions" / "sql.db"


def back(volume: Volume, postgres: str, target: Path, *more: str) -> str:
    return volume.done("postgres_to_sqlite.py", "--sqlite", target, *more, KH_DATABASE=postgres)


def refused(volume: Volume, postgres: str, target: Path, *more: str, code: int = 78) -> str:
    return volume.ends(code, "postgres_to_sqlite.py", "--sqlite", target, *more, KH_DATABASE=postgres)


def everything(file: Path) -> dict[str, list[Any]]:
    with sqlite3.connect(file) as found:
        names = [name for (name,) in found.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        return {name: sorted(found.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr) for name in names}


def times_alike(found: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """SQLAlchemy writes the microseconds always; the application's own rows have them, too."""
    return {
        table: [tuple(f"{v}.000000" if v == "2026-11-28 18:00:00" else v for v in row) for row in rows]
        for table, rows in found.items()
    }


def test_there_and_back_are_the_same_rows(volume: Volume, postgres: str, target: Path) -> None:
    convert(volume, postgres)
    said = back(volume, postgres, target)
    assert "8 tables copied into" in said
    assert everything(target) == times_alike(everything(volume.sqlite))
    back(volume, postgres, target, "--check")


def test_what_people_did_since_comes_along(volume: Volume, postgres: str, database: Any, target: Path) -> None:
    convert(volume, postgres)
    rows(database, "UPDATE conversation SET name = 'later 江', date_updated = '2026-11-29 01:02:03.000004'")
    rows(database, "UPDATE index__1__source SET date_created = '2026-11-29 01:02:03+02'")
    back(volume, postgres, target)
    found = everything(target)
    assert found["conversation"][0][1] == "later 江"
    assert "2026-11-29 01:02:03.000004" in found["conversation"][0]
    assert "2026-11-28 23:02:03.000000" in found["index__1__source"][0], "in UTC, as SQLite has it"


def test_unique_names_are_the_applications_own(volume: Volume, postgres: str, target: Path) -> None:
    convert(volume, postgres)
    back(volume, postgres, target)
    with sqlite3.connect(target) as found, pytest.raises(sqlite3.IntegrityError):
        found.execute("INSERT INTO index__1__source (id, name, user) VALUES ('s2', 'Rivers of the world.pdf', 'u1')")
    sql = sqlite3.connect(target).execute("SELECT sql FROM sqlite_master WHERE name = 'index__1__source'").fetchone()[0]
    assert "CONSTRAINT _name_user_uc UNIQUE" in sql
    number = sqlite3.connect(target).execute("INSERT INTO issuereport (issues) VALUES ('{}') RETURNING id").fetchone()
    assert number == (8,)


def test_a_second_run_leaves_it_and_other_rows_are_refused_or_kept(volume: Volume, postgres: str, target: Path) -> None:
    convert(volume, postgres)
    back(volume, postgres, target)
    before = target.read_bytes()
    assert "holds the same rows already" in back(volume, postgres, target)
    assert target.read_bytes() == before
    with sqlite3.connect(target) as found:
        found.execute("UPDATE conversation SET name = 'of a first start'")
    assert "holds other rows; nothing was written" in refused(volume, postgres, target)
    assert "conversation: SQLite 1 rows" in refused(volume, postgres, target, "--check", code=1)
    back(volume, postgres, target, "--aside")
    assert len(list(target.parent.glob("sql.db.aside-*"))) == 1


def test_half_a_file_of_a_killed_run_is_in_nobodys_way(volume: Volume, postgres: str, target: Path) -> None:
    convert(volume, postgres)
    target.parent.mkdir(parents=True)
    target.with_name(".sql.db.part").write_bytes(b"half of it")
    back(volume, postgres, target)
    assert not target.with_name(".sql.db.part").exists()


def test_an_empty_database_is_refused(volume: Volume, postgres: str, target: Path) -> None:
    assert "has no tables" in refused(volume, postgres, target)
    assert "KH_DATABASE is not set" in volume.ends(
        78, "postgres_to_sqlite.py", "--sqlite", target, KS_SESSIONS_DIR=str(volume.sqlite.parent)
    )
