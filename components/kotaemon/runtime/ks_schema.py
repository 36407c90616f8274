"""Whether this version of the application may work on what another one has left: its variables, its notes, its tables.

The application makes its tables by `create_all` and has no migrations: a table that is there is never changed, so a
column that a newer version has is missing for ever, and shows as an error at some later click. So at the start every
model is compared with the living database, at the moment when the application defines it and before it creates
anything: SQLAlchemy calls us for each (`after_mapper_constructed`), with the application's own engine. That knows every
table of every version, those of the collections as well.

As a script it compares and changes nothing: `python ks_schema.py` in a Job with the new image, before the roll
(docs/runbooks/upgrade-kotaemon.md). Exit codes: 0 they fit, 78 they do not.
"""

import importlib
import os
import sys
from pathlib import Path
from typing import Any

from ks_downloads import fetch_nothing
from ks_environment import EX_CONFIG, refuse, say
from ks_folders import make_folder
from ks_variables import scratch_variables

TOGETHER = ("0.11.2", "0.11.3")
"""Versions with the same tables: allowed on one database one after the other and at once, forwards and back. Whoever
adds one runs the steps of docs/runbooks/upgrade-kotaemon.md."""
RENAMED = {
    "AZUREAI_DOCUMENT_INTELLIGENT_ENDPOINT": ("AZURE_DI_ENDPOINT", "0.3.5"),
    "AZUREAI_DOCUMENT_INTELLIGENT_CREDENTIAL": ("AZURE_DI_CREDENTIAL", "0.3.5"),
    "GRADIO_ROOT_PATH": ("GR_FILE_ROOT_PATH", "0.10.0"),
}
"""Old name -> new name of a variable, and since when. The first two are overruled by the new ones' empty defaults
(kotaemon/indices/ingests/files.py:31-34). The last is still gradio's own, and no longer makes the links of citations
(ktem/utils/render.py:8): behind a path, both have to be set."""
NOTE = ".kotaemon-version"
"""In the role uploads, which both profiles have: the version that last started on this data."""
HOW = "docs/runbooks/upgrade-kotaemon.md says how to go forwards and back"


def check_variables() -> None:
    """Refuse names that the application no longer reads."""
    for old, (new, since) in RENAMED.items():
        if os.environ.get(old) and not os.environ.get(new):
            refuse(f"the variable {old} is set and {new} is not: since {since} the application reads {new}; set that")


def check_version(uploads: Path) -> None:
    """Refuse a version that was not tried on one database with the one before; note the version that starts."""
    version, note = os.environ.get("KH_APP_VERSION", ""), uploads / NOTE
    if not version:
        say("warning: KH_APP_VERSION is empty (an image by digest): versions are not compared, tables are")
        return
    last = note.read_text().strip() if note.exists() else ""
    if last == version:
        return
    if last and not (last in TOGETHER and version in TOGETHER):
        refuse(
            f"version {version} is not to start on data of version {last}: on one database these were tried together: "
            f"{', '.join(TOGETHER)}. After a backup, write {version} into {note} to allow it; {HOW}"
        )
    if last:
        say(f"version {version} follows {last} on this data; both have the same tables")
    part = note.with_name(f"{NOTE}.{os.getpid()}")
    try:
        part.write_text(f"{version}\n")
        part.rename(note)
    except OSError as error:  # a full disk is no reason to stay away: people have to get in to delete files
        say(f"warning: {note} does not say that version {version} started: {error.strerror}")


def problems(connection: Any, table: Any) -> list[str]:
    """What keeps a model from working with its living table; empty where there is no such table yet."""
    sa: Any = importlib.import_module("sqlalchemy")
    inspector = sa.inspect(connection)
    if not inspector.has_table(table.name, schema=table.schema):
        return []
    living = {column["name"]: column for column in inspector.get_columns(table.name, schema=table.schema)}
    missing = sorted(set(table.columns.keys()) - living.keys())
    # A newer version's column that must have a value, which this version never gives.
    needed = [
        name
        for name, column in living.items()
        if name not in table.columns and not column["nullable"] and column.get("default") is None
    ]
    return [f"table {table.name} has no column {name}, which this version needs" for name in missing] + [
        f"table {table.name} has the column {name}, which must have a value and which this version does not know"
        for name in sorted(needed)
    ]


def other_types(connection: Any, table: Any) -> list[str]:
    """Columns that hold numbers where the models have text: users before 0.10.0."""
    sa: Any = importlib.import_module("sqlalchemy")
    inspector = sa.inspect(connection)
    if not inspector.has_table(table.name, schema=table.schema):
        return []
    return [
        f"{table.name}.{column['name']}"
        for column in inspector.get_columns(table.name, schema=table.schema)
        if column["name"] in table.columns
        and isinstance(column["type"], sa.Integer)
        and isinstance(table.columns[column["name"]].type, sa.String)
    ]


