"""Copies on Alibaba Cloud: recognised and billed by what they hold."""

from decimal import Decimal

from estimate.product import Use
from estimate.products.alicloud_backups import Backups


def test_vaults_and_snapshots_are_items_of_their_own() -> None:
    rules = Backups.recognised().types
    assert rules["alicloud:hbr/vault:Vault"]({}, None) == Backups("hbr.vault.storage")
    attachment = "alicloud:ecs/ecsAutoSnapshotPolicyAttachment:EcsAutoSnapshotPolicyAttachment"
    assert rules[attachment]({}, None) == Backups("ecs.snapshot")


def test_they_are_billed_by_what_is_told_that_they_hold() -> None:
    assert [charge.quantity for charge in Backups("x").charges(Use())] == [None]
    assert [charge.quantity for charge in Backups("x").charges(Use(backup_gib=50))] == [Decimal(50)]
