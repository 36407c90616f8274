"""A price file of the user's own, in the form of estimate/prices/: read, checked, and laid over the committed list."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from components.contract import Platform
from estimate.price_list import EVERY_REGION, PriceList, load, price_list
from estimate.products.registry import ITEMS, unit_of

_CURRENCY = re.compile(r"[A-Z]{3}")
_DATE = re.compile(r"20[0-9]{2}(-[01][0-9](-[0-3][0-9])?)?")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z0-9]+)+")
_KEYS = ("currency", "sources", "prices")


@lru_cache(maxsize=16)
def prices(platform: Platform, path: Path | None) -> PriceList:
    """The prices of a platform: the committed ones, and over them those of a file. None: the committed ones alone.

    A file in another currency stands alone: amounts of two currencies have no sum. Raises ValueError with every mistake
    of the file.
    """
    known = price_list(platform)
    if path is None:
        return known
    if found := mistakes(path):
        raise ValueError("; ".join(found))
    own = load(path.read_text())
    if own.currency != known.currency:
        return own
    items = {*known.prices, *own.prices}
    return PriceList(known.currency, {i: {**known.prices.get(i, {}), **own.prices.get(i, {})} for i in sorted(items)})


def mistakes(path: Path) -> list[str]:
    """What is wrong in a price file, each with its key, the value, and what is allowed. None: it can be used."""
    try:
        found: object = yaml.safe_load(path.read_text())
    except OSError as error:
        return [f"{path}: {error.strerror}"]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return [f"{path}: {' '.join(str(error).split())}"]
    if not isinstance(found, dict):
        return [f"{path}: must be a mapping with the keys {', '.join(_KEYS)} (docs/cost.md, Prices of your own)"]
    return [f"{path}: {line}" for line in _mistakes(found)]


def _mistakes(document: Mapping[Any, Any]) -> Iterator[str]:
    yield from (f"{key}: unknown key; known: {', '.join(_KEYS)}" for key in document if key not in _KEYS)
    currency = document.get("currency")
    if not (isinstance(currency, str) and _CURRENCY.fullmatch(currency)):
        yield f"currency: {currency!r} is not allowed; it must be an ISO code such as USD or CNY"
    sources = document.get("sources")
    items = document.get("prices")
    if not isinstance(sources, dict) or not sources:
        yield "sources: missing; each price names one, with its date and address"
    if not isinstance(items, dict) or not items:
        yield "prices: missing; item -> unit and regions"
    if isinstance(sources, dict) and isinstance(items, dict):
        for name, source in sources.items():
            yield from _source(str(name), source)
        for item, entry in items.items():
            yield from _item(str(item), entry, sources)


def _source(name: str, source: Any) -> Iterator[str]:
    given: Mapping[Any, Any] = source if isinstance(source, dict) else {}
    if not _DATE.fullmatch(str(given.get("date"))):
        yield f"sources.{name}.date: {given.get('date')!r} is not allowed; it must be a year, a month or a day: 2026-11"
    if not (isinstance(given.get("address"), str) and given["address"].strip()):
        yield f"sources.{name}.address: missing; say where the price is from: a page, a contract, an API"


def _item(item: str, entry: Any, sources: Mapping[Any, Any]) -> Iterator[str]:
    unit = unit_of(item)
    if unit is None:
        yield f"prices.{item}: nothing is billed by this item{_nearest(item)}"
        return
    given: Mapping[Any, Any] = entry if isinstance(entry, dict) else {}
    if given.get("unit") != unit:
        yield f"prices.{item}.unit: {given.get('unit')!r} is not allowed; it must be {unit!r}"
    regions = given.get("in")
    if not isinstance(regions, dict) or not regions:
        yield f"prices.{item}.in: missing; region -> {{price: 0.1, source: name}}"
        return
    for region, cell in regions.items():
        where = f"prices.{item}.in.{region}"
        if region != EVERY_REGION and not (isinstance(region, str) and _REGION.fullmatch(region)):
            yield f"{where}: must be a region such as cn-hangzhou, or {EVERY_REGION}"
        yield from _cell(where, cell if isinstance(cell, dict) else {}, sources)


def _cell(where: str, cell: Mapping[Any, Any], sources: Mapping[Any, Any]) -> Iterator[str]:
    try:
        amount = Decimal(str(cell.get("price")))
    except InvalidOperation:
        amount = Decimal("NaN")
    if isinstance(cell.get("price"), bool) or not (amount.is_finite() and amount > 0):
        yield f"{where}.price: {cell.get('price')!r} is not allowed; it must be a number above 0 for one unit"
    if cell.get("source") not in sources:
        names = ", ".join(map(str, sources))
        yield f"{where}.source: {cell.get('source')!r} is not one of sources ({names})"


def _nearest(item: str) -> str:
    service = item.partition(".")[0]
    committed = [name for platform in (Platform.AWS, Platform.ALICLOUD) for name in price_list(platform).prices]
    close = get_close_matches(item, [name for name in committed if name.startswith(f"{service}.")], n=1)
    forms = sorted(form for form in ITEMS if form.partition("\\.")[0] == service)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; items of this service have the form {' or '.join(forms)}" if forms else ""