def living_engine() -> Any:
    """The application's own engine; None for a model that is not the application's."""
    module = sys.modules.get("ktem.db.engine")
    return getattr(module, "engine", None)


def compare(table: Any) -> None:
    """Refuse to go on when a model does not fit its living table."""
    engine = living_engine()
    if engine is None or not hasattr(table, "columns"):
        return
    with engine.connect() as connection:
        found = problems(connection, table)
        odd = other_types(connection, table)
    if found:
        version = os.environ.get("KH_APP_VERSION") or "of this image"
        refuse(f"version {version} does not fit the database: {'; '.join(found)}; nothing was changed; {HOW}")
    if odd:
        say(f"warning: {', '.join(odd)} are numbers, and text since 0.10.0: new users cannot be made; {HOW}")


def refuse_drop(table: Any, connection: Any) -> None:
    """The application drops `mcp_table` at its import when that is of an unreleased layout (ktem/mcp/db.py:24-29)."""
    if table.name == "mcp_table":
        sa: Any = importlib.import_module("sqlalchemy")
        rows = connection.scalar(sa.select(sa.func.count()).select_from(sa.table("mcp_table")))
        if rows:
            refuse(
                f"the application wants to drop the table mcp_table with its {rows} rows: they have the layout of an "
                f"unreleased version; nothing was changed; note the MCP servers, empty the table, start again; {HOW}"
            )


def watch_tables() -> None:
    """From now on every model that is defined is compared, and a table with rows is not dropped at the import."""
    event: Any = importlib.import_module("sqlalchemy.event")
    orm: Any = importlib.import_module("sqlalchemy.orm")
    schema: Any = importlib.import_module("sqlalchemy.schema")

    def constructed(mapper: Any, _class: Any) -> None:
        compare(mapper.local_table)

    def dropping(table: Any, connection: Any, **_: Any) -> None:
        refuse_drop(table, connection)

    event.listen(orm.Mapper, "after_mapper_constructed", constructed)
    event.listen(schema.Table, "before_drop", dropping)


def check_data(uploads: Path) -> None:
    """All of it, for the launcher."""
    check_variables()
    check_version(uploads)
    watch_tables()


def nothing(*_: Any, **__: Any) -> None:
    """Stands where something would be written or opened."""


def change_nothing() -> None:
    """Take away what the application's modules write while they are imported."""
    schema: Any = importlib.import_module("sqlalchemy.schema")
    settings: Any = importlib.import_module("theflow.settings").settings
    schema.MetaData.create_all = nothing
    schema.Table.drop = nothing
    # The managers add what the settings name and the tables lack.
    settings.KH_LLMS = settings.KH_EMBEDDINGS = settings.KH_RERANKINGS = {}


def define_models() -> int:
    """Import every model, and those of each collection in the database; returns how many collections."""
    for name in ("db.models", "index.models", "llms.db", "embeddings.db", "rerankings.db", "mcp.db"):
        try:
            importlib.import_module(f"ktem.{name}")
        except ModuleNotFoundError as error:
            if error.name not in ("ktem.mcp", "ktem.mcp.db", "ktem.rerankings"):
                raise
    file_index: Any = importlib.import_module("ktem.index.file.index")
    # Stores are not touched.
    file_index.get_vectorstore = file_index.get_docstore = nothing
    load: Any = importlib.import_module("theflow.utils.modules").import_dotted_string
    sa: Any = importlib.import_module("sqlalchemy")
    with living_engine().connect() as connection:
        if not sa.inspect(connection).has_table("ktem__index"):
            return 0
        rows = list(connection.execute(sa.select(importlib.import_module("ktem.index.models").Index.__table__)))
    for row in rows:
        load(row.index_type, safe=False)(app=None, id=row.id, name=row.name, config=row.config)._setup_resources()
    return len(rows)


def main() -> int:
    # PostgreSQL itself refuses every write of this process (libpq reads PGOPTIONS).
    os.environ["PGOPTIONS"] = "-c default_transaction_read_only=on"
    scratch = Path(os.environ.setdefault("KS_SCRATCH_DIR", "/tmp/kotaemon"))  # noqa: S108 the pod's own emptyDir
    make_folder(scratch)
    scratch_variables(scratch)
    fetch_nothing(Path(os.environ.get("KS_MODELS_DIR") or scratch), False, scratch)
    sys.path.insert(0, os.getcwd())  # flowsettings.py is found there
    check_variables()
    watch_tables()
    change_nothing()
    collections = define_models()
    say(f"the tables fit this version ({collections} collections); nothing was changed")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception as error:  # a traceback says nothing to whoever reads a Job's log
        print(f"launch: the tables could not be compared: {error}", file=sys.stderr, flush=True)
        sys.exit(EX_CONFIG if isinstance(error, ModuleNotFoundError) else 1)
