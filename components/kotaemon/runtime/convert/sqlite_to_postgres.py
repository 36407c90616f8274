"""Copies the application's SQLite database into PostgreSQL: every table, row, sequence and constraint, compared.

    KH_DATABASE=postgresql://... sqlite_to_postgres.py --sqlite /source/user_data/sql.db [--aside]
    KH_DATABASE=postgresql://... sqlite_to_postgres.py --sqlite /source/user_data/sql.db --check

Everything is one transaction of PostgreSQL: a run that was killed leaves nothing. The tables are made as the
application itself makes them on PostgreSQL: constraints that are named alike get their table's name in front
(kh_settings.py does the same), times with a zone where its models have one, users' ids as text as its models have them
since 0.10.0. JSON is copied as the text that it is. Row counts and checksums are compared before it is committed.

Tables that are there already are refused, unless their comment says that they were copied from the same file (a second
run), or --aside moves them into a schema `aside_<time>` first. SQLite is only read: a copy in the temporary
folder, with its journals. Exit codes: console.py.
"""

import argparse
import hashlib
import importlib
import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from console import Different, Progress, Refused, in_batches, run, say
from layout import DATA
from stores import BATCH, database_url, engine_of, reflected, writer_lock

SHARED_NAME = "_name_user_uc"
"""One name for two tables' constraints (ktem/index/file/index.py:69,133); see kh_settings.py."""
WITH_ZONE = re.compile(r"index__\d+__(source|group)\.date_created")
"""`DateTime(timezone=True)` in ktem/index/file/index.py; SQLite has one type for both."""
JOURNALS = ("-journal", "-wal", "-shm")


class Count(NamedTuple):
    """What is compared of a table."""

    rows: int
    checksum: str


def readable_copy(sqlite: Path) -> Path:
    """The database and its journals in a temporary folder, where SQLite can mend them."""
    if not sqlite.is_file():
        raise Refused(f"--sqlite {sqlite}: no such file")
    folder = Path(tempfile.mkdtemp(prefix="sqlite-"))
    for end in ("", *JOURNALS):
        if (found := Path(f"{sqlite}{end}")).exists():
            shutil.copyfile(found, folder / f"sql.db{end}")
    return folder / "sql.db"


def tables_for_postgres(source: Any, mark: str) -> Any:
    """The tables of SQLite, with the types and the names that the application's models have on PostgreSQL.

    The mark is each table's comment: by it a second run knows that they were copied, whatever was changed since.
    """
    sa: Any = importlib.import_module("sqlalchemy")
    target = sa.MetaData()
    for table in source.sorted_tables:
        columns = [
            sa.Column(
                column.name, type_of(sa, table.name, column), primary_key=column.primary_key, nullable=column.nullable
            )
            for column in table.columns
        ]
        made = sa.Table(table.name, target, *columns, comment=mark or None)
        for constraint in table.constraints:
            if isinstance(constraint, sa.UniqueConstraint):
                name = f"{table.name}{SHARED_NAME}" if constraint.name == SHARED_NAME else constraint.name
                made.append_constraint(sa.UniqueConstraint(*(c.name for c in constraint.columns), name=name))
        for index in table.indexes:
            sa.Index(index.name, *(made.c[c.name] for c in index.columns), unique=index.unique)
    return target


def type_of(sa: Any, table: str, column: Any) -> Any:
    """The column's type on PostgreSQL. Users were numbered before 0.10.0, and are text since."""
    if isinstance(column.type, sa.Integer) and (column.name == "user" or (table, column.name) == ("user", "id")):
        return sa.String()
    if isinstance(column.type, sa.DateTime):
        return sa.DateTime(timezone=bool(WITH_ZONE.fullmatch(f"{table}.{column.name}")))
    return column.type


def raw(sa: Any, column: Any) -> Any:
    """A column as it is stored: JSON is not parsed, an untyped value of SQLite is not refused."""
    if isinstance(column.type, sa.JSON):
        return sa.type_coerce(column, sa.String)
    return sa.type_coerce(column, sa.types.NullType()) if isinstance(column.type, sa.Integer) else column


