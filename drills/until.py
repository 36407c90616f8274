"""Waiting for something that has a limit."""

import time
from collections.abc import Callable

_POLL = 0.2


def within(limit_seconds: float, done: Callable[[], bool], what: str) -> float:
    """Wait until it is done; the seconds that it took. Raises TimeoutError with `what` after the limit."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > limit_seconds:
            raise TimeoutError(f"not within {limit_seconds:.0f} s: {what}")
        time.sleep(_POLL)
    return time.monotonic() - began
