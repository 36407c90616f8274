"""An image that stands for the official one of PostgreSQL, made of this machine's own server under the image's name.

Its entry point does what the bundled store uses of docker-library/postgres, docker-entrypoint.sh: a database with a
password and the files of /docker-entrypoint-initdb.d on an empty disk, then the server with the arguments of the pod.
"""

import os
import shutil
from pathlib import Path

import pytest

from components.pod.names import PYTHON
from devcluster.real import images

INSTALLED = Path("/usr/lib/postgresql")
ENTRYPOINT = """#!/bin/sh
set -e
PATH=%s/bin:$PATH
umask 077
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    printf %%s "$POSTGRES_PASSWORD" > /tmp/password
    initdb -D "$PGDATA" --encoding=UTF8 -U "$POSTGRES_USER" --pwfile=/tmp/password $POSTGRES_INITDB_ARGS
    rm /tmp/password
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    postgres -D "$PGDATA" -c listen_addresses= &
    server=$!
    until psql -U "$POSTGRES_USER" -d postgres -c "SELECT 1" > /dev/null 2>&1; do sleep 0.2; done
    for file in /docker-entrypoint-initdb.d/*.sql; do
        psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres -f "$file"
    done
    kill -INT $server
    wait $server
fi
exec postgres -D "$PGDATA" -c "listen_addresses=*" "$@"
"""


def version() -> str:
    """The newest major version of this machine. Skips where there is none."""
    there = [path.name for path in INSTALLED.glob("*") if (path / "bin/postgres").exists()]
    if not there:
        pytest.skip(f"NOT RUN: no PostgreSQL in {INSTALLED}; Debian's package postgresql brings it")
    return max(there, key=int)


def made(folder: Path) -> Path:
    """The archive of the image, in a folder."""
    major, tree = version(), folder / "postgres"
    # The server looks for its libraries from where it lies, so its programs lie where they lie here.
    for part in (
        f"lib/postgresql/{major}/bin",
        f"lib/postgresql/{major}/lib",
        f"share/postgresql/{major}",
        "share/zoneinfo",
    ):
        shutil.copytree(f"/usr/{part}", tree / part, symlinks=False)
    entry = tree / "local/bin/docker-entrypoint.sh"
    entry.parent.mkdir(parents=True)
    entry.write_text(ENTRYPOINT % (INSTALLED / major))
    os.chmod(entry, 0o755)
    programs = [INSTALLED / major / "bin" / name for name in ("postgres", "initdb", "psql", "pg_isready")]
    at = "/usr/local/bin/docker-entrypoint.sh"
    return images.application(folder / "postgres.tar", tree, PYTHON, at="/usr", programs=programs, entrypoint=at)
