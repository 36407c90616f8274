"""Copies every collection of Qdrant into a folder of the shared files, and back.

    folder                          make the folder (an init container: it sees the whole claim)
    backup                          a new copy; older ones than the newest KEEP go
    list                            the copies that are there
    restore <copy|latest> [name]    every collection of the copy, or the named one, as it was then

One folder a copy, one snapshot a collection (https://qdrant.tech/documentation/concepts/snapshots/). It needs nothing
but Python's own library: it runs in the application's image.
"""

import datetime
import hashlib
import http.client
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

SNAPSHOT_SECONDS = 3600
"""Limit for one answer: a large collection is packed before the answer comes."""
CHUNK = 1 << 20
COPY = re.compile(r"[0-9]{8}T[0-9]{6}Z")
BOUNDARY = "kotaemon-qdrant-backup"


def say(message: str) -> None:
    print(f"qdrant-backup: {message}", flush=True)


def fail(message: str) -> NoReturn:
    print(f"qdrant-backup: {message}", file=sys.stderr, flush=True)
    raise SystemExit(1)


class Qdrant:
    """The few calls that are needed, on one connection each."""

    def __init__(self, url: str, api_key: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            fail(f"QDRANT_URL is {url!r}; it must look like http://qdrant:6333")
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host, self._port = parts.hostname, parts.port or 6333
        self._headers = {"api-key": api_key}

    def send(
        self, method: str, path: str, body: Iterator[bytes] | None = None, **headers: str
    ) -> http.client.HTTPResponse:
        """The answer, not yet read. Anything but success ends the program: a copy is whole or is none."""
        connection = self._kind(self._host, self._port, timeout=SNAPSHOT_SECONDS)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, {**self._headers, **named})
            answer = connection.getresponse()
        except OSError as error:
            fail(f"{self._host}:{self._port} does not answer: {error.strerror or error}")
        if answer.status >= 300:
            fail(f"{method} {path}: {answer.status} {answer.read(500).decode(errors='replace')}")
        return answer

    def result(self, method: str, path: str) -> Any:
        return json.load(self.send(method, path))["result"]

    def collections(self) -> list[str]:
        return sorted(found["name"] for found in self.result("GET", "/collections")["collections"])


def snapshots(collection: str, name: str = "") -> str:
    return f"/collections/{quote(collection, safe='')}/snapshots" + (f"/{quote(name, safe='')}" if name else "")


def copies(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir() if COPY.fullmatch(found.name))


def backup(server: Qdrant, folder: Path, keep: int) -> None:
    for left in folder.glob("*.part"):  # what a killed run has left
        shutil.rmtree(left)
    name = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    part = folder / f"{name}.part"
    part.mkdir(mode=0o700)  # its texts are the users' documents
    collections = server.collections()
    for collection in collections:
        save(server, collection, part / f"{quote(collection, safe='')}.snapshot")
    part.rename(folder / name)
    say(f"wrote {name}, {len(collections)} collections")
    for old in copies(folder)[:-keep]:
        shutil.rmtree(folder / old)
        say(f"removed {old}, keeping {keep}")


def save(server: Qdrant, collection: str, target: Path) -> None:
    before = server.result("GET", snapshots(collection))
    if before:
        say(f"warning: {collection} has {len(before)} older snapshots on the server's disk; nobody removes them")
    made = server.result("POST", snapshots(collection) + "?wait=true")
    try:
        digest = hashlib.sha256()
        answer = server.send("GET", snapshots(collection, made["name"]))
        with target.open("xb") as file:
            while chunk := answer.read(CHUNK):
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if made.get("checksum") not in (None, digest.hexdigest()):
            fail(f"{collection}: what arrived is not what the server has packed (sha256 differs)")
    finally:
        server.result("DELETE", snapshots(collection, made["name"]) + "?wait=true")
    say(f"{collection}: {target.stat().st_size} bytes")


def restore(server: Qdrant, folder: Path, wanted: str, only: str) -> None:
    there = copies(folder)
    name = there[-1] if wanted == "latest" and there else wanted
    if name not in there:
        fail(f"there is no copy {wanted!r} in {folder}; there are: {' '.join(there) or 'none'}")
    files = sorted((folder / name).glob(f"{quote(only, safe='')}.snapshot" if only else "*.snapshot"))
    if only and not files:
        fail(f"the copy {name} has no collection {only!r}")
    for file in files:
        # priority=snapshot: what the server has now does not win over the copy.
        server.send(
            "POST",
            f"/collections/{file.stem}/snapshots/upload?wait=true&priority=snapshot",
            upload(file),
            Content_Type=f"multipart/form-data; boundary={BOUNDARY}",
            Content_Length=str(file.stat().st_size + len(HEAD) + len(TAIL)),
        ).read()
        say(f"restored {file.stem} of {name}")


HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="snapshot"; filename="restored.snapshot"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n"
).encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()


def upload(path: Path) -> Iterator[bytes]:
    """The request's body in pieces: a snapshot does not fit into memory."""
    yield HEAD
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
    yield TAIL


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o770, exist_ok=True)
    except OSError as error:
        owner = f"{os.getuid()}:{os.getgid()}"
        fail(f"the folder cannot be made: {error.strerror}; make it on the claim, owned by {owner}, mode 770")


def main(command: str = "", argument: str = "", collection: str = "") -> None:
    folder = Path(os.environ["BACKUP_DIR"])
    if command == "folder":
        make_folder(folder)
    elif command == "list":
        print("\n".join(copies(folder)))
    elif command == "backup":
        backup(Qdrant(os.environ["QDRANT_URL"], os.environ["QDRANT_API_KEY"]), folder, int(os.environ["KEEP"]))
    elif command == "restore" and argument:
        restore(Qdrant(os.environ["QDRANT_URL"], os.environ["QDRANT_API_KEY"]), folder, argument, collection)
    else:
        fail("the commands are folder, backup, list and restore <copy|latest> [collection]")


if __name__ == "__main__":
    os.umask(0o007)
    main(*sys.argv[1:4])
