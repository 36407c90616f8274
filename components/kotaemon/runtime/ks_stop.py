"""SIGTERM stops the application in seconds."""

import faulthandler
import os
import signal
import threading
import time
from types import FrameType

from ks_environment import say
from ks_log import Tee

STOPPED = 143


class Stopper:
    """SIGTERM becomes KeyboardInterrupt in the main thread: gradio then closes (blocks.py:2691)."""

    def __init__(self, tee: Tee, seconds: int) -> None:
        self.asked = False
        self._tee = tee
        self._seconds = seconds
        self._reader, writer = os.pipe()
        os.set_blocking(writer, False)
        # Written by the C handler at once, even when the main thread is stuck inside a C call.
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._interrupt)
        threading.Thread(target=self._watch, name="stop-watchdog", daemon=True).start()

    def _interrupt(self, signum: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.asked = True
        signal.default_int_handler(signum, frame)

    def _watch(self) -> None:
        while signal.SIGTERM not in os.read(self._reader, 64):
            pass
        time.sleep(self._seconds)
        say(f"still running {self._seconds} s after SIGTERM; ending it now; where it hangs follows")
        # Not through the pipe: this holds the interpreter lock that the copier needs.
        faulthandler.dump_traceback(file=self._tee.real, all_threads=True)
        self._tee.close()
        os._exit(STOPPED)
