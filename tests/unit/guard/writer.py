"""A process that writes as one pod does, one step at each line of its standard input.

Whoever holds the pipes decides how the steps of two writers interleave, so a race happens for sure or not at all.
Answers each step with one line: `ok`, a value, or `error: ...`.
"""

import json
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path


class Sqlite:
    """Kotaemon's database: rollback journal, deferred transactions, 5 s of waiting (ktem/db/engine.py:4)."""

    def __init__(self, folder: Path, who: str, query: str) -> None:
        self.who = who
        self.connection = sqlite3.connect(f"file:{folder / 'sql.db'}{query}", uri=True, isolation_level=None, timeout=5)
        self.connection.execute("CREATE TABLE IF NOT EXISTS turns (who, number)")

    def begin(self) -> None:
        self.connection.execute("BEGIN")
        self.connection.execute("SELECT count(*) FROM turns").fetchone()

    def insert(self, number: str) -> None:
        self.connection.execute("INSERT INTO turns VALUES (?, ?)", (self.who, int(number)))

    def commit(self) -> None:
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def hammer(self, count: str) -> str:
        """Save turns as fast as it goes; the numbers that were acknowledged."""
        saved: list[int] = []
        while len(saved) < int(count):
            try:
                self.begin()
                self.insert(str(len(saved)))
                self.commit()
                saved.append(len(saved))
            except sqlite3.OperationalError:
                self.rollback()
        return json.dumps(saved)


class Chroma:
    """As Chroma does: rows in SQLite, and an index in memory that is loaded at start and saved as a whole file."""

    def __init__(self, folder: Path, who: str, query: str) -> None:
        del who
        self.file = folder / "index.hnsw"
        self.connection = sqlite3.connect(f"file:{folder / 'chroma.sqlite3'}{query}", uri=True, timeout=5)
        self.connection.execute("CREATE TABLE IF NOT EXISTS embeddings (id)")
        self.index: list[str] = json.loads(self.file.read_text()) if self.file.exists() else []

    def add(self, vector: str) -> None:
        with self.connection:
            self.connection.execute("INSERT INTO embeddings VALUES (?)", (vector,))
        self.index.append(vector)

    def save(self) -> None:
        temporary = self.file.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(self.index))
        os.replace(temporary, self.file)

    def count(self) -> int:
        return self.connection.execute("SELECT count(*) FROM embeddings").fetchone()[0]

    def query(self, vector: str) -> str:
        return "found" if vector in self.index else "not found"


class Log:
    """A log file, opened once."""

    def __init__(self, folder: Path, who: str, kind: str) -> None:
        self.who = who
        self.append = kind == "append"
        flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if self.append else 0)
        self.fd = os.open(folder / "app.log", flags, 0o640)
        # An NFS client learns the size when it opens the file (close-to-open), and its WRITE names an offset.
        self.end = os.fstat(self.fd).st_size

    def line(self, number: str) -> None:
        data = f"{self.who} {number}\n".encode()
        if self.append:
            os.write(self.fd, data)
        else:
            self.end += os.pwrite(self.fd, data, self.end)

    def hammer(self, count: str) -> None:
        for number in range(int(count)):
            self.line(str(number))


class Lance:
    """Commits versions as LanceDB does: the next manifest is written aside, and put in place under its number."""

    def __init__(self, folder: Path, who: str, kind: str) -> None:
        self.folder, self.who = folder, who
        self.put: Callable[[Path, Path], object] = os.link if kind == "link" else os.replace
        self.latest()

    def latest(self) -> int:
        self.version = len(list(self.folder.glob("*.manifest")))
        return self.version

    def commit(self, rows: str) -> None:
        temporary = self.folder / f"tmp.{self.who}"
        temporary.unlink(missing_ok=True)
        temporary.write_text(f"{self.who} {rows}")
        self.put(temporary, self.folder / f"{self.version + 1}.manifest")


KINDS = {"sqlite": Sqlite, "chroma": Chroma, "log": Log, "lance": Lance}


def main(kind: str, folder: str, who: str, option: str = "") -> None:
    writer = KINDS[kind](Path(folder), who, option)
    print("ok", flush=True)
    for line in sys.stdin:
        step, *arguments = line.split()
        try:
            answer = getattr(writer, step)(*arguments)
        except (sqlite3.Error, OSError) as error:
            answer = f"error: {error}"
        print("ok" if answer is None else answer, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
