"""Rewrites absolute paths in what the application stores, after its folders have moved.

    citation_paths.py --app-data /app/ktem_app_data --data /data --docstore /data/indexes/docstore [--dry-run]
    citation_paths.py --move /old/folder=/new/folder [--move ...] --docstore DIR [--dry-run]

The application stores absolute paths of uploads in two places (found in the data of the real 0.11.3): `file_path` in
the attributes of every chunk of the LanceDB document store, and the links of citations inside the JSON of the tables
`conversation` and `issuereport`. So every text and JSON column of every table is searched. Vectors hold a copy of
`file_path` that nothing reads (VectorRetrieval takes ids from them); it is left alone.

A path counts where a listed folder is followed by `/` and no part of a longer path comes before it. The database is
changed in one transaction, each document table in one commit per folder: a run that was killed is simply run again.
The database is KH_DATABASE, else sql.db in KS_SESSIONS_DIR, else in <data>/sessions. Exit codes: console.py.
"""

import argparse
import importlib
import re
from pathlib import Path
from typing import Any

from console import Refused, run, say
from layout import APP_DATA, DATA, moved_paths
from stores import database_url, engine_of, lance_tables, select_texts, text_columns, writer_lock

OTHER = re.compile(r"(/[\w./ -]*)/gradio_tmp/[0-9a-f]{40}")
"""Gradio keeps each upload in a folder with the hash of its content (gradio/processing_utils.py)."""


def pattern(moves: dict[str, str]) -> re.Pattern[str]:
    """Finds the old folders, the longest first, and never inside of a longer path."""
    names = "|".join(re.escape(old) for old in sorted(moves, key=len, reverse=True))
    return re.compile(rf"(?<![\w./-])({names})(?=/)")


def rewritten(text: str, moves: dict[str, str], finds: re.Pattern[str]) -> str:
    """The text with the new folders."""
    return finds.sub(lambda found: moves[found[0]], text)


def check_moves(moves: dict[str, str]) -> None:
    """Raises Refused for moves that a second run would apply again, or that are no absolute folders."""
    for old, new in moves.items():
        if not old.startswith("/") or not new.startswith("/") or old.endswith("/") or new.endswith("/"):
            raise Refused(f"--move {old}={new}: both must be absolute and must not end with /")
    chained = [old for old in moves for new in moves.values() if new.startswith(f"{old}/") or new == old]
    if chained:
        raise Refused(
            f"--move: {', '.join(chained)} is old and part of a new path at once; a second run would move it again"
        )


def in_database(url: str, moves: dict[str, str], dry_run: bool) -> int:
    """Rewrite every text column of every table; returns how many values. One transaction."""
    sa: Any = importlib.import_module("sqlalchemy")
    finds, total = pattern(moves), 0
    engine = engine_of(url)
    with engine.begin() as connection:
        for table, key, column in text_columns(connection):
            changed = 0
            for row in list(select_texts(connection, table, column, [old + "/" for old in moves])):
                identity, text = row[:-1], row[-1]
                new = rewritten(text, moves, finds)
                if new == text:
                    continue
                changed += 1
                if not dry_run:
                    where = sa.and_(*(part == value for part, value in zip(key, identity, strict=True)))
                    connection.execute(
                        table.update().where(where).values({column.name: stored(connection, column, new)})
                    )
            if changed:
                say(f"table {table.name}, column {column.name}: {changed} values")
            total += changed
    engine.dispose()
    return total


def stored(connection: Any, column: Any, text: str) -> Any:
    """JSON is written as the text that it is: parsing it could change what nobody asked to change."""
    sa: Any = importlib.import_module("sqlalchemy")
    value = sa.literal(text, sa.String)
    # SQLite keeps JSON as text, and would cast it to a number.
    return sa.cast(value, column.type) if column.info["json"] and connection.dialect.name == "postgresql" else value


def in_documents(folder: Path, moves: dict[str, str], dry_run: bool) -> int:
    """Rewrite `file_path` in the chunks of every document table; returns how many rows."""
    total = 0
    for name, table in lance_tables(folder):
        changed = 0
        for old in sorted(moves, key=len, reverse=True):
            # A JSON value that begins with the folder: the quotation mark belongs to what is looked for.
            before, after = f'"{old}/', f'"{moves[old]}/'
            where = f"strpos(attributes, {quoted(before)}) > 0"
            found = table.count_rows(where)
            changed += found
            if found and not dry_run:
                table.update(
                    where=where, values_sql={"attributes": f"replace(attributes, {quoted(before)}, {quoted(after)})"}
                )
        if changed and not dry_run:
            # As the application does after each change (kotaemon/storages/docstores/lancedb.py:52-57).
            table.create_fts_index("text", tokenizer_name="en_stem", replace=True)
        say(f"documents of {name}: {changed} of {table.count_rows()} rows")
        total += changed
    return total


def quoted(text: str) -> str:
    """A string of SQL."""
    return "'" + text.replace("'", "''") + "'"


def check_others(url: str, moves: dict[str, str]) -> None:
    """Raises Refused for uploads below a folder that nobody named: the application ran somewhere else once."""
    known = {new for new in moves.values() if new.endswith("/gradio_tmp")}
    others: dict[str, str] = {}
    engine = engine_of(url)
    with engine.connect() as connection:
        for table, _, column in text_columns(connection):
            for row in select_texts(connection, table, column, ["/gradio_tmp/"]):
                for found in OTHER.finditer(row[-1]):
                    if f"{found[1]}/gradio_tmp" not in known:
                        others.setdefault(found[1], f"table {table.name}, column {column.name}")
    engine.dispose()
    if others:
        found = ", ".join(f"{folder} ({where})" for folder, where in others.items())
        raise Refused(f"citations also point into {found}: run again with --app-data for each of these folders")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--app-data", action="append", default=[], help=f"the old ktem_app_data, {APP_DATA} in upstream's image"
    )
    parser.add_argument("--move", action="append", default=[], metavar="OLD=NEW", help="a folder that moved")
    parser.add_argument("--data", default=DATA, help="where the roles are mounted")
    parser.add_argument("--docstore", type=Path, help="the folder of the LanceDB document store")
    parser.add_argument("--dry-run", action="store_true", help="count only")
    args = parser.parse_args()
    if bool(args.app_data) == bool(args.move):
        parser.error("give --app-data or --move")
    return args


def moves_of(args: argparse.Namespace) -> dict[str, str]:
    moves: dict[str, str] = {}
    for app_data in args.app_data:
        moves |= moved_paths(app_data.rstrip("/"), args.data)
    for move in args.move:
        old, found, new = move.partition("=")
        if not found:
            raise Refused(f"--move {move}: it must look like /old/folder=/new/folder")
        moves[old] = new
    check_moves(moves)
    return moves


def main() -> None:
    args = arguments()
    moves, url = moves_of(args), database_url(Path(args.data))
    with writer_lock(url):
        verb = "would be rewritten" if args.dry_run else "rewritten"
        rows = in_documents(args.docstore, moves, args.dry_run) if args.docstore else 0
        values = in_database(url, moves, args.dry_run)
        say(f"{values} values of the database and {rows} rows of documents {verb}")
        if not args.dry_run:
            check_others(url, moves)


if __name__ == "__main__":
    run(main)
