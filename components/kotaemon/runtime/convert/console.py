"""How every converter talks: lines of progress, a refusal in one line, and exit codes.

Exit codes: 0 done or done before, 1 something was compared and differs, 75 (EX_TEMPFAIL of sysexits.h) a store or a
disk failed and trying again may help, 78 (EX_CONFIG) a person has to act and trying again does not help.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NoReturn, TypeVar

Row = TypeVar("Row")

DIFFERENT = 1
EX_TEMPFAIL = 75
EX_CONFIG = 78
PROGRESS_SECONDS = 5.0
STORES = ("sqlalchemy", "psycopg2", "pymilvus", "qdrant_client", "grpc", "httpx")
"""Libraries whose exceptions say that a store failed; any other exception is a mistake of ours, with its traceback."""


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


def in_batches(rows: Iterable[Row], size: int, progress: Progress) -> Iterator[list[Row]]:
    """The rows in lists of `size`; says after each how far it is."""
    batch, done = list[Row](), 0
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            done, batch = done + len(batch), []
            progress.at(done)
    if batch:
        yield batch


def in_order(steps: Iterable[list[str]]) -> None:
    """Run other converters of this folder, one after the other. Raises SystemExit with the code of one that fails."""
    for script, *options in steps:
        say(" ".join([script, *options]))
        done = subprocess.run([sys.executable, str(Path(__file__).with_name(script)), *options], check=False)
        if done.returncode:
            say(f"{script} ended with {done.returncode}; the steps before it are done, and the source is as it was")
            raise SystemExit(done.returncode)


def run(main: Callable[[], None]) -> NoReturn:
    """Run a converter; what it refuses or finds, and a store that fails, become one line and an exit code."""
    try:
        main()
    except Refused as error:
        end(str(error), EX_CONFIG)
    except Different as error:
        end(str(error), DIFFERENT)
    except Exception as error:
        if not isinstance(error, OSError) and type(error).__module__.partition(".")[0] not in STORES:
            raise
        lines = str(error).strip().splitlines() or [""]
        end(f"{type(error).__name__}: {lines[0]}", EX_TEMPFAIL)
    raise SystemExit(0)


def end(message: str, code: int) -> NoReturn:
    print(f"{Path(sys.argv[0]).stem}: {message}", file=sys.stderr, flush=True)
    raise SystemExit(code)
