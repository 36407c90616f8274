"""Waits until the stores accept connections: the application contacts them while it is imported and dies without.

An init container of the scaled profile. PostgreSQL is waited for by launch.py's start lock.
"""

import os
import socket
import sys
import time
from urllib.parse import urlsplit

from ks_environment import EX_TEMPFAIL, need, number, refuse

PORTS = {"QDRANT_URL": 6333, "MILVUS_URI": 19530, "ELASTICSEARCH_URL": 9200}


def address(variable: str) -> tuple[str, int]:
    """Host and port of a store's URL."""
    url = urlsplit(need(variable))
    if not url.hostname:
        refuse(f"{variable} has no host; it must look like http://host:{PORTS[variable]}")
    return url.hostname, url.port or PORTS[variable]


def wait(variable: str, deadline: float) -> None:
    host, port = address(variable)
    told = ""
    while True:
        try:
            socket.create_connection((host, port), timeout=5).close()
            print(f"wait: {host}:{port} ({variable}) answers", flush=True)
            return
        except OSError as error:
            reason = error.strerror or str(error)
        if time.monotonic() > deadline:
            print(f"wait: {host}:{port} ({variable}) does not answer: {reason}", file=sys.stderr, flush=True)
            raise SystemExit(EX_TEMPFAIL)
        if reason != told:
            print(f"wait: {host}:{port} ({variable}): {reason}", flush=True)
            told = reason
        time.sleep(1)


def main() -> None:
    deadline = time.monotonic() + number("KS_LOCK_WAIT_SECONDS", 900)
    for variable in PORTS:
        if os.environ.get(variable):
            wait(variable, deadline)


if __name__ == "__main__":
    main()
