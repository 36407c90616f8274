"""The prices, from the files estimate/prices/<platform>.yaml. Each price has a date and a source; none is guessed."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from components.contract import Platform

FOLDER = Path(__file__).parent / "prices"
EVERY_REGION = "all"
REFERENCE_REGION = {Platform.AWS: "us-east-1", Platform.ALICLOUD: "cn-hangzhou"}
"""The region with the most known prices: the comparison when a price of the stack's own region is unknown."""


@dataclass(frozen=True)
class Price:
    """One published price for one unit of an item in one region."""

    amount: Decimal
    unit: str
    """GiB-month, IOPS-month, MiB/s-month, MB/s-month, hour, GiB, key-month, or 10,000 requests."""
    date: str
    """When the price was read, as exactly as is known: a year, a month or a day."""
    source: str
    """URL of the page that publishes the price."""


@dataclass(frozen=True)
class PriceList:
    """The prices of one platform."""

    currency: str
    """ISO code of the currency. Empty on platform private, where nothing has a price."""
    prices: Mapping[str, Mapping[str, Price]]
    """Item -> region -> price."""

    def __hash__(self) -> int:
        """Hash by the currency alone: the mappings have none, and there are only a few lists."""
        return hash(self.currency)

    def find(self, item: str, region: str) -> Price | None:
        """The price of an item in a region; None when it is not known."""
        regions = self.prices.get(item, {})
        return regions.get(region) or regions.get(EVERY_REGION)


@cache
def price_list(platform: Platform) -> PriceList:
    """The price list of a platform. On `private` nothing has a price: the hardware is the user's own."""
    path = FOLDER / f"{platform.value}.yaml"
    return load(path.read_text()) if path.exists() else PriceList("", {})


def load(text: str) -> PriceList:
    """A price list from YAML. Raises ValueError for a price without a source, a date or a unit."""
    # The loader in C reads the list ten times as fast as the one in Python, and is in most builds of PyYAML.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load(text, loader)  # noqa: S506 both are safe loaders
    sources: dict[str, dict[str, Any]] = document["sources"]
    prices: dict[str, dict[str, Price]] = {}
    for item, entry in document["prices"].items():
        for region, cell in entry["in"].items():
            source = sources.get(cell["source"])
            if source is None or not source.get("date") or not source.get("address") or not entry.get("unit"):
                raise ValueError(f"{item} in {region}: the price needs a unit, and a source with date and address")
            # From the text in the file, because a float such as 0.1 is not exact.
            price = Price(Decimal(str(cell["price"])), entry["unit"], str(source["date"]), source["address"])
            prices.setdefault(item, {})[region] = price
    return PriceList(document["currency"], prices)
