"""SIGTERM stops the application in seconds, after it has finished the files and the answers that it is at."""

import faulthandler
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from ks_environment import say
from ks_log import Tee

STOPPED = 143
POLL = 0.2


class Stopper:
    """SIGTERM becomes KeyboardInterrupt in the main thread: gradio then closes (blocks.py:2691).

    `busy` says whether there is anything to finish: that gets `finish_seconds` first. `seconds` is what the application
    then gets to close.
    """

    def __init__(self, tee: Tee, seconds: int, finish_seconds: int, busy: Callable[[], bool]) -> None:
        self.asked = False
        self._tee = tee
        self._seconds = seconds
        self._finish_seconds = finish_seconds
        self._busy = busy
        self._waited = False
        self._reader, writer = os.pipe()
        os.set_blocking(writer, False)
        # Written by the C handler at once, even when the main thread is stuck inside a C call.
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._interrupt)
        threading.Thread(target=self._watch, name="stop-watchdog", daemon=True).start()

    def _interrupt(self, signum: int, frame: FrameType | None) -> None:
        if not self._waited and self._busy():
            return  # _watch asks again
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.asked = True
        signal.default_int_handler(signum, frame)

    def _wait_until_finished(self) -> None:
        if not self._busy():
            return
        say(f"asked to stop; finishing what is being indexed or answered, for {self._finish_seconds} s at most")
        deadline = time.monotonic() + self._finish_seconds
        while self._busy() and time.monotonic() < deadline:
            time.sleep(POLL)
        if self._busy():
            say("warning: it was not finished; an upload is half indexed now, an answer is lost")

    def _watch(self) -> None:
        while signal.SIGTERM not in os.read(self._reader, 64):
            pass
        self._wait_until_finished()
        self._waited = True
        if not self.asked:
            os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(self._seconds)
        say(f"still running {self._seconds} s after SIGTERM; ending it now; where it hangs follows")
        # Not through the pipe: this holds the interpreter lock that the copier needs.
        faulthandler.dump_traceback(file=self._tee.real, all_threads=True)
        self._tee.close()
        os._exit(STOPPED)
