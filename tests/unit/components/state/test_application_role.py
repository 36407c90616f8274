"""application-role.sql against a real PostgreSQL, as a master user that is no superuser; and the Job around it."""

import base64
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from components.pod.certificates import FOLDER
from components.state.application_role import SQL, USER, role_password
from components.state.rds import RdsDatabase, check
from plan import collect, stack_file
from plan.recorder import Run
from tests.unit.components.state.test_certificates import BUNDLE
from tests.unit.components.state.test_postgres_backup import RUNTIME, Server, running  # noqa: F401 a fixture
from tests.unit.components.state.test_rds import INSTANCE, Provider, arguments

ADMIN = {"PGUSER": "postgres", "PGPASSWORD": "admin"}
PASSWORD = 'it\'s "another" one'


@pytest.fixture
def master(running: Server) -> Iterator[Server]:  # noqa: F811
    """The user `kotaemon` as RDS has its master: no superuser, but one who makes roles and databases. Its tables are
    there already, as those of a living stack."""
    shutil.copy(RUNTIME / SQL, running.folder / SQL)
    running.sql("ALTER ROLE kotaemon CREATEROLE CREATEDB", **ADMIN)
    running.sql(
        "CREATE TYPE mood AS ENUM ('good'); CREATE TABLE users (id serial PRIMARY KEY, feels mood);"
        "INSERT INTO users (feels) VALUES ('good'); CREATE VIEW everybody AS SELECT * FROM users"
    )
    yield running
    running.sql("ALTER DATABASE kotaemon OWNER TO kotaemon; ALTER ROLE kotaemon NOCREATEROLE NOCREATEDB", **ADMIN)
    running.sql(f"DROP OWNED BY {USER} CASCADE; DROP ROLE {USER}", **ADMIN)


def make(server: Server, password: str = PASSWORD) -> None:
    command = ["psql", "-Xqw", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-f", SQL]
    done = server.run(*command, check=False, ROLE_PASSWORD=password)
    assert done.returncode == 0, done.stderr


def application(password: str = PASSWORD) -> dict[str, str]:
    return {"PGUSER": USER, "PGPASSWORD": password}


def test_the_role_owns_what_a_living_stack_has_and_makes_more(master: Server) -> None:
    make(master)
    make(master)  # any number of times
    master.sql("INSERT INTO users (feels) VALUES ('good')", **application())
    assert master.sql("SELECT count(*) FROM everybody", **application()) == "2"
    master.sql("ALTER TABLE users ADD note text; ALTER TYPE mood ADD VALUE 'bad'", **application())
    master.sql("CREATE TABLE more (id serial); INSERT INTO more DEFAULT VALUES", **application())
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    assert master.sql(owners) == USER


def test_the_role_can_do_nothing_else(master: Server) -> None:
    make(master)
    rights = f"SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication FROM pg_roles WHERE rolname = '{USER}'"
    assert master.sql(rights) == "f"
    for statement in ("CREATE ROLE other", "CREATE DATABASE other", "ALTER ROLE kotaemon PASSWORD 'mine'"):
        done = master.run("psql", "-XAtwc", statement, check=False, **application())
        assert done.returncode != 0, statement
        assert "permission denied" in done.stderr or "must" in done.stderr
    member = f"SELECT pg_has_role('{USER}', 'kotaemon', 'MEMBER')"
    assert master.sql(member) == "f"


def test_pods_of_before_work_on_until_they_are_replaced(master: Server) -> None:
    make(master)
    master.sql("INSERT INTO users (feels) VALUES ('good')")
    assert master.sql("SELECT count(*) FROM users") == "2"


def test_another_password_is_taken_over(master: Server) -> None:
    make(master)
    make(master, "new")
    assert master.sql("SELECT CURRENT_USER", **application("new")) == USER
    assert master.run("psql", "-XAtwc", "SELECT 1", check=False, **application()).returncode != 0


def made(pulumi_run: Callable[..., Run], **changes: Any) -> Run:
    return pulumi_run(lambda: RdsDatabase("database", arguments(**changes)) and None, resources=Provider())


def test_the_url_logs_in_as_the_role_and_the_job_as_the_master_user(pulumi_run: Callable[..., Run]) -> None:
    run = made(pulumi_run, application_role=True, ca_bundle=BUNDLE)
    password = run.one(INSTANCE).inputs["password"]
    secrets = {r.name: r for r in run.registrations if r.type == "kubernetes:core/v1:Secret"}
    url = base64.b64decode(secrets["database-url"].inputs["data"]["url"]).decode()
    assert url.startswith(f"postgresql://{USER}:{role_password(password)}@kotaemon.abc.")
    assert password not in url
    told = {k: base64.b64decode(v).decode() for k, v in secrets["database-role"].inputs["data"].items()}
    assert told == {"master": password, "role": role_password(password)}
    assert "data" in secrets["database-role"].secret_keys
    pod = run.one("kubernetes:batch/v1:Job").inputs["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    env = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert (env["PGUSER"], env["PGDATABASE"], env["PGSSLMODE"]) == ("kotaemon", "kotaemon", "verify-full")
    assert [m for m in container["volumeMounts"] if m["mountPath"] == FOLDER]
    assert password not in str(run.one("kubernetes:batch/v1:Job").inputs)


def test_without_the_key_there_is_no_job(pulumi_run: Callable[..., Run]) -> None:
    run = made(pulumi_run)
    assert not [r for r in run.registrations if r.type.endswith(":Job") or r.name.endswith("-role")]


def test_a_kept_secret_and_a_role_do_not_go_together() -> None:
    (found,) = check("database", arguments(application_role=True, kept_secret=True))
    assert found.startswith("application_role: not together with a Secret that was kept")


def test_the_passwords_differ_and_say_nothing_of_each_other() -> None:
    one, other = role_password("a" * 43), role_password("a" * 42 + "b")
    assert one != other
    assert len(one) == 43
    assert "a" * 5 not in one


def test_the_url_of_a_stack_waits_for_the_role(tmp_path: Path) -> None:
    text = (stack_file.ROOT / "Pulumi.aws-scaled.yaml").read_text()
    path = tmp_path / "Pulumi.role.yaml"
    path.write_text(
        text.replace("      identifier: kotaemon", "      identifier: kotaemon\n      applicationRole: true")
    )
    run = collect.preview(stack_file.read_path(path))
    jobs = [r for r in run.registrations if r.type == "kubernetes:batch/v1:Job" and r.name.endswith("-role-job")]
    assert [job.name for job in jobs] == ["kotaemon-database-role-job"]
    url = next(r for r in run.registrations if r.name == "kotaemon-database-url")
    assert jobs[0].urn in url.depends_on
