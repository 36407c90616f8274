"""Refuses two roles that are in one folder by two claims: the stack file has two names for it, the server has one."""

from collections.abc import Iterator
from itertools import combinations

from guard import spelling
from guard.changes import Memory, Place


def mistakes(wanted: Memory) -> Iterator[str]:
    """One line for each two roles whose files would be in one folder. Within one claim the settings see it."""
    places = [
        (name, data.at)
        for name, data in wanted.data.items()
        if data.at is not None and data.at.key.startswith("storage.claims.")
    ]
    for (one, first), (other, second) in combinations(places, 2):
        if first.key != second.key and _one(first, second):
            yield (
                f"kotaemon:storage.roles: {one} and {other} are in one folder, {first.text}, by {first.key} and "
                f"{second.key}; give one of them another subPath"
            )


def _one(first: Place, second: Place) -> bool:
    whole = [spelling.whole(place.words, place.folder) for place in (first, second)]
    return first.same(second) or whole[0] == whole[1]
