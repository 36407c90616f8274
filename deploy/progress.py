"""Shows what the engine does: lines and a moving one for people, one JSON object a line for CI."""

import json
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from rich.console import Console
from rich.status import Status

from deploy.events import VERBS, Note, Object


class Display(Protocol):
    """Where notes go. Use it as a `with` block."""

    def tell(self, note: Note) -> None:
        """Show one note."""
        ...

    def busy(self, objects: list[tuple[Object, float]]) -> None:
        """What is in work, and since when (monotonic seconds)."""
        ...

    def __enter__(self) -> "Display": ...

    def __exit__(self, *_: object) -> None: ...


class Lines:
    """For people. On a terminal the last line moves: what is in work, why it waits, for how long."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._why: dict[str, str] = {}

    def __enter__(self) -> "Lines":
        if self._console.is_terminal:
            self._status = self._console.status("asking the cluster what is there ...")
            self._status.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()
            self._status = None

    def tell(self, note: Note) -> None:
        """One line for what is done, failed, waited for or said; what only starts is in the moving line."""
        what = f"{note.get('kind')} {note.get('name')}"
        match note["event"]:
            case "done":
                took = f" ({note['seconds']:.0f} s)" if note["seconds"] >= 2 else ""
                self._print(f"{VERBS[note['operation']]} {what}{took}")
            case "failed":
                self._print(f"failed: {what}")
            case "waits":
                self._why[what] = note["why"]
                if not self._status:
                    self._print(f"  {what} waits: {note['why']}")
            case "warning":
                self._print(f"warning: {note['message']}")
            case "said":
                self._print(note["message"])
            case _:
                pass

    def busy(self, objects: list[tuple[Object, float]]) -> None:
        """Renew the moving line."""
        if not self._status:
            return
        if not objects:
            self._status.update("comparing ...")
            return
        about, since = objects[0]
        why = self._why.get(str(about), "")
        more = f", and {len(objects) - 1} more" if len(objects) > 1 else ""
        line = f"{about}{': ' + why if why else ''} ({time.monotonic() - since:.0f} s){more}"
        self._status.update(line[: max(20, self._console.width - 4)])

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class Json:
    """For CI: one JSON object a line on standard output, as `deploy.events.Listener` describes them."""

    def __init__(self, write: Callable[[str], Any] | None = None) -> None:
        self._write = write or _at_once

    def __enter__(self) -> "Json":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def tell(self, note: Note) -> None:
        """One line."""
        self._write(json.dumps(note, sort_keys=True) + "\n")

    def busy(self, objects: list[tuple[Object, float]]) -> None:
        """Nothing: `started` and `waits` have said it."""


def _at_once(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
