"""Maps classes to tables."""


class Mapper:
    """One class and its table. None is ever made here."""
