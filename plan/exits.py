"""How a command ends: its exit code, and whether an error is told in one line or with a traceback.

An error that is for the user carries `exit_code`, and its message says all: what is wrong, and where to change it. No
layer below needs to import this module for that: `devcluster.errors.DevclusterError`, `policy.ConfigError` and
`stacks.safety.RefusedByGuard` have the attribute, too. A `pulumi.RunError` is such an error by Pulumi's own rule. Any
other exception is a defect of ours and keeps its traceback.
"""

import sys
from collections.abc import Callable

FAILED = 1
"""The stack file is wrong, or something failed."""
REFUSED = 2
"""Refused by the guard or by a mandatory policy."""
OVER_BUDGET = 3
INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""
EXIT_CODES = "Exit codes: 0 fine, 1 the stack file is wrong or something failed, 2 refused by the guard or a policy"


class UserError(Exception):
    """A problem that the user can mend; shown without a traceback."""

    exit_code = FAILED


def ending(command: Callable[[], int]) -> int:
    """Run a command; its exit code, or that of its error, which is printed."""
    try:
        return command()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; run the same command again to go on from here\n")
        return INTERRUPTED
    except Exception as error:
        if (code := exit_code(error)) is None:
            raise
        sys.stderr.write(f"error: {error}\n")
        return code


def exit_code(error: Exception) -> int | None:
    """The exit code of an error for the user; None: it is a defect of ours."""
    from pulumi import RunError  # it is imported by now, or the error is none of Pulumi's

    code: object = getattr(error, "exit_code", FAILED if isinstance(error, RunError) else None)
    return code if isinstance(code, int) else None
