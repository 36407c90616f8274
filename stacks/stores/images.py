"""Versions in the tags of the images of bundled stores, for the rows of their effects."""

import re

from stacks.effects import Values, When

DUMP = "dump the database, start a new store with the new image, and restore (docs/stores.md)"
"""The way to another major version of PostgreSQL in one pod."""
RESTORE = "restore a copy into a new store (docs/stores.md)"
"""The way back to an earlier version of Qdrant."""


def version(image: str) -> tuple[int, ...]:
    """The version in an image's tag, for example (18, 6) for postgres:18.6-trixie; empty when the tag has none."""
    tag = image.rpartition(":")[2]
    found = re.match(r"v?([0-9]+(?:\.[0-9]+)*)", tag) if "@sha256" not in image else None
    return tuple(int(part) for part in found.group(1).split(".")) if found else ()


def _images(before: Values, after: Values) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return version(before["image"]), version(after["image"])


def _other_major(before: Values, after: Values) -> bool:
    old, new = _images(before, after)
    return not old or not new or old[0] != new[0]


def _goes_back(before: Values, after: Values) -> bool:
    old, new = _images(before, after)
    return not old or not new or new < old


def _earlier_major(before: Values, after: Values) -> bool:
    old, new = _images(before, after)
    return bool(old and new) and new[0] < old[0]


EARLIER_MAJOR = When("its major version is an earlier one", _earlier_major)
MAJOR = When("its major version is another one, or the tag has no version", _other_major)
BACK = When("its version is an earlier one, or the tag has no version", _goes_back)
