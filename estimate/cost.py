"""What a plan costs in a month, line by line, as far as the prices and the use are known.

Money is Decimal and never rounded before it is shown. What is not known is None, in a line and in every sum over it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from components.contract import Platform
from estimate.charges import HOURS, Charge, Use, charges
from estimate.price_list import REFERENCE_REGION, Price, PriceList, price_list
from estimate.products import OwnStorage, Product
from estimate.recognise import CLAIM, Free, Plan, Resource, Unknown

ALL_ROLES = "all roles"
DATABASES = ("aws:rds/", "alicloud:rds/")
STORES = {"-database-disk": "sessions", "-vectors-disk": "indexes"}
"""End of the name of a bundled store's disk -> the role whose data it holds; these disks are in no storage map."""
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


def estimate(
    resources: Iterable[Resource],
    mounts: Sequence[Mount],
    platform: Platform,
    region: str,
    use: Use | None = None,
    prices: PriceList | None = None,
) -> Estimate:
    """The cost of the resources of a plan. `prices`: default the list of the platform."""
    plan = Plan(resources, {mount.claim: mount.size_gib for mount in mounts})
    wanted, chosen = prices or price_list(platform), use or Use()
    bought: list[Bought] = []
    lines: list[Line] = []
    free: dict[str, str] = {}
    # sorted: independent resources register in any order
    for resource in sorted(plan.resources, key=lambda found: (found.name, found.type)):
        found = plan.recognise(resource)
        place = _place(resource, mounts)
        if isinstance(found, Free):
            free.setdefault(resource.type, found.reason)
        elif isinstance(found, Unknown):
            lines.append(Line(resource.name, *place, "all of it", Decimal(1), None, None, "", found.reason))
        else:
            bought.append(Bought(resource.name, *place, found))
    seen = {item.claim for item in bought} | {line.claim for line in lines}
    bought += [
        Bought(m.claim, m.claim, _roles(m), m.medium, OwnStorage(m.size_gib)) for m in mounts if m.claim not in seen
    ]
    lines += [line for item in bought for line in priced(item, chosen, wanted, region)]
    return Estimate(platform, region, wanted.currency, tuple(lines), tuple(bought), free)


def in_reference_region(found: Estimate, use: Use | None = None) -> Estimate | None:
    """The same in the region with most known prices; None when nothing more would be known."""
    region = REFERENCE_REGION.get(found.platform)
    if region is None or region == found.region:
        return None
    prices = price_list(found.platform)
    lines = tuple(line for item in found.bought for line in priced(item, use or Use(), prices, region))
    other = Estimate(found.platform, region, prices.currency, lines, found.bought)
    return other if other.total.unknown < found.total.unknown else None


def priced(bought: Bought, use: Use, prices: PriceList, region: str) -> list[Line]:
    """The lines of one product."""
    return [_line(bought, charge, prices, region) for charge in charges(bought.product, use)]


def _line(bought: Bought, charge: Charge, prices: PriceList, region: str) -> Line:
    price = prices.find(charge.item, region)
    amount = None
    if price is not None and charge.quantity is not None:
        amount = price.amount * charge.quantity
    unknown = "" if amount is not None else _why(charge, price, region)
    place = (bought.resource, bought.claim, bought.roles, bought.medium)
    return Line(*place, charge.what, charge.quantity, price, amount, charge.note, unknown)


def _why(charge: Charge, price: Price | None, region: str) -> str:
    if not charge.item:
        return charge.note
    if charge.quantity is None:
        return f"depends on use: {charge.note}"
    return f"no published price of {charge.item} in {region} is known here" if price is None else ""


def _place(resource: Resource, mounts: Sequence[Mount]) -> tuple[str, str, str]:
    """(claim, roles, medium) of a resource: a claim's component has the claim's name."""
    mount = next((m for m in mounts if m.claim in resource.components), None)
    if mount is not None:
        return mount.claim, _roles(mount), mount.medium
    if resource.type.startswith(DATABASES):
        return "", "sessions", "database"
    if ":kms/" in resource.type:
        return "", ALL_ROLES, "key"
    store = next((role for end, role in STORES.items() for c in resource.components if c.endswith(end)), ALL_ROLES)
    return "", store, "block" if resource.type == CLAIM else "other"


def _roles(mount: Mount) -> str:
    return ", ".join(mount.roles)
