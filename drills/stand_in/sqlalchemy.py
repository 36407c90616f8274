"""What kh_settings.py asks of SQLAlchemy in the profile scaled; the stand-in needs no more of it."""

from typing import Any


class Table:
    """A table."""


class UniqueConstraint:
    """A constraint of a table."""


class event:
    """Events of constraints and pools."""

    @staticmethod
    def listen(*_: Any) -> None:
        """No constraint and no pool is ever made here."""


class pool:
    """Pools of connections."""

    class Pool:
        """A pool; none is ever made here."""


class exc:
    """Errors."""
