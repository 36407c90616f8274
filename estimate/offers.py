"""Offers: what a kind of claim, a store or a platform proposes for a load. The advisor combines them blindly.

An offer says what is bought, which claim the guard has to judge, and what to write in the stack file. The kinds, stores
and platforms in stacks/ make the offers. Sizes are in GiB.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from components.contract import Claim, Platform
from estimate.product import Product

DISK_SMALLEST = 40
"""Smallest disk that is offered, in GiB: 16,000 IOPS of gp3 need at least 32."""


class Part(str, Enum):
    """The part of a stack that an offer is for."""

    PLACE = "place"
    """What comes with the platform in any case: its key, and the required keys of its section in the stack file."""
    EVERYTHING = "everything"
    """One disk for all roles, in the profile single-writer."""
    DISK = "disk"
    """A disk for the databases of the profile single-writer, when the other roles are on shared files."""
    FILES = "files"
    """A file system for the shared roles."""
    MODELS = "models"
    """Storage for the models alone."""
    DATABASE = "database"
    """The SQL database of the profile scaled."""
    VECTORS = "vectors"
    """The vector server of the profile scaled."""

    @property
    def claim(self) -> str:
        """Name of the claim in an advised stack file. Empty for a part that is not a claim."""
        return _CLAIMS.get(self, "")

    @property
    def noun(self) -> str:
        """Name of a store in messages."""
        return "vector server" if self == Part.VECTORS else self.value


_CLAIMS = {Part.EVERYTHING: "disk", Part.DISK: "disk", Part.FILES: "files", Part.MODELS: "models"}


@dataclass(frozen=True)
class Sizes:
    """GiB of each kind of data that has to be kept."""

    models: int
    data: int
    """GiB of indexes, documents and conversations."""
    logs: int


@dataclass(frozen=True)
class Wanted:
    """The load, the zones and the sizes for which an offer is made."""

    platform: Platform
    region: str
    zones: tuple[str, ...]
    """Names of the zones that have nodes; at least one."""
    sizes: Sizes

    def gib(self, part: Part) -> int:
        """Size of a part's claim in GiB: 1.5 times what it has to hold, rounded up.

        The room is needed because file systems slow down when full, and a new model is stored beside the old one.
        Raises ValueError for a part that is not a claim.
        """
        everything = self.sizes.models + self.sizes.data + self.sizes.logs
        match part:
            case Part.EVERYTHING:
                return max(DISK_SMALLEST, _with_room(everything))
            case Part.DISK:
                return max(DISK_SMALLEST, _with_room(self.sizes.data))
            case Part.FILES:
                return _with_room(everything)
            case Part.MODELS:
                return _with_room(self.sizes.models)
            case _:
                raise ValueError(f"{part.value} is not a claim")


@dataclass(frozen=True, eq=False)
class Offer:
    """One way to get one part. Offers are compared by identity, because their stack file fragments are mappings."""

    part: Part
    products: tuple[Product, ...] = ()
    """The products to buy. The first one names the offer."""
    claim: Claim | None = None
    """The claim as it would be planned, for the guard. None when the offer is not a claim."""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """For a claim: its entry in `storage.claims`. For a platform: keys at the top level, beside the platform's
    section."""
    section: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Keys that the offer needs in the platform's section."""
    stores: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Keys that the offer needs in the section `stores`."""

    def __post_init__(self) -> None:
        if bool(self.part.claim) != (self.claim is not None):
            raise ValueError(f"an offer of the part {self.part.value} has {'a' if self.part.claim else 'no'} claim")

    @property
    def words(self) -> str:
        """The offer in a few words."""
        return self.products[0].words if self.products else ""


def merged(parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Fragments of a stack file merged into one, nested mappings included. Keys keep the order in which they come."""
    found: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            both = isinstance(value, Mapping) and isinstance(found.get(key), Mapping)
            found[key] = merged([found[key], value]) if both else value
    return found


def _with_room(gib: int) -> int:
    return -(-gib * 3 // 2)
