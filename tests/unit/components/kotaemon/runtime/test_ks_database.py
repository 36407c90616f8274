"""ks_database.py: limits in the URL, and connections that are asked before they are used (the real SQLAlchemy)."""

import sqlite3
from typing import Any

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import runtime_module

sqlalchemy = pytest.importorskip("sqlalchemy", reason="sqlalchemy is not installed here; not run")
LIMITS = "connect_timeout=10&keepalives_idle=15&keepalives_interval=5&keepalives_count=3&tcp_user_timeout=15000"


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("postgresql+psycopg2://u:p@db/k", f"postgresql+psycopg2://u:p@db/k?{LIMITS}"),
        ("postgresql+psycopg2://u:p@db/k?sslmode=require", f"postgresql+psycopg2://u:p@db/k?sslmode=require&{LIMITS}"),
        (
            "postgresql+psycopg2://u:p@db/k?connect_timeout=3",
            f"postgresql+psycopg2://u:p@db/k?connect_timeout=3&{LIMITS.removeprefix('connect_timeout=10&')}",
        ),
    ],
    ids=["no query", "query", "own limit"],
)
def test_the_url_gets_the_limits_that_it_does_not_name(url: str, wanted: str) -> None:
    assert runtime_module("ks_database").with_limits(url) == wanted


class Server:
    """Connections that a restart makes stale: they are open here and dead there."""

    def __init__(self) -> None:
        self.age = 0
        self.connected = 0

    def connect(self) -> Any:
        self.connected += 1
        age, server = self.age, self

        class Connection(sqlite3.Connection):
            def cursor(self, *arguments: Any) -> Any:
                if age != server.age:
                    raise sqlite3.OperationalError("server closed the connection unexpectedly")
                return super().cursor(*arguments)

        return sqlite3.connect(":memory:", factory=Connection, check_same_thread=False)


def test_a_restart_of_the_server_is_not_seen_by_the_next_question() -> None:
    database = runtime_module("ks_database")
    listen = sqlalchemy.event.listen
    added: list[Any] = []
    sqlalchemy.event.listen = lambda *arguments: (added.append(arguments), listen(*arguments))
    try:
        database.check_before_use()
    finally:
        sqlalchemy.event.listen = listen
    server = Server()
    try:
        engine = sqlalchemy.create_engine(
            "sqlite://", creator=server.connect, poolclass=sqlalchemy.pool.QueuePool, pool_size=3
        )
        held = [engine.connect() for _ in range(3)]
        for connection in held:
            connection.close()
        assert server.connected == 3
        server.age += 1
        with engine.connect() as connection:
            assert connection.execute(sqlalchemy.text("SELECT 1")).scalar() == 1
        assert server.connected == 4, "one that is fresh, and the stale ones are not tried one after the other"
    finally:
        for arguments in added:
            sqlalchemy.event.remove(*arguments)
