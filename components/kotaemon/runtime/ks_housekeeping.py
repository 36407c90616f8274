"""What grows is cleaned by age, and what people should know is counted: every few minutes, in a thread of the pod.

Only what nobody refers to: citations point into the upload folder for ever, so files with content stay there.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ks_environment import number, say

HOUR = 3600
DAY = 24 * HOUR


def old_files(folder: Path, pattern: str, seconds: float) -> Iterator[Path]:
    """Plain files of a folder, not touched for so long. Another pod may remove them meanwhile."""
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink() and time.time() - path.stat().st_mtime > seconds:
                yield path


def remove(path: Path) -> int:
    with contextlib.suppress(OSError):
        path.unlink()
        return 1
    return 0


def clean(uploads: Path, scratch: Path, chunk_days: int) -> int:
    """Returns how many files went."""
    # The application makes one for each upload and never uses it (ktem/index/file/ui.py, NamedTemporaryFile).
    empty = [p for p in old_files(uploads / "gradio_tmp", "tmp*", HOUR) if p.stat().st_size == 0]
    # One file a chunk, only for the button "Download"; and what that button made.
    chunks = [*old_files(uploads / "cache" / "chunks", "*", chunk_days * DAY)] if chunk_days else []
    downloads = old_files(uploads / "cache" / "zip", "*", DAY)
    # Uploads that were broken off.
    spooled = old_files(scratch / "tmp", "*", DAY)
    return sum(map(remove, (*empty, *chunks, *downloads, *spooled)))


class Housekeeping:
    """`publish` is told every round that the numbers of the pod are to be said."""

    def __init__(self, uploads: Path, scratch: Path, publish: Callable[[], None]) -> None:
        self._uploads, self._scratch, self._publish = uploads, scratch, publish
        self._chunk_days = number("KS_CHUNK_DAYS", 30)

    def start(self) -> None:
        threading.Thread(target=self._run, name="housekeeping", daemon=True).start()

    def once(self) -> None:
        if went := clean(self._uploads, self._scratch, self._chunk_days):
            say(f"housekeeping removed {went} old temporary files")
        self._publish()

    def _run(self) -> None:
        pause, told = number("KS_HOUSEKEEPING_SECONDS", 300), ""
        while True:
            time.sleep(pause)
            try:
                self.once()
            except Exception as error:
                if str(error) != told:
                    told = str(error)
                    say(f"warning: housekeeping: {error}")
