"""A vector store that is away costs seconds, and whoever asked is told.

Upstream waits for the store's own limits (142 s with Milvus), or answers from full-text search alone without a word
(kotaemon/indices/vectorindex.py, query_vectorstore). Here a search gets a bound; when it fails, the answer comes from
full-text search and says so, and the failures are counted.
"""

import functools
import threading
from typing import Any

from ks_environment import number, say

NOTICE = (
    "\n\n*(The vector store did not answer: this comes from full-text search alone and may be incomplete. "
    "Ask again in a while.)*"
)
WAIT_SECONDS = 20


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
