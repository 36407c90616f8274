"""What Alibaba Cloud refuses. The sources are named as in tests/engine/examples/refusals.py."""

from collections.abc import Sequence

from tests.engine.examples.rule import Asked, Rule, matching, zone


def _second_default_key(asked: Asked) -> str:
    if asked.inputs.get("dkmsInstanceId"):
        return ""
    others = [of for _, of in asked.of("alicloud:kms/key:Key") if not of.get("dkmsInstanceId")]
    return "Rejected.LimitExceeded: the region has its one default key" if others else ""


def _default_key_rotation(asked: Asked) -> str:
    given = asked.inputs.get("rotationInterval")
    wrong = given and not asked.inputs.get("dkmsInstanceId") and given not in ("365d", "31536000s")
    return f"InvalidParameter: a default key rotates every 365 days, not {given}" if wrong else ""


_ESSD = {"PL0": 1, "PL1": 20, "PL2": 461, "PL3": 1261}


def _essd_size(asked: Asked) -> str:
    kind, size = asked.inputs["category"], asked.inputs["size"]
    least = (
        _ESSD[asked.inputs.get("performanceLevel") or "PL1"] if kind == "cloud_essd" else 10 * ("entry" in kind) or 1
    )
    return "" if least <= size <= 65536 else f"InvalidDiskSize.NotSupported: {size} GiB, least {least}"


_NOT_SOLD = {("Capacity", "cn-hangzhou-k")}
"""Types of NAS that a zone of the stand-in does not have. The pair is made up; DescribeZones tells the real ones."""


def _nas(asked: Asked) -> str:
    of = asked.inputs
    if (of["storageType"], of.get("zoneId")) in _NOT_SOLD:
        return f"InvalidStorageType.NotSupported: {of['storageType']} in {of['zoneId']}"
    if of["fileSystemType"] == "extreme" and not of.get("capacity"):
        return "MissingCapacity: an extreme file system is bought in GiB"
    if bool(of.get("kmsKeyId")) != (of.get("encryptType") == 2):
        return f"InvalidEncryptType: {of.get('encryptType')} with key {of.get('kmsKeyId')!r}"
    return ""


def _target(asked: Asked) -> str:
    group, files = asked.inputs["accessGroupName"], asked.inputs["fileSystemId"]
    kinds = [
        of["fileSystemType"]
        for _, of in asked.of("alicloud:nas/accessGroup:AccessGroup")
        if of["accessGroupName"] == group
    ]
    wanted = asked.one("alicloud:nas/fileSystem:FileSystem", files).get("fileSystemType")
    return f"InvalidAccessGroup.NotFound: {group} for {wanted}" if wanted and wanted not in kinds else ""


def _rds_key(asked: Asked) -> str:
    key = asked.inputs.get("encryptionKey")
    if key in ("ServiceKey", "", None):
        return "InvalidEncryptionKey: an instance is made encrypted with the id of a key only"
    return "" if asked.inputs["instanceType"].startswith("pg.x") else "Forbidden: only dedicated types take your key"


def _rds_zones(asked: Asked) -> str:
    networks = str(asked.inputs["vswitchId"]).split(",")
    zones = [asked.inputs.get(key) for key in ("zoneId", "zoneIdSlaveA")]
    right = len(set(zones)) == 2 and list(map(zone, zones)) == list(map(zone, networks))
    return "" if right else f"InvalidVSwitchId: {', '.join(networks)} for zones {zones[0]}, {zones[1]}"


def _logs_kept(asked: Asked) -> str:
    logs, kept = asked.inputs.get("logBackupRetentionPeriod") or 0, asked.inputs["backupRetentionPeriod"]
    return "InvalidParameter: logs are kept no longer than backups" if logs > kept else ""


RULES: Sequence[Rule] = (
    Rule("alicloud:kms/key:Key", "KMS, Manage keys (2025-12-04): one default key in a region", _second_default_key),
    Rule("alicloud:kms/key:Key", "KMS UpdateRotationPolicy (after the change of 2023-12-20)", _default_key_rotation),
    Rule(
        "alicloud:kms/alias:Alias",
        "Alibaba SDK, kms CreateAlias",
        matching("aliasName", r"alias/(?!acs)[A-Za-z0-9_/-]{1,249}", "Rejected.InvalidAlias"),
    ),
    Rule("alicloud:ecs/ecsDisk:EcsDisk", "Alibaba SDK, ecs CreateDisk, Size", _essd_size),
    Rule(
        "alicloud:ecs/ecsDisk:EcsDisk",
        "tf-alicloud, resource_alicloud_ecs_disk.go, category",
        matching("category", "cloud_auto|cloud_essd|cloud_essd_entry", "expected category to be one of"),
    ),
    Rule("alicloud:nas/fileSystem:FileSystem", "Alibaba SDK, nas CreateFileSystem", _nas),
    Rule(
        "alicloud:nas/accessGroup:AccessGroup",
        "Alibaba SDK, nas CreateAccessGroup, AccessGroupName",
        matching("accessGroupName", r"[A-Za-z][A-Za-z0-9_-]{2,63}", "InvalidAccessGroupName"),
    ),
    Rule("alicloud:nas/mountTarget:MountTarget", "Alibaba SDK, nas CreateMountTarget, AccessGroupName", _target),
    Rule(
        "alicloud:hbr/vault:Vault",
        "Alibaba SDK, hbr CreateVault, VaultName",
        matching("vaultName", ".{1,64}", "InvalidVaultName"),
    ),
    Rule(
        "alicloud:rds/instance:Instance",
        "tf-alicloud, db_instance.html.markdown, encryption_key; RDS, Configure cloud disk encryption (stored 2026)",
        _rds_key,
    ),
    Rule("alicloud:rds/instance:Instance", "tf-alicloud, db_instance.html.markdown, zone_id_slave_a", _rds_zones),
    Rule("alicloud:rds/backupPolicy:BackupPolicy", "tf-alicloud, resource_alicloud_db_backup_policy.go", _logs_kept),
    Rule(
        "alicloud:rds/rdsAccount:RdsAccount",
        "tf-alicloud, resource_alicloud_rds_account.go, account_name",
        matching("accountName", r"[a-z][a-z0-9_]{0,61}[a-z0-9]", "InvalidAccountName"),
    ),
    Rule(
        "alicloud:oss/bucket:Bucket",
        "OSS, Bucket naming (stored 2026)",
        matching("bucket", r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "InvalidBucketName"),
    ),
)
