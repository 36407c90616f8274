"""Stands in for the parts of SQLAlchemy that kh_settings.py uses in the profile scaled."""

from typing import Any


class Table:
    """A table."""


class UniqueConstraint:
    """A constraint of a table."""


class event:
    """Registers listeners on constraints and pools."""

    @staticmethod
    def listen(*_: Any) -> None:
        """Do nothing: no constraint and no pool is ever made here."""


class pool:
    """Namespace for pools of connections."""

    class Pool:
        """Class of pools. None is ever made here."""


class exc:
    """Namespace for errors."""