def source_rows(connection: Any, table: Any, target: Any) -> Iterator[dict[str, Any]]:
    """Every row, with values as PostgreSQL takes them."""
    sa: Any = importlib.import_module("sqlalchemy")
    columns = [raw(sa, column).label(column.name) for column in table.columns]
    query = sa.select(*columns).execution_options(yield_per=BATCH)
    for row in connection.execute(query).mappings():
        yield {name: value_for(sa, target.c[name], value, f"{table.name}.{name}") for name, value in row.items()}


def value_for(sa: Any, column: Any, value: Any, where: str) -> Any:
    """One value as the column of PostgreSQL takes it. Raises Refused for what PostgreSQL cannot hold."""
    if value is None:
        return None
    if isinstance(column.type, sa.JSON):
        return json_text(str(value), where)
    if isinstance(column.type, sa.String):
        if "\0" in str(value):
            raise Refused(
                f"{where} holds a NUL character, which PostgreSQL has not in text; mend that row in SQLite first"
            )
        return str(value)
    if isinstance(column.type, sa.Boolean):
        return bool(value)
    if isinstance(column.type, sa.Integer) and not isinstance(value, int):
        raise Refused(f"{where} holds {value!r}, which is no number; mend that row in SQLite first")
    return value


def json_text(text: str, where: str) -> str:
    """The text, with NaN and Infinity as null: Python writes them, and they are no JSON (RFC 8259, 6)."""
    odd: list[str] = []
    try:
        parsed = json.loads(text, parse_constant=odd.append)
    except ValueError as error:
        raise Refused(f"{where} holds text that is no JSON ({error}); mend that row in SQLite first") from None
    if not odd:
        return text
    say(f"{where}: {len(odd)} values {odd[0]} became null, JSON on PostgreSQL has none")
    return json.dumps(parsed)


def checksum(rows: Iterator[dict[str, Any]]) -> Count:
    """Number of rows, and the sum of their SHA-256: the two databases may order text differently."""
    total, number = 0, 0
    for row in rows:
        text = repr([canonical(value) for value in row.values()])
        total, number = (total + int(hashlib.sha256(text.encode()).hexdigest(), 16)) % 2**256, number + 1
    return Count(number, f"{total:064x}")


def canonical(value: Any) -> Any:
    """Times without their zone: SQLite has kept UTC without saying so, and PostgreSQL gives it back in UTC."""
    return value.replace(tzinfo=None).isoformat() if hasattr(value, "tzinfo") else value


def target_rows(connection: Any, table: Any) -> Iterator[dict[str, Any]]:
    sa: Any = importlib.import_module("sqlalchemy")
    columns = [
        (sa.cast(column, sa.Text) if isinstance(column.type, sa.JSON) else column).label(column.name)
        for column in table.columns
    ]
    query = sa.select(*columns).execution_options(yield_per=BATCH)
    yield from (dict(row) for row in connection.execute(query).mappings())


def fill(source: Any, target: Any, table: Any, made: Any) -> None:
    """Copy the rows of one table, and set its sequence after the highest number."""
    sa: Any = importlib.import_module("sqlalchemy")
    total = source.scalar(sa.select(sa.func.count()).select_from(table))
    progress = Progress(f"rows of {table.name}", total)
    values = {
        c.name: sa.cast(sa.bindparam(c.name, type_=sa.String), c.type) for c in made.c if isinstance(c.type, sa.JSON)
    }
    insert = made.insert().values({c.name: sa.bindparam(c.name) for c in made.c} | values)
    for batch in in_batches(source_rows(source, table, made), BATCH, progress):
        target.execute(insert, batch)
    for column in made.primary_key.columns:
        if isinstance(column.type, sa.Integer) and total:
            sequence = sa.func.pg_get_serial_sequence(f'"{made.name}"', column.name)
            target.execute(sa.select(sa.func.setval(sequence, sa.select(sa.func.max(column)).scalar_subquery())))


