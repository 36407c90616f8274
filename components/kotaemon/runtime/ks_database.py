"""A PostgreSQL server may go away and come back: connections end in time, and a stale one is never handed out.

The application makes its engine with nothing but a URL (ktem/db/engine.py), so the limits are in the URL and the check
is on every pool.
"""

from typing import Any

LIMITS = {
    "connect_timeout": "10",
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",  # milliseconds
}
"""libpq's, in seconds unless said. A lost node is noticed after half a minute, not after the kernel's 15 minutes."""


def with_limits(url: str) -> str:
    """The URL with the limits that it does not name itself."""
    base, found, query = url.partition("?")
    named = {part.partition("=")[0] for part in query.split("&")}
    missing = [f"{name}={value}" for name, value in LIMITS.items() if name not in named]
    return base + (found or "?") + "&".join(filter(None, [query, *missing]))


def check_before_use() -> None:
    """Ask every connection something before it is handed out; a stale one makes the pool drop all of its age.

    After a restart of the server the first question of each pod failed otherwise.
    """
    from sqlalchemy import event, exc, pool  # pyright: ignore

    def ping(connection: Any, _record: Any, _proxy: Any) -> None:
        try:
            cursor = connection.cursor()
            try:
                cursor.execute("SELECT 1")
            finally:
                cursor.close()
            connection.rollback()
        except Exception as error:  # psycopg2's own classes; whatever it is, it is not usable
            raise exc.InvalidatePoolError from error  # pyright: ignore

    event.listen(pool.Pool, "checkout", ping)  # pyright: ignore
