"""How every converter talks: lines of progress, a refusal in one line, and exit codes.

Exit codes: 0 done or done before, 1 something was compared and differs, 78 (EX_CONFIG of sysexits.h) a person has to
act and trying again does not help. Everything else, a server that is away for example, may be tried again.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

DIFFERENT = 1
EX_CONFIG = 78
PROGRESS_SECONDS = 5.0


def say(message: str) -> None:
    """One line on the standard output, at once."""
    print(f"{Path(sys.argv[0]).stem}: {message}", flush=True)


class Refused(Exception):
    """A person has to act first. The message says what was found, what is allowed and what to do."""


class Different(Exception):
    """A comparison at the end found a difference. The message says where."""


class Progress:
    """Says how far it is, at most every five seconds."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._said = what, total, time.monotonic()

    def at(self, done: int) -> None:
        if time.monotonic() - self._said >= PROGRESS_SECONDS:
            self._said = time.monotonic()
            say(f"{done} of {self._total} {self._what}")


def run(main: Callable[[], None]) -> NoReturn:
    """Run a converter; its refusals and differences become one line on the standard error and an exit code."""
    try:
        main()
    except (Refused, Different) as error:
        print(f"{Path(sys.argv[0]).stem}: {error}", file=sys.stderr, flush=True)
        raise SystemExit(EX_CONFIG if isinstance(error, Refused) else DIFFERENT) from None
    raise SystemExit(0)
