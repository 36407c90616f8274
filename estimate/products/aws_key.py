"""The product AWS KMS key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from estimate.product import Charge, Product, Recognised, Use


@dataclass(frozen=True)
class AwsKey(Product):
    """A key of AWS KMS that the stack makes."""

    rotates: bool = True

    apart_medium = "key"

    items: ClassVar[Mapping[str, str]] = {r"kms\.key": "key-month", r"kms\.requests": "10,000 requests"}

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(
            types={"aws:kms/key:Key": lambda inputs, _size: cls(rotates=bool(inputs.get("enableKeyRotation")))},
            free={"aws:kms/alias:Alias": "aliases are free"},
        )

    @property
    def words(self) -> str:
        return "KMS key"

    def charges(self, use: Use) -> Iterator[Charge]:
        rotation = "each of the first two rotations adds one" if self.rotates else ""
        yield Charge("key", "kms.key", Decimal(1), rotation)
        yield Charge("requests", "kms.requests", None, "the first 20,000 of the account are free")
