"""A server of the user's own: as fast as is told, and of unknown cost."""

from estimate.product import Use
from estimate.products.own_storage import OwnStorage


def test_it_stands_for_claims_that_no_resource_pays_for() -> None:
    made = OwnStorage.recognised().not_made
    assert made is not None
    assert made(100) == OwnStorage(100)
    assert not OwnStorage.made


def test_it_is_as_fast_as_is_told() -> None:
    unknown, told = OwnStorage(100).speed(), OwnStorage(100).speed(110)
    assert unknown is not None
    assert told is not None
    assert (unknown.iops, unknown.mib_s) == (None, None)
    assert unknown.formula == "a server of your own: give its speed as kotaemon:estimate.nfsMibPerSecond"
    assert told.mib_s == 110


def test_it_has_no_price_and_says_why() -> None:
    [charge] = OwnStorage(100).charges(Use())
    assert (charge.item, charge.unknown) == ("", "storage of your own: its cost is not known")


def test_whether_it_survives_a_zone_is_not_known() -> None:
    assert OwnStorage(100).lost_with_zone() == "it is not known for NFS"
