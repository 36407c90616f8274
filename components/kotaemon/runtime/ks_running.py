"""What is going on in this process and has to be finished before it ends."""

import contextlib
import threading
import time
from collections.abc import Generator

SETTLE = 1.0
"""Seconds after the last step in which one more may follow: the quick upload goes on in a thread, batch after batch."""


class Running:
    """How many of one kind of work are going on."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = -SETTLE
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        with self._lock:
            return self._count or int(time.monotonic() - self._changed < SETTLE)

    @contextlib.contextmanager
    def one(self) -> Generator[None]:
        self._change(1)
        try:
            yield
        finally:
            self._change(-1)

    def _change(self, by: int) -> None:
        with self._lock:
            self._count += by
            self._changed = time.monotonic()


UPLOADS = Running()
"""Files that are being indexed."""
ANSWERS = Running()
"""Questions that are being answered."""


def busy() -> bool:
    """Whether there is anything to finish."""
    return UPLOADS.count > 0 or ANSWERS.count > 0
