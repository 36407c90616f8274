"""Waiting for something that has a limit."""

import time
from collections.abc import Callable

_POLL = 0.2


def within(limit_seconds: float, done: Callable[[], bool], what: str) -> float:
    """Wait until it is done; the seconds that it took. Raises TimeoutError with `what` after the limit."""
    began = time.monotonic()
    if not reached(limit_seconds, done):
        raise TimeoutError(f"not within {limit_seconds:.0f} s: {what}")
    return time.monotonic() - began


def reached(limit_seconds: float, done: Callable[[], bool]) -> bool:
    """Wait until it is done, at most so long; whether it is."""
    deadline = time.monotonic() + limit_seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True
