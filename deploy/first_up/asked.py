"""What a check needs to know of a stack."""

from collections.abc import Mapping
from dataclasses import dataclass

from estimate.product import Product
from stacks.settings.claim import ClaimSettings
from stacks.settings.settings import Settings


@dataclass(frozen=True)
class Asked:
    """A stack, and what its plan registers."""

    settings: Settings
    types: frozenset[str]
    """Type tokens of the resources that the stack makes: `aws:efs/fileSystem:FileSystem`."""
    products: tuple[Product, ...] = ()
    """What it buys."""

    @property
    def claims(self) -> Mapping[str, ClaimSettings]:
        """Name in the stack file -> claim."""
        return self.settings.storage.claims

    def of_kind(self, *kinds: str) -> bool:
        """Whether any claim has one of these kinds."""
        return any(claim.kind in kinds for claim in self.claims.values())
