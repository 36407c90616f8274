"""Child processes that do not outlive their parent."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> Callable[[], None] | None:
    """A `preexec_fn` that makes the kernel kill the child when this process ends, even by SIGKILL.

    Linux only (prctl(2), PR_SET_PDEATHSIG); elsewhere None: there a killed supervisor leaves its children. The signal
    comes when the THREAD that started the child ends, so children are started from the main thread.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def prepare() -> None:
        if prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        if os.getppid() != parent:
            # The parent ended before the line above: no signal would come any more.
            os._exit(1)

    return prepare
