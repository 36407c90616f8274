"""The price list of a stack."""

from estimate.own_prices import prices
from estimate.price_list import PriceList
from stacks.settings.settings import Settings


def of(settings: Settings) -> PriceList:
    """The committed price list, with the prices of the user's own file over it (`kotaemon:estimate.prices`)."""
    return prices(settings.platform, settings.estimate.price_file)
