"""The stores of the application as the converters see them: the SQL database and the LanceDB document store."""

import errno
import fcntl
import importlib
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from console import Refused

BATCH = 500
"""Rows read at once. A conversation can be megabytes."""


def database_url(data: Path) -> str:
    """The SQLAlchemy URL: KH_DATABASE, else sql.db of the role sessions. Never printed: it may hold a password."""
    url = os.environ.get("KH_DATABASE", "")
    if url:
        scheme, _, rest = url.partition("://")
        if scheme not in ("postgres", "postgresql", "postgresql+psycopg2"):
            raise Refused(f"KH_DATABASE starts with {scheme}://; it must start with postgresql+psycopg2://")
        return f"postgresql+psycopg2://{rest}"
    file = Path(os.environ.get("KS_SESSIONS_DIR") or data / "sessions") / "sql.db"
    if not file.is_file():
        raise Refused(f"{file} is not there, and KH_DATABASE is not set: one of them has to be the database")
    return f"sqlite:///{file}"


def engine_of(url: str) -> Any:
    sa: Any = importlib.import_module("sqlalchemy")
    return sa.create_engine(url)


@contextmanager
def writer_lock(url: str) -> Generator[None]:
    """Hold what a running application would hold; raises Refused when it runs.

    SQLite: the lock of runtime/ks_locks.py beside the database. PostgreSQL: nobody else may be connected.
    """
    if not url.startswith("sqlite:///"):
        refuse_others(url)
        yield
        return
    path = Path(url.removeprefix("sqlite:///")).with_name(".writer.lock")
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EAGAIN):
            raise
        holder = os.pread(fd, 256, 0).decode(errors="replace").strip() or "a process that has not said its name"
        raise Refused(f"the application runs on {path.parent}: {holder} holds {path}; scale it to 0 first") from None
    finally:
        os.close(fd)


def refuse_others(url: str) -> None:
    sa: Any = importlib.import_module("sqlalchemy")
    engine = engine_of(url)
    with engine.connect() as connection:
        question = (
            "SELECT coalesce(nullif(application_name, ''), client_addr::text, 'unknown') FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        others = [str(row[0]) for row in connection.execute(sa.text(question))]
    engine.dispose()
    if others:
        raise Refused(
            f"{len(others)} others are connected to the database ({', '.join(others)}); "
            "scale the application to 0 first"
        )


def reflected(connection: Any) -> Any:
    """Every table of the database, as SQLAlchemy finds it."""
    sa: Any = importlib.import_module("sqlalchemy")
    metadata = sa.MetaData()
    metadata.reflect(connection)
    return metadata


def text_columns(connection: Any) -> Iterator[tuple[Any, list[Any], Any]]:
    """Table, primary key columns and column, for each column that can hold text. JSON is marked in its `info`."""
    sa: Any = importlib.import_module("sqlalchemy")
    for table in reflected(connection).sorted_tables:
        key = list(table.primary_key.columns)
        for column in table.columns:
            json = isinstance(column.type, sa.JSON)
            if key and not column.primary_key and (json or isinstance(column.type, sa.String)):
                column.info["json"] = json
                yield table, key, column


def select_texts(connection: Any, table: Any, column: Any, parts: list[str]) -> Iterator[Any]:
    """Primary key and text of every value that holds one of these parts."""
    sa: Any = importlib.import_module("sqlalchemy")
    # JSON as it is stored: type_coerce keeps SQLAlchemy from parsing it, the cast PostgreSQL from refusing LIKE.
    text = sa.cast(column, sa.Text) if connection.dialect.name == "postgresql" else sa.type_coerce(column, sa.String)
    where = sa.or_(*(text.contains(part, autoescape=True) for part in parts))
    yield from connection.execute(sa.select(*table.primary_key.columns, text).where(where)).yield_per(BATCH)


def lance_tables(folder: Path) -> Iterator[tuple[str, Any]]:
    """Name and table of each collection of the LanceDB document store."""
    lancedb: Any = importlib.import_module("lancedb")
    if not folder.is_dir():
        raise Refused(f"{folder} is no folder; the LanceDB document store must be there")
    database = lancedb.connect(str(folder))
    names, token = [], None
    while page := list(database.table_names(page_token=token, limit=100)):
        names += page
        token = page[-1]
    for name in names:
        yield name, database.open_table(name)
