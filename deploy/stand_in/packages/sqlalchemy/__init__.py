"""Stands in for the parts of SQLAlchemy that kh_settings.py and ks_schema.py use when the application starts."""


class Table:
    """A table."""


class UniqueConstraint:
    """A constraint of a table."""


class pool:
    """Namespace for pools of connections."""

    class Pool:
        """Class of pools. None is ever made here."""


class exc:
    """Namespace for errors."""
