"""Offers: what a kind of claim, a store or a platform proposes for a wish. The advisor combines them blindly.

Whoever makes an offer (the kinds, stores and platforms of the stacks) says what is bought, which claim the guard has to
judge, and what a stack file has to say for it. Sizes are in GiB.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from components.contract import Claim, Platform
from estimate.product import Product

DISK_SMALLEST = 40
"""GiB: 16,000 IOPS of gp3 need 32."""


class Part(str, Enum):
    """What an offer is for."""

    PLACE = "place"
    """What comes with the platform, whatever is chosen: its key, and what its section of the stack file has to say."""
    EVERYTHING = "everything"
    """One disk for all roles, of the profile single-writer."""
    DISK = "disk"
    """A disk for the databases of the profile single-writer, beside files."""
    FILES = "files"
    """What is shared."""
    MODELS = "models"
    """Models apart from everything else."""
    DATABASE = "database"
    """The SQL database of the profile scaled."""
    VECTORS = "vectors"
    """The vector server of the profile scaled."""

    @property
    def claim(self) -> str:
        """Name of its claim in an advised stack file; empty: it has none."""
        return _CLAIMS.get(self, "")

    @property
    def noun(self) -> str:
        """A store, for people."""
        return "vector server" if self == Part.VECTORS else self.value


_CLAIMS = {Part.EVERYTHING: "disk", Part.DISK: "disk", Part.FILES: "files", Part.MODELS: "models"}


@dataclass(frozen=True)
class Sizes:
    """GiB of what has to be kept."""

    models: int
    data: int
    """Indexes, documents, conversations."""
    logs: int


@dataclass(frozen=True)
class Wanted:
    """What an offer is asked for."""

    platform: Platform
    region: str
    zones: tuple[str, ...]
    """Names of the zones of the nodes; at least one."""
    sizes: Sizes

    def gib(self, part: Part) -> int:
        """Size of a claim: half as much again as it has to hold. Nothing works well on a full disk, and models are
        released beside the old ones. Raises ValueError for a part that is no claim.
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
                raise ValueError(f"{part.value} is no claim")


@dataclass(frozen=True, eq=False)
class Offer:
    """One way to get one part. Compared by identity: a stack file's words are mappings."""

    part: Part
    products: tuple[Product, ...] = ()
    """What is bought; the first gives the offer its name."""
    claim: Claim | None = None
    """As it would be planned, for the guard; None: it is no claim."""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Of a claim: its entry in `storage.claims`. Of a place: keys of the namespace, beside the platform's section."""
    section: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What it needs in the platform's section."""
    stores: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What it needs in the section `stores`."""

    def __post_init__(self) -> None:
        if bool(self.part.claim) != (self.claim is not None):
            raise ValueError(f"an offer of the part {self.part.value} has {'a' if self.part.claim else 'no'} claim")

    @property
    def words(self) -> str:
        """In a few words."""
        return self.products[0].words if self.products else ""


def merged(parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Fragments of a stack file together, mappings in them as well; keys in the order in which they come."""
    found: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            both = isinstance(value, Mapping) and isinstance(found.get(key), Mapping)
            found[key] = merged([found[key], value]) if both else value
    return found


def _with_room(gib: int) -> int:
    return -(-gib * 3 // 2)
