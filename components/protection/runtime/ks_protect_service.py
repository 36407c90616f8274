"""Writes the connection to the database as libpq's service file, so that no password is on a command line.

https://www.postgresql.org/docs/current/libpq-pgservice.html
"""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from ks_protect_words import REFUSED, end, need

SCHEMES = ("postgres", "postgresql", "postgresql+psycopg2")
OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "application_name")
"""Parameters of the URL that libpq reads as well."""


def service(url: str) -> str:
    """The service file for a URL as the application takes it. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname or not parts.path.strip("/"):
        raise ValueError(
            f"the database's URL must be like postgresql://USER@HOST:5432/DATABASE, with a password, not {parts.scheme}://"
        )
    found = {
        "host": parts.hostname,
        "port": str(parts.port or 5432),
        "dbname": unquote(parts.path.strip("/")),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        **{key: value for key, value in parse_qsl(parts.query) if key in OPTIONS},
    }
    if any("\n" in value for value in found.values()):
        raise ValueError("the database's URL holds a line break")
    return "[kotaemon]\n" + "".join(f"{key}={value}\n" for key, value in found.items() if value)


if __name__ == "__main__":
    os.umask(0o077)
    try:
        Path(need("KS_SERVICE_FILE")).write_text(service(need("KOTAEMON_DATABASE")))
    except ValueError as error:
        end(str(error), REFUSED)
