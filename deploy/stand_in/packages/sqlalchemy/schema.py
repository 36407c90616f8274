"""What a database consists of."""


class Table:
    """A table. None is ever made here."""
