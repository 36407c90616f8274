"""ks_protect_postgres.sh and ks_protect_service.py with a real PostgreSQL: dumped, and restored into an empty server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.components.state.test_postgres_backup import Server, running  # noqa: F401 a fixture

RUNTIME = Path(__file__).parents[2] / "components/protection/runtime"
SCRIPT = (RUNTIME / "ks_protect_postgres.sh").read_text()


@pytest.fixture
def server(running: Server) -> Iterator[Server]:  # noqa: F811
    running.sql("CREATE TABLE conversation (id text); INSERT INTO conversation VALUES ('a'), ('b')")
    running.sql("CREATE TABLE index__1__index (source_id text, target_id text, relation_type text)")
    running.sql("INSERT INTO index__1__index VALUES ('s', 'v1', 'vector'), ('s', 'd1', 'document')")
    for name in ("stage", "found"):
        (running.folder / name).mkdir(exist_ok=True)
        if running.user:
            subprocess.run(["chown", running.user, str(running.folder / name)], check=True)
    yield running
    running.sql("DROP OWNED BY CURRENT_USER")
    for path in (*(running.folder / "stage").iterdir(), *(running.folder / "found").iterdir()):
        path.unlink()


def script(server: Server, command: str, **env: str) -> "subprocess.CompletedProcess[str]":
    told = {"KS_STAGE": str(server.folder / "stage"), "KS_RESTORED": str(server.folder / "stage")}
    return server.run(
        "bash", "-c", SCRIPT, "script", command, check=False, KS_FOUND=str(server.folder / "found"), **told, **env
    )


def service(folder: Path, url: str) -> "subprocess.CompletedProcess[str]":
    env = {"PATH": os.environ["PATH"], "KOTAEMON_DATABASE": url, "KS_SERVICE_FILE": str(folder / "service")}
    command = [sys.executable, "-B", str(RUNTIME / "ks_protect_service.py")]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_a_dump_is_restored_and_counted_in_an_empty_database(server: Server) -> None:
    dumped = script(server, "dump")
    assert dumped.returncode == 0, dumped.stderr
    admin = {"PGUSER": "postgres", "PGPASSWORD": "admin"}
    server.sql("CREATE DATABASE drill OWNER kotaemon", **admin, PGDATABASE="postgres")
    try:
        tried = script(server, "try", PGDATABASE="drill")
        assert tried.returncode == 0, tried.stderr
        assert "2 conversations" in tried.stdout
        assert (server.folder / "found/vectors").read_text().split() == ["v1"]
        assert (server.folder / "found/conversations").read_text().strip() == "2"
    finally:
        server.sql("DROP DATABASE drill", **admin, PGDATABASE="postgres")


def test_a_damaged_dump_is_not_restored_and_says_no_count(server: Server) -> None:
    assert script(server, "dump").returncode == 0
    dump = server.folder / "stage/database.dump"
    dump.write_bytes(dump.read_bytes()[:-200])
    assert script(server, "try").returncode != 0
    assert not (server.folder / "found/conversations").exists()


def test_without_a_server_there_is_no_dump(server: Server) -> None:
    done = script(server, "dump", PGPASSWORD="wrong")
    assert done.returncode != 0
    assert "password" in done.stderr


def test_the_service_file_opens_the_database(server: Server, tmp_path: Path) -> None:
    """The password has quotes and blanks, as the tests of the store have it; in the URL they are encoded."""
    from urllib.parse import quote

    host, port, password = server.env["PGHOST"], server.env["PGPORT"], quote(server.env["PGPASSWORD"], safe="")
    done = service(tmp_path, f"postgresql+psycopg2://kotaemon:{password}@localhost:{port}/kotaemon?sslmode=prefer")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "service").read_text()
    assert oct((tmp_path / "service").stat().st_mode)[-3:] == "600"
    assert f"password={server.env['PGPASSWORD']}\n" in text
    # The server of this test listens on a socket alone.
    opened = server.folder / "service"
    opened.write_text(text.replace("host=localhost", f"host={host}"))
    opened.chmod(0o644)
    bare = {key: value for key, value in server.env.items() if not key.startswith("PG")}
    asked = subprocess.run(
        ["psql", "-XAtw", "-c", "SELECT count(*) FROM conversation"],
        env=bare | {"PGSERVICEFILE": str(opened), "PGSERVICE": "kotaemon"},
        user=server.user,
        capture_output=True,
        text=True,
        check=False,
        cwd=server.folder,
    )
    assert asked.stdout.strip() == "2", asked.stderr


@pytest.mark.parametrize("url", ["mysql://a:b@c/d", "postgresql://a:b@c", "postgresql://a:b%0Ac=d@host/x"])
def test_a_url_that_is_none_is_refused_without_saying_it(tmp_path: Path, url: str) -> None:
    done = service(tmp_path, url)
    assert done.returncode == 78
    assert "a:b" not in done.stderr
