"""The monthly cost of a plan, line by line, as far as prices and use are known.

Amounts are Decimals and are rounded only for display. An unknown amount is None, in a line and in every sum over it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from components.contract import Platform, Role
from estimate.price_list import REFERENCE_REGION, Price, PriceList, price_list
from estimate.product import HOURS, Charge, Free, Product, Unknown, Use
from estimate.products.registry import NOT_MADE, OWNERS
from estimate.recognise import CLAIM, Plan, Resource

STORES = {"-database-disk": "sessions", "-vectors-disk": "indexes"}
"""End of the name of a bundled store's disk -> the role whose data it holds. These disks are in no storage map."""
_ROLES = [role.value for role in Role]
ASSUMPTIONS = (
    f"A month has {HOURS} hours.",
    "List prices, before taxes and discounts and without a free tier.",
    "Storage that the stack makes, its keys and its database are included; nodes, load balancers and traffic are not.",
    "Where a vendor writes GB of storage, GiB are billed.",
)


@dataclass(frozen=True)
class Mount:
    """A claim of the storage map with the roles on it: what cost and performance need of it."""

    claim: str
    roles: tuple[str, ...]
    medium: str
    size_gib: int


@dataclass(frozen=True)
class Line:
    """One line of the cost: something that is billed."""

    resource: str
    claim: str
    """Name of the claim in the stack file. Empty when the line belongs to no single claim."""
    roles: str
    medium: str
    """`block`, `file` or `object`; or `key`, `database` or `other`."""
    what: str
    quantity: Decimal | None
    price: Price | None
    amount: Decimal | None
    """Monthly amount in the currency of the price list; None when it is unknown."""
    note: str
    unknown: str
    """Why the amount is not known. Empty when it is known."""
    reference: Price | None = None
    """The price in REFERENCE_REGION, where that of the stack's own region is not known."""

    @property
    def depends_on_use(self) -> bool:
        """Whether the price is known and only the quantity is missing."""
        return self.amount is None and self.quantity is None


@dataclass(frozen=True)
class Sum:
    """A sum of monthly amounts, as far as they are known."""

    known: Decimal = Decimal(0)
    unknown: int = 0
    """Number of lines whose price is not known."""
    by_use: int = 0
    """Number of lines whose quantity depends on use that the stack file does not say."""

    def __add__(self, line: "Line | Sum") -> "Sum":
        if isinstance(line, Sum):
            return Sum(self.known + line.known, self.unknown + line.unknown, self.by_use + line.by_use)
        if line.amount is not None:
            return Sum(self.known + line.amount, self.unknown, self.by_use)
        return Sum(self.known, self.unknown + (not line.depends_on_use), self.by_use + line.depends_on_use)

    @property
    def complete(self) -> bool:
        """Whether the sum includes every line."""
        return not (self.unknown or self.by_use)


@dataclass(frozen=True)
class Bought:
    """A product that the stack buys, with the resource, the claim and the roles that it is for."""

    resource: str
    claim: str
    roles: str
    medium: str
    product: Product


@dataclass(frozen=True)
class Estimate:
    """The cost of a plan: its lines, and the resources that are free."""

    platform: Platform
    region: str
    currency: str
    lines: tuple[Line, ...]
    bought: tuple[Bought, ...]
    free: Mapping[str, str] = field(default_factory=dict[str, str])
    """Type token of a resource -> why it costs nothing."""
    prices: PriceList | None = field(default=None, repr=False)
    """The price list of the amounts. None: that of the platform."""

    @property
    def total(self) -> Sum:
        """Monthly cost of all lines together."""
        return total(self.lines)

    def by(self, key: Callable[[Line], str]) -> dict[str, Sum]:
        """Sums by role, medium or resource, for example `estimate.by(lambda line: line.medium)`."""
        sums: dict[str, Sum] = {}
        for line in self.lines:
            sums[key(line)] = sums.get(key(line), Sum()) + line
        return sums


def total(lines: Iterable[Line]) -> Sum:
    """The sum of lines."""
    result = Sum()
    for line in lines:
        result += line
    return result


def bought(resource: str, product: Product, claim: str = "", mounts: Sequence[Mount] = (), roles: str = "") -> Bought:
    """A product with its place in the tables of cost.

    `resource`: name of the registered resource that is billed. `claim`: name of the claim that the product is for; its
    roles and its medium are then taken from its mount in `mounts`. Without a claim, or for a claim without roles, the
    roles are `roles` and the medium is the product's own.
    """
    mount = next((mount for mount in mounts if mount.claim == claim), None)
    if mount is None:
        return Bought(resource, "", roles or product.apart_roles, product.apart_medium, product)
    return Bought(resource, claim, ", ".join(mount.roles), mount.medium, product)


