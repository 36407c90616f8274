"""What every product says about itself: how it is recognised, what is billed, how fast it is, what a lost zone costs.

A product is something that a cloud sells and a stack buys. Each has one file in estimate/products/, and nothing outside
that file asks which product it is. Sizes are in GiB; MB are 10^6 bytes, MiB are 2^20 bytes.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

ALL_ROLES = "all roles"
HOURS = 730
"""Hours in a month, as the vendors' own calculators count them: 365 x 24 / 12."""
MB_IN_MIB = 1_000_000 / 1_048_576
SLOW_DETACH_MINUTES = 8
"""Minutes until a disk is mounted on another node after the loss of its node, without fencing by hand. Kubernetes
detaches it by force after 6 minutes (aws-ebs-csi-driver docs/faq.md); attaching and mounting it takes the rest."""


@dataclass(frozen=True)
class Use:
    """Use that no definition of a resource says.

    None: the stack file does not say it, and what depends on it is unknown.
    """

    read_gib: int | None = None
    """GiB read in a month from each file system that bills reading."""
    written_gib: int | None = None
    """GiB written in a month to each file system that bills writing."""
    backup_gib: int | None = None
    """GiB that the backups of each file system hold."""


@dataclass(frozen=True)
class Charge:
    """One item that is billed for a product in a month."""

    what: str
    item: str
    """Key in the price list. Empty when there can be no price, for example for a server of the user's own."""
    quantity: Decimal | None
    """Quantity in a month. None when it depends on use that the stack file does not say (`Use`); it never counts as
    0."""
    note: str = ""
    """An assumption about the quantity, in words."""
    unknown: str = ""
    """Why there can be no price, when `item` is empty."""


@dataclass(frozen=True)
class Speed:
    """The speed of one product. The numbers are None when the vendor publishes no formula."""

    iops: int | None
    mib_s: float | None
    """Read throughput in MiB/s."""
    formula: str
    """The formula in words, or why the speed is not known."""
    source: str = ""
    """URL of the formula."""


class Cheaper(NamedTuple):
    """A cheaper product that could be bought in place of this one."""

    change: str
    """The key and value to write in the stack file, below the claim or the database."""
    gives_up: str
    product: "Product"


class QuotaUse(NamedTuple):
    """How much of a quota of the cloud a product uses up.

    Codes and names are those of AWS Service Quotas (`aws service-quotas list-service-quotas --service-code fsx`).
    """

    service: str
    code: str
    name: str
    amount: float
    """In the unit of the quota."""
    counts: str = ""
    """Type of resource of which the quota counts one each, as the tagging API names it, `rds:db`. Empty: it is an
    amount of GiB, TiB or MB/s."""


@dataclass(frozen=True)
class Free:
    """A resource that costs nothing, or is billed with something else."""

    reason: str


Inputs = Mapping[str, Any]
"""Inputs of a resource with keys in camelCase, as the program gave them; or the parameters of a StorageClass."""
ResourceRule = Callable[[Inputs, int | None], "Product"]
"""(inputs, size of the resource's claim or None without a known claim) -> product. KeyError, TypeError and ValueError
mean that the rule does not understand the inputs: the cost is then unknown."""
DiskRule = Callable[[Inputs, int], "Product | Free"]
"""(parameters of the StorageClass, size of the claim) -> product. It may raise the same errors as a ResourceRule."""


@dataclass(frozen=True)
class Recognised:
    """How a product is found among the resources of a plan."""

    types: Mapping[str, ResourceRule] = field(default_factory=dict[str, ResourceRule])
    """Type token -> rule that makes the product from the resource's inputs."""
    free: Mapping[str, str] = field(default_factory=dict[str, str])
    """Type token of a resource that is billed with the product -> why it costs nothing itself."""
    provisioners: Mapping[str, DiskRule] = field(default_factory=dict[str, DiskRule])
    """Provisioner of a StorageClass that the stack makes -> rule for its claims."""
    foreign_class: "Callable[[int, str], Product] | None" = None
    """(size, name of the class) -> product, for claims of a StorageClass that the stack does not make. Only one product
    has it."""
    not_made: "Callable[[int], Product] | None" = None
    """Size -> product, for claims that no resource of the stack pays for. Only one product has it."""


class Product(ABC):
    """Something that is bought: a frozen dataclass of plain values."""

    apart_roles: ClassVar[str] = ALL_ROLES
    """Roles in the tables of cost, when the product belongs to no claim."""
    apart_medium: ClassVar[str] = "other"
    """Medium in the tables of cost, when the product belongs to no claim."""
    made: ClassVar[bool] = True
    """Whether the stack registers a resource for it."""
    items: ClassVar[Mapping[str, str]] = {}
    """Regular expression of the items by which it is billed -> unit of their prices: GiB-month, IOPS-month, hour."""

    @classmethod
    @abstractmethod
    def recognised(cls) -> Recognised:
        """How the product is found among the resources of a plan."""

    @property
    @abstractmethod
    def words(self) -> str:
        """The product in a few words, for messages."""

    @abstractmethod
    def charges(self, use: Use) -> Iterator[Charge]:
        """Everything that is billed for it, in the order of the tables.

        Quantities are computed here, prices are not.
        """

    def speed(self, own_mib_s: float | None = None) -> Speed | None:
        """The speed by the vendor's published formula. None for a product that is not the storage of a claim.

        `own_mib_s`: MiB/s of the user's own server, if known.
        """
        return None

    def cheaper(self) -> Iterator[Cheaper]:
        """Cheaper products that would do, as far as a stack file can express the change."""
        yield from ()

    def lost_with_zone(self) -> str:
        """What is lost or out of reach with one zone, in words. Empty: nothing. By default it is not known."""
        return f"it is not known for {self.words}"

    def quotas(self) -> Iterator[QuotaUse]:
        """The quotas of the account that it uses up. By default none is known."""
        yield from ()

    @property
    def outage_minutes(self) -> int:
        """Minutes until it is usable again after the loss of a node, without fencing by hand."""
        return 0

    @property
    def zones_needed(self) -> int:
        """Number of zones with nodes that it needs."""
        return 1


@dataclass(frozen=True)
class Unknown(Product):
    """Something that may cost money, without a known price."""

    reason: str

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised()

    @property
    def words(self) -> str:
        return "something of unknown cost"

    def charges(self, use: Use) -> Iterator[Charge]:
        yield Charge("all of it", "", Decimal(1), unknown=self.reason)


def above(what: str, item: str, bought: int | None, included: int) -> Iterator[Charge]:
    """The charge for what is bought beyond what the price of the storage includes."""
    if bought is not None and bought > included:
        yield Charge(what, item, Decimal(bought - included), f"{included} are included")


def told(amount: int | None) -> Decimal | None:
    """A quantity of use as a Decimal; None when the stack file does not say it."""
    return None if amount is None else Decimal(amount)
