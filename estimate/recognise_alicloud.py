"""Alibaba Cloud: type token -> product, or the reason why it is free."""

from collections.abc import Callable, Mapping
from typing import Any

from estimate.products import ApsaraPostgres, Backups, EssdDisk, Nas, OssBucket, Product

Inputs = Mapping[str, Any]
Rule = Callable[[Inputs, int | None], Product]

_WITH_FILE_SYSTEM = "part of the file system, which is billed itself"
_ACCESS = "identities and permissions are free"
_WITH_DATABASE = "a setting of the database, which is billed itself"
_WITH_BUCKET = "a setting of the bucket, which is billed itself"
FREE = {
    "alicloud:cs/kubernetesAddon:KubernetesAddon": "ACK add-ons are free; their pods run on nodes that are there",
    "alicloud:ecs/autoSnapshotPolicy:AutoSnapshotPolicy": "a schedule; the snapshots are billed by disk",
    "alicloud:hbr/nasBackupPlan:NasBackupPlan": "a schedule; the copies are billed with the vault",
    "alicloud:kms/alias:Alias": "aliases are free",
    # https://www.alibabacloud.com/help/en/kms/key-management-service/product-overview/billing, "What's free"
    "alicloud:kms/key:Key": "the account's default key is free; a KMS instance is billed itself, not its keys",
    "alicloud:nas/accessGroup:AccessGroup": _WITH_FILE_SYSTEM,
    "alicloud:nas/accessRule:AccessRule": _WITH_FILE_SYSTEM,
    "alicloud:nas/mountTarget:MountTarget": _WITH_FILE_SYSTEM,
    "alicloud:oss/bucketAcl:BucketAcl": _WITH_BUCKET,
    "alicloud:oss/bucketPolicy:BucketPolicy": _WITH_BUCKET,
    "alicloud:oss/bucketPublicAccessBlock:BucketPublicAccessBlock": _WITH_BUCKET,
    "alicloud:oss/bucketServerSideEncryption:BucketServerSideEncryption": _WITH_BUCKET,
    "alicloud:oss/bucketVersioning:BucketVersioning": _WITH_BUCKET,
    "alicloud:ram/policy:Policy": _ACCESS,
    "alicloud:ram/role:Role": _ACCESS,
    "alicloud:ram/rolePolicyAttachment:RolePolicyAttachment": _ACCESS,
    "alicloud:rds/accountPrivilege:AccountPrivilege": _WITH_DATABASE,
    "alicloud:rds/backupPolicy:BackupPolicy": "a schedule; the backups are billed with the instance",
    "alicloud:rds/database:Database": _WITH_DATABASE,
    "alicloud:rds/rdsAccount:RdsAccount": _WITH_DATABASE,
    "alicloud:resourcemanager/serviceLinkedRole:ServiceLinkedRole": _ACCESS,
}


def _nas(inputs: Inputs, size: int | None) -> Product:
    kind = inputs.get("fileSystemType", "standard")
    bought = int(inputs["capacity"]) if kind == "extreme" else size
    return Nas(bought, kind, inputs["storageType"])


def _ecs_disk(inputs: Inputs, _: int | None) -> Product:
    return EssdDisk(
        int(inputs["size"]),
        inputs["category"],
        inputs.get("performanceLevel", "PL1"),
        int(inputs.get("provisionedIops") or 0),
        bool(inputs.get("burstingEnabled")),
    )


def disk(parameters: Inputs, size: int) -> EssdDisk:
    """A disk that the driver makes: the first of its types (alibaba-cloud-csi-driver: pkg/disk/constants.go)."""
    return EssdDisk(
        size,
        str(parameters["type"]).split(",")[0],
        str(parameters.get("performanceLevel", "PL1")).split(",")[0],
        int(parameters.get("provisionedIops") or 0),
        parameters.get("burstingEnabled") == "true",
    )


def _apsara(inputs: Inputs, _: int | None) -> Product:
    if inputs["engine"] != "PostgreSQL":
        raise ValueError(f"engine {inputs['engine']}: only PostgreSQL has a rule")
    return ApsaraPostgres(inputs["instanceType"], int(inputs["instanceStorage"]))


RULES: dict[str, Rule] = {
    "alicloud:ecs/ecsAutoSnapshotPolicyAttachment:EcsAutoSnapshotPolicyAttachment": lambda _inputs, _: Backups(
        "ecs.snapshot"
    ),
    "alicloud:ecs/ecsDisk:EcsDisk": _ecs_disk,
    "alicloud:hbr/vault:Vault": lambda _inputs, _: Backups("hbr.vault.storage"),
    "alicloud:nas/fileSystem:FileSystem": _nas,
    "alicloud:oss/bucket:Bucket": lambda _inputs, _: OssBucket(),
    "alicloud:rds/instance:Instance": _apsara,
}
DISKS = {"diskplugin.csi.alibabacloud.com": disk}
"""Provisioner of a StorageClass -> rule of its disks."""