def estimate(
    resources: Iterable[Resource],
    mounts: Sequence[Mount],
    platform: Platform,
    region: str,
    use: Use | None = None,
    prices: PriceList | None = None,
) -> Estimate:
    """The cost of a plan's resources: each is recognised as a product. `prices`: default the platform's price list."""
    plan = Plan(resources, {mount.claim: mount.size_gib for mount in mounts})
    made: list[Bought] = []
    free: dict[str, str] = {}
    # Sorted, because independent resources register in any order.
    for resource in sorted(plan.resources, key=lambda found: (found.name, found.type)):
        product = plan.recognise(resource)
        if isinstance(product, Free):
            free.setdefault(resource.type, product.reason)
        else:
            made.append(_placed(resource, product, mounts))
    seen = {item.claim for item in made}
    own = [bought(m.claim, NOT_MADE(m.size_gib), m.claim, mounts) for m in mounts if m.claim not in seen]
    return estimate_bought([*made, *own], platform, region, use, prices, free)


def estimate_bought(
    items: Iterable[Bought],
    platform: Platform,
    region: str,
    use: Use | None = None,
    prices: PriceList | None = None,
    free: Mapping[str, str] | None = None,
) -> Estimate:
    """The cost of products, for a stack whose resources are not made yet. The order of `bought` does not matter.

    `use`: GiB read, written and in backups in a month; what it leaves out stays unknown. `prices`: default the
    platform's price list. `free`: type token of a resource -> why it costs nothing, only for display.
    """
    wanted = price_list(platform) if prices is None else prices
    ordered = tuple(sorted(items, key=_order))
    reference = REFERENCE_REGION.get(platform, "")
    lines = tuple(line for item in ordered for line in priced(item, use or Use(), wanted, region, reference))
    return Estimate(platform, region, wanted.currency, lines, ordered, free or {}, wanted)


def _order(item: Bought) -> tuple[int, int, str, str]:
    """Order of products: by the first role; unknown ones come first, and those without a resource last."""
    if item.product.made:
        return 0 if isinstance(item.product, Unknown) else 1, 0, item.resource, repr(item.product)
    first = item.roles.split(", ")[0]
    return 2, _ROLES.index(first) if first in _ROLES else len(_ROLES), item.resource, repr(item.product)


def in_reference_region(found: Estimate, use: Use | None = None) -> Estimate | None:
    """The same products at the prices of REFERENCE_REGION. None when that makes no further price known."""
    region = REFERENCE_REGION.get(found.platform)
    if region is None or region == found.region:
        return None
    other = estimate_bought(found.bought, found.platform, region, use, found.prices)
    return other if other.total.unknown < found.total.unknown else None


def priced(item: Bought, use: Use, prices: PriceList, region: str, reference: str = "") -> list[Line]:
    """The lines of one product's cost. `reference`: region whose price is shown where the region's own is not known."""
    return [_line(item, charge, prices, region, reference) for charge in item.product.charges(use)]


def _line(item: Bought, charge: Charge, prices: PriceList, region: str, reference: str) -> Line:
    price = prices.find(charge.item, region)
    elsewhere = prices.find(charge.item, reference) if price is None and reference else None
    amount = None
    if price is not None and charge.quantity is not None:
        amount = price.amount * charge.quantity
    unknown = "" if amount is not None else _why(charge, price, region)
    place = (item.resource, item.claim, item.roles, item.medium)
    return Line(*place, charge.what, charge.quantity, price, amount, charge.note, unknown, elsewhere)


def _why(charge: Charge, price: Price | None, region: str) -> str:
    if charge.unknown:
        return charge.unknown
    if charge.quantity is None:
        return f"depends on use: {charge.note}"
    return f"no published price of {charge.item} in {region} is known" if price is None else ""


def _placed(resource: Resource, product: Product, mounts: Sequence[Mount]) -> Bought:
    """A recognised product with its claim and roles. The component of a claim has the claim's name."""
    claim = next((mount.claim for mount in mounts if mount.claim in resource.components), "")
    role = next((role for end, role in STORES.items() for c in resource.components if c.endswith(end)), "")
    found = bought(resource.name, product, claim, mounts, role)
    if claim or not isinstance(product, Unknown):
        return found
    # No rule understands these inputs, so the type of the resource alone decides its place.
    kind = OWNERS.get(resource.type, product)
    medium = "block" if resource.type == CLAIM else kind.apart_medium
    return replace(found, roles=role or kind.apart_roles, medium=medium)
