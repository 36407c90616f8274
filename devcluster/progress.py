"""What the user sees while the programs are built: a moving line on a terminal, plain lines elsewhere."""

import contextlib
import time
from collections.abc import Generator
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

PLAIN_SECONDS = 30
"""Time between two plain lines: a CI log shows that it goes on, without a line for each of 2000 packages."""


class Display(Protocol):
    """Follows one build: `begin` and `finish` for each program, `step` for everything in between."""

    def begin(self, program: str) -> None: ...
    def step(self, detail: str) -> None: ...
    def finish(self) -> None: ...


@contextlib.contextmanager
def display(console: Console, total: int) -> Generator[Display]:
    """A display of `total` programs that fits the console."""
    if not console.is_terminal:
        yield _Plain(console, total)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[detail]}"),
    )
    with Progress(*columns, console=console) as progress:
        yield _Terminal(progress, total)


class _Terminal:
    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("building the devcluster", total=total, detail="")

    def begin(self, program: str) -> None:
        self._progress.update(self._task, description=f"building {program}", detail="")

    def step(self, detail: str) -> None:
        self._progress.update(self._task, detail=detail)

    def finish(self) -> None:
        self._progress.update(self._task, advance=1, detail="")


class _Plain:
    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._number = 0
        self._program = ""
        self._began = self._said = 0.0

    def begin(self, program: str) -> None:
        self._number += 1
        self._program = program
        self._began = time.monotonic()
        self._say("building")

    def step(self, detail: str) -> None:
        if time.monotonic() - self._said > PLAIN_SECONDS:
            self._say(f"{self._elapsed()}, {detail}")

    def finish(self) -> None:
        self._say(f"built in {self._elapsed()}")

    def _elapsed(self) -> str:
        seconds = int(time.monotonic() - self._began)
        return f"{seconds // 60}m{seconds % 60:02d}s"

    def _say(self, text: str) -> None:
        self._said = time.monotonic()
        line = f"[{self._number}/{self._total}] {self._program}: {text}"
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
