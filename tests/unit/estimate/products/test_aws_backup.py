"""Vaults of AWS Backup: recognised, and billed by what they hold."""

from decimal import Decimal

from estimate.product import Use
from estimate.products.aws_backup import AwsBackup


def test_a_vault_is_billed_by_what_it_is_told_to_hold_and_by_what_is_sent() -> None:
    rules = AwsBackup.recognised()
    assert rules.types["aws:backup/vault:Vault"]({}, None) == AwsBackup()
    assert "aws:backup/plan:Plan" in rules.free
    assert {c.item: c.quantity for c in AwsBackup().charges(Use())} == {
        "backup.storage": None,
        "backup.transfer": None,
    }
    assert [c.quantity for c in AwsBackup().charges(Use(backup_gib=50))] == [Decimal(50), None]
