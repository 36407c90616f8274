"""The archiver's numbers over all its runs, in Prometheus's text format: a file beside the folders of the pods' logs.

The application's pods read it there and say it with their own numbers (components/kotaemon/runtime/ks_metrics.py): the
archiver's own pod ends and talks with nobody. A run adds when it ends; what one has moved that was killed is not in it.
"""

import os
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path

FILE = "archive.prom"
"""Name of the file in the role `logs`."""
LINE = re.compile(r'(kotaemon_archive_[a-z_]+)(?:\{currency="([A-Z]*)"\})? ([0-9.]+)')
BYTES, FILES = "kotaemon_archive_moved_bytes_total", "kotaemon_archive_moved_files_total"
FAILED, SAVED = "kotaemon_archive_failed_files", "kotaemon_archive_saved_per_month"
ENDED = "kotaemon_archive_last_run_seconds"
HELP = {
    BYTES: ("counter", "Bytes that the archiver has moved to the cold tier."),
    FILES: ("counter", "Files that the archiver has moved to the cold tier."),
    FAILED: ("gauge", "Files that the archiver's last run could not move."),
    SAVED: ("gauge", "What all that was moved costs less in a month, by list prices."),
    ENDED: ("gauge", "When the archiver's last run ended, as Unix time."),
}


def add(folder: Path, run: dict[str, int], saved: str | None, currency: str, now: float) -> None:
    """Add a run. `run`: files, bytes and failed of it; `saved`: None: a price is not known. Raises OSError."""
    before = read(folder)
    made: dict[str, Decimal] = {
        BYTES: before.get(BYTES, Decimal(0)) + run["bytes"],
        FILES: before.get(FILES, Decimal(0)) + run["files"],
        FAILED: Decimal(run["failed"]),
        ENDED: Decimal(int(now)),
    }
    if saved is not None:
        made[SAVED] = before.get(f"{SAVED} {currency}", Decimal(0)) + Decimal(saved)
    text = ""
    for name, value in made.items():
        kind, words = HELP[name]
        label = f'{{currency="{currency}"}}' if name == SAVED else ""
        text += f"# HELP {name} {words}\n# TYPE {name} {kind}\n{name}{label} {value}\n"
    part = folder / f".{FILE}.part"
    part.write_text(text)
    os.replace(part, folder / FILE)


def read(folder: Path) -> dict[str, Decimal]:
    """The numbers so far; those in money by their currency too. A file that is not there, or is none, has none."""
    try:
        lines = (folder / FILE).read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    found: dict[str, Decimal] = {}
    for line in lines:
        if match := LINE.fullmatch(line):
            try:
                found[f"{match[1]} {match[2]}" if match[2] is not None else match[1]] = Decimal(match[3])
            except InvalidOperation:
                continue
    return found
