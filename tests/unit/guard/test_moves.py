"""The message of a refused change: the commands that move the data can be typed in the order in which they are printed."""

from guard.changes import Data, Known, Memory, Place, changes
from guard.moves import refusal

OLD = Place("storage.claims.old", {"kind": "efs", "name": "old"}, folder="models", claim="kotaemon-old")
NEW = Place("storage.claims.new", {"kind": "efs", "name": "new"}, folder="models", claim="kotaemon-new")


def lines(*there: Place) -> list[str]:
    """The message when `there` is what earlier runs made."""
    before = Memory({place.key: Known(place, fixed=True) for place in there}, {"models": Data(OLD)})
    now = Memory({place.key: Known(place, fixed=True) for place in (OLD, NEW)}, {"models": Data(NEW)})
    return refusal("Pulumi.x.yaml", "kotaemon", changes(before, now, {})).splitlines()


def test_a_claim_that_is_not_there_is_made_before_anything_is_copied() -> None:
    found = lines(OLD)
    first = found.index(
        "  kotaemon-new is not there yet: first add kotaemon:storage.claims.new beside kotaemon:storage.claims.old, "
        "leave every role where it is, and run `up`"
    )
    assert found[first + 1].startswith("  models: copy them")


def test_to_a_claim_that_is_there_the_data_is_copied_at_once() -> None:
    found = lines(OLD, NEW)
    assert not any("is not there yet" in line for line in found)
    assert any(line.startswith("  models: copy them") for line in found)
