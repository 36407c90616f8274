"""A disk of a StorageClass that the stack did not make: of unknown cost and speed."""

from estimate.product import Use
from estimate.products.own_class import OwnClass


def test_it_stands_for_claims_of_a_class_that_is_not_of_the_stack() -> None:
    found = OwnClass.recognised().foreign_class
    assert found is not None
    assert found(20, "fast") == OwnClass(20, "fast")


def test_it_has_no_price_and_no_speed_and_says_why() -> None:
    [charge] = OwnClass(20, "fast").charges(Use())
    assert (charge.item, charge.unknown) == (
        "",
        "StorageClass fast is not made by this stack, so its price is not known",
    )
    speed = OwnClass(20, "fast").speed()
    assert speed is not None
    assert (speed.iops, speed.mib_s, speed.formula) == (None, None, "StorageClass fast is not made by this stack")


def test_what_is_not_known_of_it_is_taken_as_the_worst() -> None:
    assert OwnClass(20, "fast").lost_with_zone() == "it is not known for StorageClass fast"
    assert OwnClass(20, "fast").outage_minutes == 8
