"""Snapshots by a schedule: billed by what they hold, which the schedule does not say."""

from decimal import Decimal

from components.contract import Platform
from estimate.cost import Bought, priced
from estimate.price_list import price_list
from estimate.product import Use
from estimate.products.ebs_snapshots import EbsSnapshots
from estimate.products.registry import TYPES


def amounts(use: Use) -> list[Decimal | None]:
    bought = Bought("files", "files", "all roles", "file", EbsSnapshots())
    return [line.amount for line in priced(bought, use, price_list(Platform.AWS), "us-east-1")]


def test_snapshots_are_billed_by_what_they_hold() -> None:
    product = TYPES["aws:dlm/lifecyclePolicy:LifecyclePolicy"]({}, None)
    assert product == EbsSnapshots()
    assert amounts(Use(backup_gib=200)) == [Decimal("0.05") * 200]
    assert amounts(Use()) == [None]
    assert product.lost_with_zone() == ""
