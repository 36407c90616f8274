"""How a command ends: its exit code, and whether an error is printed as a message or with a traceback.

An error that the user can correct has the attribute `exit_code`, and its message says what is wrong and where to change
it. No other module needs to import this one for that: `devcluster.errors.DevclusterError`, `policy.ConfigError` and
`stacks.safety.RefusedByGuard` have the attribute as well, and a `pulumi.RunError` counts as one. Any other exception is
a defect of this program and keeps its traceback.
"""

import gc
import os
import sys
from collections.abc import Callable
from typing import NoReturn

FAILED = 1
"""Exit code: the stack file is wrong, or something failed."""
REFUSED = 2
"""Exit code: refused by the guard or by a mandatory policy."""
OVER_BUDGET = 3
INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the number of SIGINT, as shells have it."""
EXIT_CODES = "Exit codes: 0 fine, 1 the stack file is wrong or something failed, 2 refused by the guard or a policy"

_OBJECTS = 200_000
"""New objects between two runs of the garbage collector; Python's default: 700."""


class UserError(Exception):
    """A problem that the user can correct. It is printed without a traceback."""

    exit_code = FAILED


def run(main: Callable[[], int]) -> NoReturn:
    """Run the whole of a short-lived process and end it with its exit code, without what takes time for nothing.

    The garbage collector would run hundreds of times while the SDKs are imported, which takes a sixth of the time of a
    plan and frees nothing; so it runs a hundred times less often. At the end hundreds of thousands of objects of the
    SDKs would be freed one by one, which takes a tenth. mypy does both (`mypy/main.py`, `mypy.util.hard_exit`).
    """
    gc.set_threshold(_OBJECTS)
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def ending(command: Callable[[], int]) -> int:
    """Run a command and return its exit code. Of an error that has an exit code the message is printed first."""
    try:
        return command()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; run the same command again to continue from here\n")
        return INTERRUPTED
    except Exception as error:
        if (code := exit_code(error)) is None:
            raise
        sys.stderr.write(f"error: {error}\n")
        return code


def exit_code(error: Exception) -> int | None:
    """The exit code of an error that the user can correct; None for a defect of this program."""
    from pulumi import RunError  # imported here, as it is slow: an error of Pulumi has loaded it already

    code: object = getattr(error, "exit_code", FAILED if isinstance(error, RunError) else None)
    return code if isinstance(code, int) else None
