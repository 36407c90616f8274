"""What would cost less: every cheaper neighbour of what is bought, with what it saves and what is given up.

Only what the stack file can say (`Product.cheaper`). A saving is the difference of two sums that are both known, never
a rule of thumb.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from estimate.cost import Bought, Estimate, priced, total
from estimate.price_list import PriceList, price_list
from estimate.product import Product, Use

COUNT = 3
"""How many are told."""


@dataclass(frozen=True)
class Lever:
    """One change that saves money."""

    resource: str
    claim: str
    change: str
    """What to write in the stack file, below the claim or the database."""
    gives_up: str
    saves: Decimal
    """A month."""


def levers(found: Estimate, prices: PriceList | None = None) -> list[Lever]:
    """The changes that save most, one a resource and kind, biggest first."""
    chosen = prices or price_list(found.platform)
    all_of_them = [lever for bought in found.bought for lever in _levers(bought, chosen, found.region)]
    return sorted(all_of_them, key=lambda lever: (-lever.saves, lever.resource, lever.change))[:COUNT]


def _levers(bought: Bought, prices: PriceList, region: str) -> Iterator[Lever]:
    for change, gives_up, product in bought.product.cheaper():
        saves = _difference(bought, product, prices, region)
        if saves is not None and saves > 0:
            yield Lever(bought.resource, bought.claim, change, gives_up, saves)


def _difference(bought: Bought, product: Product, prices: PriceList, region: str) -> Decimal | None:
    """What the other product saves; None when a price that differs is not known."""
    sums = [total(priced(item, Use(), prices, region)) for item in (bought, replace(bought, product=product))]
    return None if any(found.unknown for found in sums) else sums[0].known - sums[1].known
