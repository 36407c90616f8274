"""Waits until the stores accept connections: the application contacts them while it is imported and dies without.

An init container of the scaled profile. PostgreSQL is waited for by launch.py's start lock.
"""

import os
import socket
import time
from urllib.parse import urlsplit

from ks_environment import EX_CONFIG, EX_TEMPFAIL, need, number

PORTS = {"QDRANT_URL": 6333, "MILVUS_URI": 19530, "ELASTICSEARCH_URL": 9200}


def say(message: str) -> None:
    print(f"wait: {message}", flush=True)


def address(variable: str) -> tuple[str, int]:
    """Host and port of a store's URL."""
    url = urlsplit(need(variable))
    if not url.hostname:
        say(f"{variable} has no host; it must look like http://host:{PORTS[variable]}")
        raise SystemExit(EX_CONFIG)
    return url.hostname, url.port or PORTS[variable]


def wait(variable: str, deadline: float) -> None:
    host, port = address(variable)
    told = ""
    while True:
        try:
            socket.create_connection((host, port), timeout=5).close()
            say(f"{host}:{port} ({variable}) answers")
            return
        except OSError as error:
            reason = error.strerror or str(error)
        if time.monotonic() > deadline:
            say(f"{host}:{port} ({variable}) does not answer: {reason}")
            raise SystemExit(EX_TEMPFAIL)
        if reason != told:
            say(f"{host}:{port} ({variable}): {reason}")
            told = reason
        time.sleep(1)


def main() -> None:
    deadline = time.monotonic() + number("KS_LOCK_WAIT_SECONDS", 900)
    for variable in PORTS:
        if os.environ.get(variable):
            wait(variable, deadline)


if __name__ == "__main__":
    main()
