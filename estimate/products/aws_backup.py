"""The product AWS Backup: vaults with backups, and their copies in another region."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from estimate.product import Charge, Product, Recognised, Use, told

_PART = "a part of AWS Backup; what is in its vaults is billed"


@dataclass(frozen=True)
class AwsBackup(Product):
    """A vault of AWS Backup. What it will hold, and what is sent between regions, is not known from its plan."""

    items: ClassVar[Mapping[str, str]] = {r"backup\.storage": "GiB-month", r"backup\.transfer": "GiB"}

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(
            types={"aws:backup/vault:Vault": lambda _inputs, _size: cls()},
            free={
                "aws:backup/vaultLockConfiguration:VaultLockConfiguration": _PART,
                "aws:backup/vaultPolicy:VaultPolicy": _PART,
                "aws:backup/plan:Plan": _PART,
                "aws:backup/selection:Selection": _PART,
            },
        )

    @property
    def words(self) -> str:
        return "backup vault"

    def charges(self, use: Use) -> Iterator[Charge]:
        yield Charge("backups", "backup.storage", told(use.backup_gib), "GiB held, by kind of storage")
        yield Charge("copies", "backup.transfer", None, "GiB sent to the other region")
