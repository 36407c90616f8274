"""The product storage of the user's own, which the stack uses and does not make."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from estimate.product import Charge, Product, Recognised, Speed, Use


@dataclass(frozen=True)
class OwnStorage(Product):
    """Storage that the stack uses and does not make, such as an NFS server of the user's own."""

    size_gib: int

    apart_medium = "file"
    made = False

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(not_made=cls)

    @property
    def words(self) -> str:
        return "NFS"

    def charges(self, use: Use) -> Iterator[Charge]:
        why = "storage of your own: its cost is not known"
        yield Charge("storage", "", Decimal(self.size_gib), note=why, unknown=why)

    def speed(self, own_mib_s: float | None = None) -> Speed | None:
        if own_mib_s is None:
            return Speed(None, None, "a server of your own: give its speed as kotaemon:estimate.nfsMibPerSecond")
        return Speed(None, own_mib_s, "as given in kotaemon:estimate.nfsMibPerSecond")
