"""Suggestions to save money: cheaper alternatives to each product, with what each saves and what is given up for it.

Only changes that a stack file can express are suggested (`Product.cheaper`). A saving is the difference of two sums
whose differing prices are all known, never a rule of thumb.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from estimate.cost import Bought, Estimate, priced, total
from estimate.price_list import PriceList, price_list
from estimate.product import Product, Use

COUNT = 3
"""How many suggestions to save money a plan shows."""


@dataclass(frozen=True)
class Lever:
    """One change in the stack file that saves money."""

    resource: str
    claim: str
    change: str
    """The key and value to write in the stack file, below the claim or the database."""
    gives_up: str
    saves: Decimal
    """Monthly saving, in the currency of the price list."""


def levers(found: Estimate, prices: PriceList | None = None) -> list[Lever]:
    """The COUNT changes that save most, largest saving first. At most one of each kind for a resource."""
    chosen = prices or found.prices or price_list(found.platform)
    all_of_them = [lever for bought in found.bought for lever in _levers(bought, chosen, found.region)]
    return sorted(all_of_them, key=lambda lever: (-lever.saves, lever.resource, lever.change))[:COUNT]


def _levers(bought: Bought, prices: PriceList, region: str) -> Iterator[Lever]:
    for change, gives_up, product in bought.product.cheaper():
        saves = _difference(bought, product, prices, region)
        if saves is not None and saves > 0:
            yield Lever(bought.resource, bought.claim, change, gives_up, saves)


def _difference(bought: Bought, product: Product, prices: PriceList, region: str) -> Decimal | None:
    """Monthly saving with the other product. None when a price in which the two differ is not known."""
    sums = [total(priced(item, Use(), prices, region)) for item in (bought, replace(bought, product=product))]
    return None if any(found.unknown for found in sums) else sums[0].known - sums[1].known
