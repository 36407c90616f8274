"""A vector store that is away costs seconds, and whoever asked is told.

Upstream waits for the store's own limits (142 s with Milvus), or answers from full-text search alone without a word
(kotaemon/indices/vectorindex.py, query_vectorstore). Here a search gets a bound; when it fails, the answer comes from
full-text search and says so, and the failures are counted.

Milvus refuses a row whose metadata is longer than 65536 bytes, and every page of a PDF is a row that holds its picture:
44 KB for a page of plain text, stored twice. So long values are left out there. Nobody misses them: whatever is found
is read from the document store by its id (kotaemon/indices/vectorindex.py, VectorRetrieval).
"""

import copy
import functools
import threading
from typing import Any

from ks_environment import number, say

NOTICE = (
    "\n\n*(The vector store did not answer: this comes from full-text search alone and may be incomplete. "
    "Ask again in a while.)*"
)
WAIT_SECONDS = 20
LONGEST = 4096
"""Characters of one value of a row's metadata in Milvus; names, page numbers and ids are far shorter."""


class Failures:
    """How many searches failed since the start of this process."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def add(self, why: str) -> None:
        with self._lock:
            self.count += 1
        say(f"warning: the vector store did not answer: {why}")


FAILURES = Failures()


def within(seconds: float, work: Any) -> Any:
    """The result of a call, or TimeoutError. What hangs is left behind: it ends by its own limits."""
    done: list[Any] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="vector-search", daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not done:
        raise TimeoutError(f"no answer within {seconds:.0f} s")
    return done[0]


def bound_searches(store: Any) -> None:
    """Bound the searches of a vector store's class, once."""
    kind = type(store)
    search = getattr(kind, "query", None)
    if search is None or hasattr(search, "bounded"):
        return
    seconds = number("KS_VECTOR_SECONDS", WAIT_SECONDS)

    @functools.wraps(search)
    def query(self: Any, *values: Any, **named: Any) -> Any:
        try:
            return within(seconds, lambda: search(self, *values, **named))
        except Exception as error:  # each store has its own
            FAILURES.add(f"{type(error).__name__}: {error}"[:300])
            return [], [], []

    query.bounded = True  # pyright: ignore
    kind.query = query


def short(row: Any) -> Any:
    """The row without the long values of its metadata. The document that it was made from keeps them."""
    metadata = getattr(row, "metadata", None)
    if not metadata or all(len(str(value)) <= LONGEST for value in metadata.values()):
        return row
    made = copy.copy(row)
    made.metadata = {name: value for name, value in metadata.items() if len(str(value)) <= LONGEST}
    return made


def shorten_rows(store: Any) -> None:
    """Leave long metadata out of what Milvus is given, once for its class."""
    kind = type(store)
    add = getattr(kind, "add", None)
    if kind.__name__ != "MilvusVectorStore" or add is None or hasattr(add, "shortened"):
        return

    @functools.wraps(add)
    def shortened(self: Any, embeddings: Any, *values: Any, **named: Any) -> Any:
        return add(self, [short(row) for row in embeddings], *values, **named)

    shortened.shortened = True  # pyright: ignore
    kind.add = shortened
