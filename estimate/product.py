"""What every product has to say: how it is recognised, what is billed for it, how fast it is, and what is lost with it.

A product is what a cloud sells and a stack buys. Each has one file in `estimate/products/`, and nothing outside that
file asks which product it is. Sizes are in GiB; MB are 10^6 bytes, MiB 2^20.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

ALL_ROLES = "all roles"
HOURS = 730
"""Hours of a month, as the vendors' own calculators count: 365 x 24 / 12."""
MB_IN_MIB = 1_000_000 / 1_048_576
SLOW_DETACH_MINUTES = 8
"""Until a disk is mounted on another node after its node was lost, without fencing by hand: Kubernetes detaches it by
force after 6 minutes (aws-ebs-csi-driver docs/faq.md), and then it has to be attached and mounted."""


@dataclass(frozen=True)
class Use:
    """What nobody can read from a definition. None: not told, and what depends on it is unknown."""

    read_gib: int | None = None
    """Read from each file system that bills reading, in a month."""
    written_gib: int | None = None
    """Written, the same."""
    backup_gib: int | None = None
    """Held by backups of each file system."""


@dataclass(frozen=True)
class Charge:
    """One thing that is billed."""

    what: str
    item: str
    """Key in the price list; empty: there can be no price (a server of one's own)."""
    quantity: Decimal | None
    """None: it depends on use that nobody has told (`Use`); it is never taken as 0."""
    note: str = ""
    """An assumption, in words."""
    unknown: str = ""
    """Why there can be no price, where there is no item."""


@dataclass(frozen=True)
class Speed:
    """What one product gives. Where no formula is published the numbers are None."""

    iops: int | None
    mib_s: float | None
    """Throughput of reads, in MiB/s."""
    formula: str
    """In words; or why nothing is known."""
    source: str = ""
    """Address."""


class Cheaper(NamedTuple):
    """A cheaper neighbour that can be bought."""

    change: str
    """What to write in the stack file, below the claim or the database."""
    gives_up: str
    product: "Product"


@dataclass(frozen=True)
class Free:
    """A resource that costs nothing, or is billed with something else."""

    reason: str


Inputs = Mapping[str, Any]
"""Of a resource, camelCase, as the program gave them; or the parameters of a StorageClass."""
ResourceRule = Callable[[Inputs, int | None], "Product"]
"""(inputs, size of the claim that the resource is of, None: of no known claim) -> product. It may raise KeyError,
TypeError and ValueError for what it does not understand: the cost is then unknown."""
DiskRule = Callable[[Inputs, int], "Product | Free"]
"""(parameters of the StorageClass, size of the claim) -> product. It may raise the same."""


@dataclass(frozen=True)
class Recognised:
    """How a product is found among the resources of a plan."""

    types: Mapping[str, ResourceRule] = field(default_factory=dict[str, ResourceRule])
    """Type token -> rule."""
    free: Mapping[str, str] = field(default_factory=dict[str, str])
    """Type token of what comes with the product and is billed with it -> why it is free."""
    provisioners: Mapping[str, DiskRule] = field(default_factory=dict[str, DiskRule])
    """Provisioner of a StorageClass that the stack makes -> rule of its claims."""
    foreign_class: "Callable[[int, str], Product] | None" = None
    """(size, name of the class) -> product, for claims of a StorageClass that the stack does not make. One product."""
    not_made: "Callable[[int], Product] | None" = None
    """Size -> product, for claims that no resource of the stack pays for. One product."""


class Product(ABC):
    """Something that is bought, as a frozen dataclass of plain values."""

    apart_roles: ClassVar[str] = ALL_ROLES
    """Roles in the tables, when it is of no claim."""
    apart_medium: ClassVar[str] = "other"
    """Medium in the tables, when it is of no claim."""
    made: ClassVar[bool] = True
    """Whether a resource of the stack stands for it."""

    @classmethod
    @abstractmethod
    def recognised(cls) -> Recognised:
        """How it is found among the resources of a plan."""

    @property
    @abstractmethod
    def words(self) -> str:
        """What it is, in a few words for people."""

    @abstractmethod
    def charges(self, use: Use) -> Iterator[Charge]:
        """All that is billed for it, in the order of the tables. How a vendor counts stands here, no price does."""

    def speed(self, own_mib_s: float | None = None) -> Speed | None:
        """What the storage gives, by the vendor's published formula; None for what is no storage of a claim.

        `own_mib_s`: what the user knows of a server of his own.
        """
        return None

    def cheaper(self) -> Iterator[Cheaper]:
        """Its cheaper neighbours, as far as the stack file can say them."""
        yield from ()

    def lost_with_zone(self) -> str:
        """What is lost or out of reach with one zone, in words; empty: nothing. Unless told otherwise, not known."""
        return f"of {self.words} it is not known"

    @property
    def outage_minutes(self) -> int:
        """How long it is away when a node is lost, without fencing by hand."""
        return 0

    @property
    def zones_needed(self) -> int:
        """Zones with nodes that it takes."""
        return 1


@dataclass(frozen=True)
class Unknown(Product):
    """It may cost something, and nobody here knows what."""

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
    """What is bought on top of what the storage's price includes."""
    if bought is not None and bought > included:
        yield Charge(what, item, Decimal(bought - included), f"{included} are included")


def told(amount: int | None) -> Decimal | None:
    """A quantity that may not have been told."""
    return None if amount is None else Decimal(amount)
