"""What a plan costs in a month, line by line, as far as the prices and the use are known.

Money is Decimal and never rounded before it is shown. What is not known is None, in a line and in every sum over it.
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
"""End of the name of a bundled store's disk -> the role whose data it holds; these disks are in no storage map."""
_ROLES = [role.value for role in Role]
ASSUMPTIONS = (
    f"A month has {HOURS} hours.",
    "List prices, without tax, discount and free tier.",
    "Storage that the stack makes, its keys and its database; nodes, load balancers and traffic are not in it.",
    "Where a vendor writes GB of storage it bills GiB.",
)


@dataclass(frozen=True)
class Mount:
    """What cost and performance need of the storage map: a claim and the roles on it."""

    claim: str
    roles: tuple[str, ...]
    medium: str
    size_gib: int


@dataclass(frozen=True)
class Line:
    """One thing that is billed."""

    resource: str
    claim: str
    """Empty: it is not of one claim."""
    roles: str
    medium: str
    """block, file, object; or key, database, other."""
    what: str
    quantity: Decimal | None
    price: Price | None
    amount: Decimal | None
    """A month, in the currency of the price list; None: unknown."""
    note: str
    unknown: str
    """Why the amount is not known; empty when it is."""

    @property
    def depends_on_use(self) -> bool:
        """Whether only the quantity is missing."""
        return self.amount is None and self.quantity is None


@dataclass(frozen=True)
class Sum:
    """A sum, as far as it is known."""

    known: Decimal = Decimal(0)
    unknown: int = 0
    """Lines whose price is not known."""
    by_use: int = 0
    """Lines whose quantity depends on use that was not told."""

    def __add__(self, line: "Line | Sum") -> "Sum":
        if isinstance(line, Sum):
            return Sum(self.known + line.known, self.unknown + line.unknown, self.by_use + line.by_use)
        if line.amount is not None:
            return Sum(self.known + line.amount, self.unknown, self.by_use)
        return Sum(self.known, self.unknown + (not line.depends_on_use), self.by_use + line.depends_on_use)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing in it."""
        return not (self.unknown or self.by_use)


@dataclass(frozen=True)
class Bought:
    """A product, and the resource it came from."""

    resource: str
    claim: str
    roles: str
    medium: str
    product: Product


@dataclass(frozen=True)
class Estimate:
    """The cost of a plan."""

    platform: Platform
    region: str
    currency: str
    lines: tuple[Line, ...]
    bought: tuple[Bought, ...]
    free: Mapping[str, str] = field(default_factory=dict[str, str])
    """Type of a resource -> why it costs nothing."""

    @property
    def total(self) -> Sum:
        """Of everything."""
        return total(self.lines)

    def by(self, key: Callable[[Line], str]) -> dict[str, Sum]:
        """Sums by role, medium or resource: `estimate.by(lambda line: line.medium)`."""
        sums: dict[str, Sum] = {}
        for line in self.lines:
            sums[key(line)] = sums.get(key(line), Sum()) + line
        return sums


def total(lines: Iterable[Line]) -> Sum:
    """The sum of some lines."""
    result = Sum()
    for line in lines:
        result += line
    return result


def bought(resource: str, product: Product, claim: str = "", mounts: Sequence[Mount] = (), roles: str = "") -> Bought:
    """A product with its place in the tables.

    `resource`: name of what is billed, as it is registered. `claim`: name of the claim that it is of; roles and medium
    are then those of its mount. Of no claim, or of one that no role is on, they are `roles` and the product's own.
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
    """The cost of the resources of a plan, by recognising each. `prices`: default the list of the platform."""
    plan = Plan(resources, {mount.claim: mount.size_gib for mount in mounts})
    made: list[Bought] = []
    free: dict[str, str] = {}
    # sorted: independent resources register in any order
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
    """The cost of what is bought, before or without any resource of it; in whatever order, the lines come out the same.

    `use`: what is told of reading, writing and backups. `prices`: default the list of the platform. `free`: type of a
    resource -> why it costs nothing, only to be shown.
    """
    wanted = price_list(platform) if prices is None else prices
    ordered = tuple(sorted(items, key=_order))
    lines = tuple(line for item in ordered for line in priced(item, use or Use(), wanted, region))
    return Estimate(platform, region, wanted.currency, lines, ordered, free or {})


def _order(item: Bought) -> tuple[int, int, str, str]:
    """What is unknown first, what no resource stands for last, in the order of its first role."""
    if item.product.made:
        return 0 if isinstance(item.product, Unknown) else 1, 0, item.resource, repr(item.product)
    first = item.roles.split(", ")[0]
    return 2, _ROLES.index(first) if first in _ROLES else len(_ROLES), item.resource, repr(item.product)


def in_reference_region(found: Estimate, use: Use | None = None) -> Estimate | None:
    """The same in the region with most known prices; None when nothing more would be known."""
    region = REFERENCE_REGION.get(found.platform)
    if region is None or region == found.region:
        return None
    other = estimate_bought(found.bought, found.platform, region, use)
    return other if other.total.unknown < found.total.unknown else None


def priced(item: Bought, use: Use, prices: PriceList, region: str) -> list[Line]:
    """The lines of one product."""
    return [_line(item, charge, prices, region) for charge in item.product.charges(use)]


def _line(item: Bought, charge: Charge, prices: PriceList, region: str) -> Line:
    price = prices.find(charge.item, region)
    amount = None
    if price is not None and charge.quantity is not None:
        amount = price.amount * charge.quantity
    unknown = "" if amount is not None else _why(charge, price, region)
    place = (item.resource, item.claim, item.roles, item.medium)
    return Line(*place, charge.what, charge.quantity, price, amount, charge.note, unknown)


def _why(charge: Charge, price: Price | None, region: str) -> str:
    if charge.unknown:
        return charge.unknown
    if charge.quantity is None:
        return f"depends on use: {charge.note}"
    return f"no published price of {charge.item} in {region} is known here" if price is None else ""


def _placed(resource: Resource, product: Product, mounts: Sequence[Mount]) -> Bought:
    """A recognised product with its place: a claim's component has the claim's name."""
    claim = next((mount.claim for mount in mounts if mount.claim in resource.components), "")
    role = next((role for end, role in STORES.items() for c in resource.components if c.endswith(end)), "")
    found = bought(resource.name, product, claim, mounts, role)
    if claim or not isinstance(product, Unknown):
        return found
    # inputs that no rule understands: it is placed as what it is a kind of
    kind = OWNERS.get(resource.type, product)
    medium = "block" if resource.type == CLAIM else kind.apart_medium
    return replace(found, roles=role or kind.apart_roles, medium=medium)
