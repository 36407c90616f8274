"""The product disk of a StorageClass that the stack does not make."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from estimate.product import SLOW_DETACH_MINUTES, Charge, Product, Recognised, Speed, Use


@dataclass(frozen=True)
class OwnClass(Product):
    """A disk of a StorageClass that the stack does not make. Only the owner of the class knows its price."""

    size_gib: int
    storage_class: str

    apart_medium = "block"

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(foreign_class=cls)

    @property
    def words(self) -> str:
        return f"StorageClass {self.storage_class}"

    def charges(self, use: Use) -> Iterator[Charge]:
        why = f"{self.words} is not made by this stack, so its price is not known"
        yield Charge("storage", "", Decimal(self.size_gib), note=why, unknown=why)

    def speed(self, own_mib_s: float | None = None) -> Speed | None:
        return Speed(None, None, f"{self.words} is not made by this stack")

    @property
    def outage_minutes(self) -> int:
        return SLOW_DETACH_MINUTES  # its driver is not known, so the slowest one is assumed
