"""The calls for vaults and plans, from terraform-provider-aws: internal/service/backup."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.cloud_api.aws.call import Call, Inputs, used


def _vault(left: Inputs, id_: str) -> Iterator[Call]:
    named = f"{id_}-1a2b3c4"  # the engine names it
    parameters = {"BackupVaultName": named, "EncryptionKeyArn": left.pop("kmsKeyArn")}
    yield Call("backup", "CreateBackupVault", {**parameters, **_tags(left, "BackupVaultTags")})


def _policy(left: Inputs, _: str) -> Iterator[Call]:
    parameters = {"BackupVaultName": left.pop("backupVaultName"), "Policy": left.pop("policy")}
    yield Call("backup", "PutBackupVaultAccessPolicy", parameters)


def _lock(left: Inputs, _: str) -> Iterator[Call]:
    parameters = {
        "BackupVaultName": left.pop("backupVaultName"),
        "MinRetentionDays": int(left.pop("minRetentionDays")),
    }
    yield Call("backup", "PutBackupVaultLockConfiguration", parameters)


def _plan(left: Inputs, _: str) -> Iterator[Call]:
    plan = {"BackupPlanName": left.pop("name"), "Rules": [_rule(dict(rule)) for rule in left.pop("rules")]}
    yield Call("backup", "CreateBackupPlan", {"BackupPlan": plan, **_tags(left, "BackupPlanTags")})


def _rule(left: Inputs) -> dict[str, Any]:
    with used("rule of a plan", left):
        return {
            "RuleName": left.pop("ruleName"),
            "TargetBackupVaultName": left.pop("targetVaultName"),
            "ScheduleExpression": left.pop("schedule"),
            "Lifecycle": _days(left.pop("lifecycle")),
            "CopyActions": [
                {"DestinationBackupVaultArn": copy["destinationVaultArn"], "Lifecycle": _days(copy["lifecycle"])}
                for copy in left.pop("copyActions")
            ],
        }


def _days(given: Any) -> dict[str, int]:
    return {"DeleteAfterDays": int(given["deleteAfter"])}


def _selection(left: Inputs, _: str) -> Iterator[Call]:
    selection: dict[str, Any] = {
        "SelectionName": left.pop("name"),
        "IamRoleArn": left.pop("iamRoleArn"),
        "Resources": left.pop("resources"),
    }
    if conditions := left.pop("conditions", None):
        equal = [
            {"ConditionKey": one["key"], "ConditionValue": one["value"]}
            for each in conditions
            for one in each["stringEquals"]
        ]
        selection["Conditions"] = {"StringEquals": equal}
    yield Call(
        "backup",
        "CreateBackupSelection",
        {"BackupPlanId": left.pop("planId"), "BackupSelection": selection},
    )


def _tags(left: Inputs, name: str) -> dict[str, Any]:
    tags = left.pop("tags", None)
    return {name: tags} if tags else {}


BUILDERS: dict[str, Callable[[Inputs, str], Iterator[Call]]] = {
    "aws:backup/vault:Vault": _vault,
    "aws:backup/vaultPolicy:VaultPolicy": _policy,
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": _lock,
    "aws:backup/plan:Plan": _plan,
    "aws:backup/selection:Selection": _selection,
}
