"""Vaults of copies: nobody empties them, and what is copied into them is what was asked for."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from components.protection.mirror_vault import MirrorVault, MirrorVaultArgs
from components.protection.mirror_vault import check as check_mirror
from components.protection.vault import (
    BackupCopies,
    BackupCopiesArgs,
    BackupVault,
    BackupVaultArgs,
    check,
    vault_policy,
)

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
THERE = "arn:aws:backup:eu-west-1:111122223333:backup-vault:copies"
FILES = "arn:aws:elasticfilesystem:eu-central-1:111122223333:file-system/fs-0a1b2c3d4e5f60718"


def copies(**changes: Any) -> BackupCopiesArgs:
    values: Any = {
        "account": "111122223333",
        "region": "eu-central-1",
        "vault_name": "source",
        "copy_vault_arn": THERE,
        "storage": [FILES],
    }
    return BackupCopiesArgs(**{**values, **changes})


def kept(run: Any) -> bool:
    made = [r for r in run.registrations if r.custom and not r.type.startswith("pulumi:")]
    return bool(made) and all((one.protect, one.retain_on_delete) == (True, True) for one in made)


@pytest.mark.parametrize("locked", [True, False])
def test_a_lock_of_the_vault_is_kept_as_the_vault_is(pulumi_run: Callable[..., Any], locked: bool) -> None:
    args = BackupVaultArgs(key_arn=KEY, locked=locked)
    run = pulumi_run(lambda: BackupVault("copies", args))
    locks = run.of("aws:backup/vaultLockConfiguration:VaultLockConfiguration")
    assert [(one.inputs["minRetentionDays"], one.protect, one.retain_on_delete) for one in locks] == [
        (1, True, True)
    ] * locked
    assert all("changeableForDays" not in one.inputs for one in locks)  # with it the lock could never be taken away


def test_a_vault_has_a_key_and_nobody_deletes_from_it(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: BackupVault("copies", BackupVaultArgs(key_arn=KEY)) and None)
    assert kept(run)
    vault = run.one("aws:backup/vault:Vault").inputs
    assert vault == {"kmsKeyArn": KEY}, "without force_destroy a vault with backups cannot be deleted"
    assert run.one("aws:backup/vaultPolicy:VaultPolicy").inputs["policy"]
    [denied] = vault_policy("eu-west-1")["Statement"]
    assert (denied["Effect"], denied["Principal"], denied["Resource"]) == ("Deny", "*", "*")
    assert denied["Action"] == ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"]


def test_another_account_may_copy_into_it_and_do_nothing_else() -> None:
    denied, allowed = vault_policy("cn-north-1", "444455556666")["Statement"]
    assert denied["Effect"] == "Deny"
    assert allowed["Principal"] == {"AWS": "arn:aws-cn:iam::444455556666:root"}
    assert allowed["Action"] == "backup:CopyIntoBackupVault"


def test_each_backup_is_copied_and_kept_as_long_as_asked(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: BackupCopies("plan", copies(days=400)) and None)
    assert kept(run)
    [rule] = run.one("aws:backup/plan:Plan").inputs["rules"]
    assert rule["copyActions"] == [{"destinationVaultArn": THERE, "lifecycle": {"deleteAfter": 400}}]
    assert (rule["targetVaultName"], rule["lifecycle"]) == ("source", {"deleteAfter": 7})
    assert run.one("aws:backup/selection:Selection").inputs["resources"] == [FILES]
    [trusted] = json.loads(run.one("aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"]
    assert trusted["Principal"] == {"Service": "backup.amazonaws.com"}


def test_disks_are_chosen_by_all_of_their_tags_together(pulumi_run: Callable[..., Any]) -> None:
    args = copies(storage=[], disk_tags={"app": "kotaemon", "stack": "prod"})
    run = pulumi_run(lambda: BackupCopies("plan", args) and None)
    chosen = run.one("aws:backup/selection:Selection").inputs
    assert chosen["resources"] == ["arn:aws:ec2:eu-central-1:111122223333:volume/*"]
    assert chosen["conditions"] == [
        {
            "stringEquals": [
                {"key": "aws:ResourceTag/app", "value": "kotaemon"},
                {"key": "aws:ResourceTag/stack", "value": "prod"},
            ]
        }
    ]
    # `selectionTags` would mean any of them: disks of other stacks.
    assert "selectionTags" not in chosen


@pytest.mark.parametrize("days", [0, -1, 36501])
def test_days_that_aws_backup_refuses(days: int) -> None:
    assert [line for line in check("plan", copies(days=days)) if "1 to 36500 days" in line]


def test_a_plan_of_nothing_is_refused() -> None:
    assert [line for line in check("plan", copies(storage=[])) if "nothing to copy" in line]


def test_the_mirror_is_in_the_region_of_its_provider(pulumi_run: Callable[..., Any]) -> None:
    args = MirrorVaultArgs(vault_name="copy", source_vault_id="v-1", source_region="cn-hangzhou", key_id="key-sh1")
    run = pulumi_run(lambda: MirrorVault("copy", args) and None)
    assert kept(run)
    assert run.one("alicloud:hbr/replicationVault:ReplicationVault").inputs == {
        "vaultName": "copy",
        "replicationSourceVaultId": "v-1",
        "replicationSourceRegionId": "cn-hangzhou",
        "vaultStorageClass": "STANDARD",
        "encryptType": "KMS",
        "kmsKeyId": "key-sh1",
    }
    del args["key_id"]
    own = pulumi_run(lambda: MirrorVault("copy", args) and None)
    assert own.one("alicloud:hbr/replicationVault:ReplicationVault").inputs["encryptType"] == "HBR_PRIVATE"
    args["vault_name"] = "x" * 65
    assert check_mirror("copy", args)
