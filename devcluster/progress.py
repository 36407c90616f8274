"""What the user sees while the programs are built: a moving line on a terminal, plain lines elsewhere."""

import contextlib
import os
import time
from collections.abc import Generator, Sequence
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

PLAIN_SECONDS = 30
"""Time between two plain lines: a CI log shows that it goes on, without a line for each of 2000 packages."""

LATE_SECONDS = 60
"""From how long after its expected end a program is called late."""


class Display(Protocol):
    """Follows one build: `begin` and `finish` for each program, `step` for everything in between.

    `skip` in their place for a program that somebody else has built meanwhile.
    """

    def begin(self, program: str) -> None: ...
    def step(self, detail: str) -> None: ...
    def finish(self) -> None: ...
    def skip(self, program: str) -> None: ...


@contextlib.contextmanager
def display(console: Console, work: Sequence[int]) -> Generator[Display]:
    """A display that fits the console. `work`: CPU seconds that each program takes, in order (recipe.Binary.work)."""
    if not console.is_terminal:
        yield _Plain(console, Estimate(work))
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("[dim]{task.fields[detail]}"),
    )
    with Progress(*columns, console=console) as progress:
        yield _Terminal(progress, Estimate(work))


class Estimate:
    """How long a build will still take, from how fast it has been so far."""

    def __init__(self, work: Sequence[int]) -> None:
        self.total = len(work)
        self.number = 0
        self._work = list(work)
        self._started = self._began = time.monotonic()

    def begin(self) -> None:
        """The next program."""
        self.number += 1
        self._began = time.monotonic()

    def skip(self) -> None:
        """The next program, which costs nothing."""
        self.begin()
        self._work[self.number - 1] = 0

    @property
    def elapsed(self) -> str:
        """Time since the present program began."""
        seconds = int(time.monotonic() - self._began)
        return f"{seconds // 60}m{seconds % 60:02d}s"

    @property
    def left(self) -> str:
        """The rest, in words. The first program is taken to use all processors; later ones to be as fast as it was.

        A program that takes longer is called late: the machine does other work, and nobody knows for how long.
        """
        done = sum(self._work[: self.number - 1])
        spent = self._began - self._started
        rate = done / spent if done and spent > 1 else float(os.cpu_count() or 1)
        present = self._work[self.number - 1] - rate * (time.monotonic() - self._began)
        if present < -LATE_SECONDS * rate:
            return "later than expected, because the machine is busy"
        present = max(0.0, present)
        minutes = (present + sum(self._work[self.number :])) / rate / 60
        return f"about {minutes:.0f} min left" if minutes >= 1 else "less than a minute left"


class _Terminal:
    def __init__(self, progress: Progress, estimate: Estimate) -> None:
        self._progress, self._estimate = progress, estimate
        self._task = progress.add_task("building the devcluster", total=estimate.total, detail="", left="")

    def begin(self, program: str) -> None:
        self._estimate.begin()
        self._progress.update(self._task, description=f"building {program}", detail="", left=self._estimate.left)

    def step(self, detail: str) -> None:
        self._progress.update(self._task, detail=detail, left=self._estimate.left)

    def finish(self) -> None:
        self._progress.update(self._task, advance=1, detail="")

    def skip(self, program: str) -> None:
        del program
        self._estimate.skip()
        self.finish()


class _Plain:
    def __init__(self, console: Console, estimate: Estimate) -> None:
        self._console, self._estimate = console, estimate
        self._program = ""
        self._said = 0.0

    def begin(self, program: str) -> None:
        self._program = program
        self._estimate.begin()
        self._say(f"building, {self._estimate.left}")

    def step(self, detail: str) -> None:
        if time.monotonic() - self._said > PLAIN_SECONDS:
            self._say(f"{self._estimate.elapsed}, {self._estimate.left}, {detail}")

    def finish(self) -> None:
        self._say(f"built in {self._estimate.elapsed}")

    def skip(self, program: str) -> None:
        self._program = program
        self._estimate.skip()
        self._say("built by another process")

    def _say(self, text: str) -> None:
        self._said = time.monotonic()
        line = f"[{self._estimate.number}/{self._estimate.total}] {self._program}: {text}"
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
