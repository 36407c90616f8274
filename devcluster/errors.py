"""What goes wrong for reasons that the user can mend."""


class DevclusterError(Exception):
    """A problem of the user's machine or settings, in one line that says what to do. Shown without a traceback."""

    exit_code = 1
    """Marks it as an error for the user (plan/exits.py)."""