def differences(source: Any, target: Any, tables: Any, made: Any) -> list[str]:
    """What differs, a line for each table."""
    found: list[str] = []
    for table in tables.sorted_tables:
        wanted = checksum(source_rows(source, table, made.tables[table.name]))
        got = checksum(target_rows(target, made.tables[table.name]))
        if wanted != got:
            found.append(
                f"{table.name}: SQLite {wanted.rows} rows {wanted.checksum[:8]}, "
                f"PostgreSQL {got.rows} rows {got.checksum[:8]}"
            )
        else:
            say(f"{table.name}: {got.rows} rows, checksum {got.checksum[:8]} on both sides")
    return found


def move_aside(target: Any, names: list[str]) -> None:
    """Move tables into a schema of their own; indexes, constraints and owned sequences go with them."""
    sa: Any = importlib.import_module("sqlalchemy")
    schema = f"aside_{time.strftime('%Y%m%d_%H%M%S', time.gmtime())}"
    quote = target.dialect.identifier_preparer.quote_identifier
    target.execute(sa.text(f"CREATE SCHEMA {quote(schema)}"))
    for name in names:
        target.execute(sa.text(f"ALTER TABLE {quote(name)} SET SCHEMA {quote(schema)}"))
    say(f"{len(names)} tables that were there are in the schema {schema} now")


def convert(source: Any, target: Any, mark: str, aside: bool) -> None:
    sa: Any = importlib.import_module("sqlalchemy")
    tables = reflected(source)
    made = tables_for_postgres(tables, mark)
    inspector = sa.inspect(target)
    there = sorted(inspector.get_table_names())
    if all(name in there and inspector.get_table_comment(name)["text"] == mark for name in made.tables):
        say(f"{mark} before; left as it is now")
        return
    if there and not aside:
        raise Refused(
            f"the database holds {len(there)} tables already ({', '.join(there[:5])} ...); nothing was written. "
            "If that is what a first start of the application made, move them aside with --aside"
        )
    if there:
        move_aside(target, there)
    made.create_all(target)
    for table in tables.sorted_tables:
        fill(source, target, table, made.tables[table.name])
    if found := differences(source, target, tables, made):
        raise Different("; ".join(found) + "; nothing was committed")
    say(f"{len(made.tables)} tables copied")


def refuse_other_encodings(target: Any) -> None:
    """Raises Refused for a database that does not hold every text: people write in all languages."""
    found = target.exec_driver_sql("SHOW server_encoding").scalar()
    if found != "UTF8":
        raise Refused(
            f"the database has the encoding {found}, which does not hold every text; give the application a database "
            "that was made with ENCODING 'UTF8' (CREATE DATABASE ... TEMPLATE template0)"
        )


def same_columns(target: Any, made: Any) -> bool:
    """Whether PostgreSQL has these tables with these columns."""
    sa: Any = importlib.import_module("sqlalchemy")
    inspector = sa.inspect(target)
    there = set(inspector.get_table_names())
    return all(
        table.name in there and {c["name"] for c in inspector.get_columns(table.name)} == set(table.columns.keys())
        for table in made.sorted_tables
    )


def check(source: Any, target: Any) -> None:
    tables = reflected(source)
    made = tables_for_postgres(tables, "")
    if not same_columns(target, made):
        raise Different("PostgreSQL has not all of the tables with all of their columns")
    if found := differences(source, target, tables, made):
        raise Different("; ".join(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sqlite", type=Path, required=True, help="sql.db; only read")
    parser.add_argument(
        "--aside", action="store_true", help="move the tables that are there into a schema aside_<time>"
    )
    parser.add_argument("--check", action="store_true", help="compare only")
    args = parser.parse_args()
    url = database_url(Path(DATA))
    if url.startswith("sqlite"):
        raise Refused("KH_DATABASE is not set: it must be the postgresql:// URL of the database")
    copy = readable_copy(args.sqlite)
    try:
        mark = f"copied from the SQLite database {hashlib.sha256(copy.read_bytes()).hexdigest()[:16]}"
        with writer_lock(url), engine_of(f"sqlite:///{copy}").connect() as source, engine_of(url).begin() as target:
            refuse_other_encodings(target)
            target.exec_driver_sql("SET LOCAL TimeZone = 'UTC'")
            check(source, target) if args.check else convert(source, target, mark, args.aside)
    finally:
        shutil.rmtree(copy.parent)


if __name__ == "__main__":
    run(main)
