"""postgres-backup.sh and kotaemon.sql, run as files against a real PostgreSQL server."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import free_port

RUNTIME = Path(__file__).parents[4] / "components/state/runtime"
PASSWORD = 'it\'s "quoted"'


class Server:
    """A server of this test, and the script beside it; the user is the server's own, never root."""

    def __init__(self, folder: Path, user: str | None) -> None:
        self.folder, self.user = folder, user
        self.backups = folder / "claim" / "backup-database"
        self.env = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C",
            "PGHOST": str(folder),
            "PGPORT": str(free_port()),
            "PGUSER": "kotaemon",
            "PGDATABASE": "kotaemon",
            "PGPASSWORD": PASSWORD,
            "BACKUP_DIR": str(self.backups),
            "KEEP": "2",
        }

    def run(self, *command: str, check: bool = True, **env: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command, check=check, user=self.user, cwd=self.folder, env=self.env | env, capture_output=True, text=True
        )

    def sql(self, statement: str, **env: str) -> str:
        return self.run("psql", "-XAtw", "-v", "ON_ERROR_STOP=1", "-c", statement, **env).stdout.strip()

    def script(self, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return self.run("bash", "backup.sh", *arguments, check=False, **env)

    def dumps(self) -> list[str]:
        return sorted(path.name for path in self.backups.iterdir())


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    if not shutil.which("initdb"):
        pytest.skip("needs a PostgreSQL server's programs on PATH; not run")
    folder = Path(tempfile.mkdtemp(prefix="ks-pg-"))
    (folder / "claim").mkdir()
    for source, name in (("postgres-backup.sh", "backup.sh"), ("kotaemon.sql", "init.sql")):
        shutil.copy(RUNTIME / source, folder / name)
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        for path in (folder, folder / "claim"):
            os.chown(path, pwd.getpwnam(user).pw_uid, -1)
    server = Server(folder, user)
    (folder / "password").write_text("admin")
    (folder / "password").chmod(0o644)
    server.run("initdb", "-D", "data", "-U", "postgres", "-A", "scram-sha-256", "--pwfile=password", "--no-sync")
    options = f"-p {server.env['PGPORT']} -c listen_addresses= -c fsync=off -k {folder}"
    subprocess.run(
        ["pg_ctl", "-D", "data", "-o", options, "-l", "log", "-w", "start"],
        check=True,
        user=user,
        cwd=folder,
        env=server.env,
        stdout=subprocess.DEVNULL,
    )
    admin = {"PGUSER": "postgres", "PGDATABASE": "postgres", "PGPASSWORD": "admin", "KOTAEMON_PASSWORD": PASSWORD}
    server.run("psql", "-Xqw", "-v", "ON_ERROR_STOP=1", "-f", "init.sql", **admin)
    yield server
    server.run("pg_ctl", "-D", "data", "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    """The server with one table, and an empty folder for dumps."""
    running.sql("CREATE TABLE notes (id int PRIMARY KEY, said text); INSERT INTO notes VALUES (1, 'first')")
    assert running.script("folder").returncode == 0
    yield running
    running.sql("DROP OWNED BY CURRENT_USER")
    shutil.rmtree(running.backups)


def backup(server: Server) -> str:
    """The name of the new dump. Names have seconds."""
    before = server.dumps()
    while server.run("date", "-u", "+kotaemon-%Y%m%dT%H%M%SZ.dump").stdout.strip() in before:
        time.sleep(0.05)
    done = server.script("backup")
    assert done.returncode == 0, done.stderr
    found = re.search(r"wrote (kotaemon-\d{8}T\d{6}Z\.dump), \d+ bytes\n", done.stdout)
    assert found, done.stdout
    return found[1]


def test_the_application_is_no_superuser_and_owns_its_database(server: Server) -> None:
    assert server.sql("SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = 'kotaemon'") == "f"
    assert server.sql("SELECT datdba::regrole FROM pg_database WHERE datname = 'kotaemon'") == "kotaemon"
    wrong = server.run("psql", "-Xw", "-c", "SELECT 1", check=False, PGPASSWORD="wrong")
    assert 'password authentication failed for user "kotaemon"' in wrong.stderr


def test_a_dump_brings_the_database_back_as_it_was(server: Server) -> None:
    name = backup(server)
    server.sql("UPDATE notes SET said = 'changed'; CREATE TABLE later (id int)")
    done = server.script("restore", "latest")
    assert (done.returncode, done.stdout) == (0, f"postgres-backup: restored {name}\n"), done.stderr
    assert server.sql("SELECT * FROM notes") == "1|first"
    assert server.sql("SELECT to_regclass('later') IS NULL") == "t"
    assert server.dumps() == [name]


def test_the_newest_stay(server: Server) -> None:
    names = [backup(server) for _ in range(3)]
    assert server.dumps() == names[1:]
    assert server.script("list").stdout.split() == names[1:]


def test_a_dump_is_for_its_owner_only(server: Server) -> None:
    assert (server.backups / backup(server)).stat().st_mode & 0o777 == 0o600
    assert server.backups.stat().st_mode & 0o777 == 0o770


def test_what_a_killed_run_left_goes_and_counts_as_nothing(server: Server) -> None:
    left = server.backups / "kotaemon-20200101T000000Z.dump.part"
    left.write_text("half")
    assert server.script("list").stdout == ""
    backup(server)
    assert not left.exists()


def test_a_failed_run_removes_nothing(server: Server) -> None:
    names = [backup(server), backup(server)]
    done = server.script("backup", PGPASSWORD="wrong")
    assert done.returncode != 0
    assert "password authentication failed" in done.stderr
    assert [name for name in server.dumps() if not name.endswith(".part")] == names


def test_a_dump_that_breaks_off_leaves_the_database_alone(server: Server) -> None:
    whole = server.backups / backup(server)
    broken = whole.with_name("kotaemon-20990101T000000Z.dump")
    broken.write_bytes(whole.read_bytes()[:-200])
    server.sql("UPDATE notes SET said = 'changed'")
    done = server.script("restore", "latest")
    assert done.returncode != 0
    assert server.sql("SELECT * FROM notes") == "1|changed"
    assert not list(server.backups.glob("*.part"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("restore",), "restore needs a file name or latest; there are: {dump}"),
        (("restore", "no"), "there is no dump 'no' in {folder}; there are: {dump}"),
        (("restore", "../init.sql"), "there is no dump '../init.sql' in {folder}; there are: {dump}"),
        (("drop",), "the commands are folder, backup, list and restore <file name|latest>"),
        ((), "the commands are folder, backup, list and restore <file name|latest>"),
    ],
)
def test_what_cannot_be_done(server: Server, arguments: tuple[str, ...], message: str) -> None:
    name = backup(server)
    done = server.script(*arguments)
    wanted = message.format(dump=name, folder=server.backups)
    assert (done.returncode, done.stderr) == (1, f"postgres-backup: {wanted}\n")


def test_a_claim_that_belongs_to_somebody_else(server: Server) -> None:
    done = server.script("folder", BACKUP_DIR="/proc/backup-database")
    owner = server.run("id", "-u").stdout.strip() + ":" + server.run("id", "-g").stdout.strip()
    assert done.returncode == 1
    assert done.stderr.endswith(
        f"postgres-backup: uid {owner.partition(':')[0]} cannot make the folder; make it on the claim, owned by "
        f"{owner}, mode 770\n"
    )
