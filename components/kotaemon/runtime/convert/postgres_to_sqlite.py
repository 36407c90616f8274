"""Copies the application's PostgreSQL database into SQLite: sqlite_to_postgres.py the other way round.

    KH_DATABASE=postgresql://... postgres_to_sqlite.py --sqlite /target/sessions/sql.db [--aside]
    KH_DATABASE=postgresql://... postgres_to_sqlite.py --sqlite /target/sessions/sql.db --check

PostgreSQL is only read, in one transaction that sees one moment. SQLite is written beside its name, compared row by
row, and renamed: a run that was killed leaves nothing that counts. A database that is there already is refused, unless
it is the copy of the same rows (a second run), or --aside renames it to `sql.db.aside-<time>` first.
Exit codes: console.py.
"""

import argparse
import importlib
import time
from pathlib import Path
from typing import Any

from console import Different, Progress, Refused, in_batches, run, say
from layout import DATA
from sqlite_to_postgres import JOURNALS, SHARED_NAME, differences, target_rows
from stores import BATCH, database_url, engine_of, reflected, writer_lock

ONE_MOMENT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def tables_for_sqlite(source: Any) -> Any:
    """The tables of PostgreSQL with the types that the application's models have on SQLite, and their own names again
    for constraints that got their table's name in front."""
    sa: Any = importlib.import_module("sqlalchemy")
    target = sa.MetaData()
    for table in source.sorted_tables:
        columns = [
            sa.Column(column.name, type_of(sa, column.type), primary_key=column.primary_key, nullable=column.nullable)
            for column in table.columns
        ]
        made = sa.Table(table.name, target, *columns)
        for constraint in table.constraints:
            if isinstance(constraint, sa.UniqueConstraint):
                ours = str(constraint.name) == f"{table.name}{SHARED_NAME}"
                name = SHARED_NAME if ours else constraint.name
                made.append_constraint(sa.UniqueConstraint(*(c.name for c in constraint.columns), name=name))
        for index in table.indexes:
            if not index.dialect_options.get("postgresql", {}).get("where"):
                sa.Index(index.name, *(made.c[c.name] for c in index.columns), unique=index.unique)
    return target


def type_of(sa: Any, type_: Any) -> Any:
    """The type without what only PostgreSQL has."""
    for known in (sa.JSON, sa.DateTime, sa.Boolean, sa.Integer, sa.String):
        if isinstance(type_, known):
            return known()
    raise Refused(f"a column has the type {type_}, which no model of the application has; nothing was written")


def fill(source: Any, target: Any, table: Any, made: Any) -> None:
    sa: Any = importlib.import_module("sqlalchemy")
    total = source.scalar(sa.select(sa.func.count()).select_from(table))
    progress = Progress(f"rows of {table.name}", total)
    # JSON is text in SQLite, and is written as the text that it is.
    values = {c.name: sa.bindparam(c.name, type_=sa.String if isinstance(c.type, sa.JSON) else c.type) for c in made.c}
    columns = {c.name: sa.column(c.name, sa.String if isinstance(c.type, sa.JSON) else c.type) for c in made.c}
    insert = sa.insert(sa.table(made.name, *columns.values())).values(values)
    # Times are in UTC, the zone of the session, and SQLite keeps them without saying so.
    for batch in in_batches(target_rows(source, table), BATCH, progress):
        target.execute(insert, batch)


def convert(source: Any, sqlite: Path, aside: bool) -> None:
    """Make the file beside its name, compare it, and give it its name."""
    tables = reflected(source)
    if not tables.sorted_tables:
        raise Refused("the PostgreSQL database has no tables: the application has never run on it; nothing was written")
    if sqlite.exists():
        if not different(source, sqlite):
            say(f"{sqlite} holds the same rows already; left as it is")
            return
        if not aside:
            raise Refused(
                f"{sqlite} is there already and holds other rows; nothing was written. If that is what a first start "
                "of the application made, move it aside with --aside"
            )
    part = sqlite.with_name(f".{sqlite.name}.part")
    for end in ("", *JOURNALS):
        Path(f"{part}{end}").unlink(missing_ok=True)
    engine = engine_of(f"sqlite:///{part}")
    made = tables_for_sqlite(tables)
    with engine.begin() as target:
        made.create_all(target)
        for table in tables.sorted_tables:
            fill(source, target, table, made.tables[table.name])
    engine.dispose()
    if found := different(source, part):
        raise Different("; ".join(found) + f"; {sqlite} was not made")
    move_aside(sqlite)
    part.rename(sqlite)
    say(f"{len(made.tables)} tables copied into {sqlite}")


def check(source: Any, sqlite: Path) -> None:
    found = different(source, sqlite) if sqlite.is_file() else [f"{sqlite} is not there"]
    if found:
        raise Different("; ".join(found))


def different(source: Any, sqlite: Path) -> list[str]:
    """What differs between both databases, a line for each table."""
    there = reflected(source)
    engine = engine_of(f"sqlite:///{sqlite}")
    try:
        with engine.connect() as target:
            here = reflected(target)
            if found := sorted(set(here.tables) ^ set(there.tables)):
                return [f"{', '.join(found)}: only one of the databases has it"]
            return differences(target, source, here, there)
    finally:
        engine.dispose()


def move_aside(sqlite: Path) -> None:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    for end in ("", *JOURNALS):
        if (found := Path(f"{sqlite}{end}")).exists():
            found.rename(f"{sqlite}.aside-{stamp}{end}")
            say(f"{found} is {sqlite}.aside-{stamp}{end} now")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sqlite", type=Path, required=True, help="sql.db, to be made")
    parser.add_argument("--aside", action="store_true", help="rename a database that is there")
    parser.add_argument("--check", action="store_true", help="compare only")
    args = parser.parse_args()
    url = database_url(Path(DATA))
    if url.startswith("sqlite"):
        raise Refused("KH_DATABASE is not set: it must be the postgresql:// URL of the database")
    sqlite: Path = args.sqlite
    sqlite.parent.mkdir(parents=True, exist_ok=True, mode=0o770)
    with (
        writer_lock(url),
        writer_lock(f"sqlite:///{sqlite}"),
        engine_of(url).connect().execution_options(**ONE_MOMENT) as source,
    ):
        source.exec_driver_sql("SET LOCAL TimeZone = 'UTC'")
        if args.check:
            check(source, sqlite)
        else:
            convert(source, sqlite, args.aside)


if __name__ == "__main__":
    run(main)
