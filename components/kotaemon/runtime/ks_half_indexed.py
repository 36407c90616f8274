"""Files of one collection whose indexing was interrupted: found, told, and cleaned where that is certain.

Such a file is in the list and counts as indexed, but has fewer vectors than texts, or neither. "Force reindex file"
mends it; a plain upload says that it is there already. Usually its row lacks the note that ends an indexing as well;
the quick upload of the chat writes that note before the vectors.
"""

import time
from collections import defaultdict
from typing import Any, NamedTuple

from ks_environment import say

PATIENCE = 3600
"""Seconds that a file may look half indexed before it is told: it may be in the works, here or in another pod."""


class File(NamedTuple):
    """One file that looks half indexed."""

    id: str
    name: str
    user: str
    path: str
    texts: list[str]
    """Ids of its chunks."""
    vectors: int
    noted: bool
    """Whether its row has the note that ends an indexing."""

    def __str__(self) -> str:
        return f"{self.name!r} of user {self.user} ({len(self.texts)} texts, {self.vectors} vectors)"


class Collection:
    """One collection of files, with the application's own stores and tables."""

    def __init__(self, name: str, resources: Any) -> None:
        self._name = name
        self._resources = resources
        self._seen: dict[str, float] = {}
        self.told: set[str] = set()

    def half_indexed(self) -> list[File]:
        """Files with fewer vectors than texts, and those with neither that never got their note."""
        from ktem.db.engine import engine  # pyright: ignore
        from sqlalchemy import select  # pyright: ignore
        from sqlalchemy.orm import Session  # pyright: ignore

        source, index = self._resources["Source"], self._resources["Index"]
        found: list[File] = []
        parts: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        with Session(engine) as session:  # pyright: ignore
            columns = index.source_id, index.relation_type, index.target_id
            for source_id, relation, target in session.execute(select(*columns)).all():  # pyright: ignore
                parts[source_id, relation].append(target)
            for (row,) in session.execute(select(source)).all():  # pyright: ignore
                noted = any(word in (row.note or {}) for word in ("tokens", "loader"))
                texts = parts[row.id, "document"]
                vectors = len(parts[row.id, "vector"])
                if vectors < len(texts) or not (texts or noted):
                    found.append(File(row.id, row.name, row.user, row.path, texts, vectors, noted))
        return found

    def at_start(self, alone: bool) -> None:
        """Before anybody uploads. `alone`: no other process writes, so a file without its note was interrupted."""
        for file in self.half_indexed():
            if alone and not file.noted:
                self._clean(file)
            elif alone:
                self._tell(file)

    def check(self, patience: float = PATIENCE) -> int:
        """How many are half indexed for longer than `patience` seconds; each is told once."""
        now = time.monotonic()
        files = self.half_indexed()
        self._seen = {file.id: self._seen.get(file.id, now) for file in files}
        old = [file for file in files if now - self._seen[file.id] >= patience]
        for file in old:
            self._tell(file)
        return len({file.id for file in old} | self.told & {file.id for file in files})

    def _tell(self, file: File) -> None:
        if file.id in self.told:
            return
        self.told.add(file.id)
        say(
            f"warning: {file} in {self._name!r} is half indexed and may be missing in answers; "
            'upload it again with "Force reindex file"'
        )

    def _clean(self, file: File) -> None:
        """Take the entry and its texts and vectors out, in that order of safety; the uploaded original stays."""
        from ktem.db.engine import engine  # pyright: ignore
        from sqlalchemy import delete  # pyright: ignore
        from sqlalchemy.orm import Session  # pyright: ignore

        source, index = self._resources["Source"], self._resources["Index"]
        if file.texts:
            self._resources["VectorStore"].delete(file.texts)
            self._resources["DocStore"].delete(file.texts)
        with Session(engine) as session:  # pyright: ignore
            session.execute(delete(index).where(index.source_id == file.id))  # pyright: ignore
            session.execute(delete(source).where(source.id == file.id))  # pyright: ignore
            session.commit()
        say(
            f"{file} in {self._name!r} was interrupted while it was indexed; its entry is removed, upload it again; "
            f"the uploaded file is kept: {self._resources['FileStoragePath']}/{file.path}"
        )
