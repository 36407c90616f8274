"""Backups on Alibaba Cloud: snapshots of disks, and Cloud Backup of NAS file systems."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from estimate.product import Charge, Product, Recognised, Use, told

_ATTACHMENT = "alicloud:ecs/ecsAutoSnapshotPolicyAttachment:EcsAutoSnapshotPolicyAttachment"


@dataclass(frozen=True)
class Backups(Product):
    """Backups on Alibaba Cloud. Their size is not known from their schedule."""

    item: str
    """Key in the price list."""

    items: ClassVar[Mapping[str, str]] = {r"ecs\.snapshot|hbr\.vault\.storage": "GiB-month"}

    @classmethod
    def recognised(cls) -> Recognised:
        return Recognised(
            types={
                _ATTACHMENT: lambda _inputs, _size: cls("ecs.snapshot"),
                "alicloud:hbr/vault:Vault": lambda _inputs, _size: cls("hbr.vault.storage"),
                "alicloud:hbr/replicationVault:ReplicationVault": lambda _inputs, _size: cls("hbr.vault.storage"),
            },
            free={
                "alicloud:ecs/autoSnapshotPolicy:AutoSnapshotPolicy": "a schedule; the snapshots are billed by disk",
                "alicloud:hbr/nasBackupPlan:NasBackupPlan": "a schedule; the copies are billed with the vault",
            },
        )

    @property
    def words(self) -> str:
        return "backups"

    def charges(self, use: Use) -> Iterator[Charge]:
        yield Charge("backups", self.item, told(use.backup_gib), "GiB held, incremental")
