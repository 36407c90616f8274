"""What kh_settings.py asks of SQLAlchemy in the profile scaled; the stand-in needs no more of it."""

from typing import Any


class Table:
    """A table."""


class UniqueConstraint:
    """A constraint of a table."""


class event:
    """Events of constraints."""

    @staticmethod
    def listen(*_: Any) -> None:
        """No constraint is ever made here."""
