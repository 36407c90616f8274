"""What the provider for Alibaba Cloud refuses before it calls the API, and the limits of names that the API gives.

The provider's own validation functions: `ValidateFunc` of the fields that our components set, in aliyun/terraform-provider-
alicloud at 81c43b6 (2026-08-21), alicloud/resource_alicloud_<second part>.go. The limits of names and periods: the texts of
Alibaba Cloud's SDKs, of the versions in requirements-cloud-api.lock. Types and required fields are in the Python SDK of the
provider (tests/cloud_api/sdk.py).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from plan.recorder import Registration

Rule = Callable[[Any], str]


def one_of(*values: Any) -> Rule:
    """`StringInSlice`, `IntInSlice`."""
    return lambda value: "" if value in values else f"is none of {', '.join(map(str, values))}"


def between(low: int, high: int) -> Rule:
    """`IntBetween`."""
    return lambda value: "" if low <= value <= high else f"is outside {low} to {high}"


def matches(pattern: str) -> Rule:
    """`StringMatch`."""
    return lambda value: "" if re.fullmatch(pattern, value) else f"does not match {pattern}"


def length(low: int, high: int) -> Rule:
    """`StringLenBetween`."""
    return lambda value: "" if low <= len(value) <= high else f"has {len(value)} characters, not {low} to {high}"


def is_json(value: Any) -> str:
    """`StringIsJSON`."""
    try:
        json.loads(value)
    except ValueError:
        return "is no JSON"
    return ""


def most(number: int) -> Rule:
    """`MaxItems`, and limits of the API on lists and tags."""
    return lambda value: "" if len(value) <= number else f"has {len(value)} items, not {number} at most"


_HOURS = one_of(*(f"{hour:02}:00Z-{hour + 1:02}:00Z" for hour in range(24)))
_ON = one_of("Enabled", "Disabled")
_NAMED = matches(r"(?!https?://)[A-Za-z][A-Za-z0-9:_.-]{1,127}")
_TAGS = most(20)
_OSS_CLASSES = one_of("Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive")
RULES: Mapping[str, Mapping[str, Rule]] = {
    "kms/key:Key": {
        "automaticRotation": _ON,
        "deletionProtection": _ON,
        "keySpec": one_of(
            "Aliyun_AES_256",
            "Aliyun_AES_128",
            "Aliyun_AES_192",
            "Aliyun_SM4",
            "RSA_2048",
            "RSA_3072",
            "EC_P256",
            "EC_SM2",
        ),
        "keyUsage": one_of("ENCRYPT/DECRYPT", "SIGN/VERIFY"),
        "pendingWindowInDays": between(7, 366),
        "rotationInterval": matches(r"([7-9]|[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-5])d|[0-9]+s"),
        "tags": _TAGS,
    },
    "kms/alias:Alias": {"aliasName": matches(r"alias/(?!acs)[A-Za-z0-9_/-]{1,249}")},
    "ecs/ecsDisk:EcsDisk": {
        "category": one_of("cloud", "cloud_efficiency", "cloud_essd", "cloud_ssd", "cloud_auto", "cloud_essd_entry"),
        "paymentType": one_of("PayAsYouGo", "Subscription"),
        "performanceLevel": one_of("PL0", "PL1", "PL2", "PL3"),
        "type": one_of("offline", "online"),
        "diskName": _NAMED,
        "tags": _TAGS,
    },
    "ecs/autoSnapshotPolicy:AutoSnapshotPolicy": {"autoSnapshotPolicyName": _NAMED, "tags": _TAGS},
    "nas/fileSystem:FileSystem": {
        "encryptType": one_of(0, 1, 2),
        "fileSystemType": one_of("standard", "extreme", "cpfs", "cpfsse"),
        "protocolType": one_of("NFS", "SMB", "cpfs"),
        "recycleBin.status": one_of("Enable", "Disable"),
        "recycleBin.reservedDays": between(0, 180),
        "storageType": one_of(
            "Performance", "Capacity", "standard", "advance", "advance_100", "advance_200", "Premium"
        ),
        "description": _NAMED,
        "tags": _TAGS,
    },
    "nas/accessGroup:AccessGroup": {
        "accessGroupName": matches(r"[A-Za-z][A-Za-z0-9_-]{2,63}"),
        "fileSystemType": one_of("standard", "extreme"),
    },
    "nas/accessRule:AccessRule": {
        "fileSystemType": one_of("standard", "extreme"),
        "priority": between(0, 100),
        "rwAccessType": one_of("RDWR", "RDONLY"),
        "userAccessType": one_of("no_squash", "root_squash", "all_squash"),
    },
    "hbr/vault:Vault": {
        "encryptType": one_of("HBR_PRIVATE", "KMS"),
        "vaultStorageClass": one_of("STANDARD"),
        "vaultType": one_of("STANDARD", "OTS_BACKUP"),
        "vaultName": length(1, 64),
        "description": length(0, 255),
        "tags": _TAGS,
    },
    "hbr/nasBackupPlan:NasBackupPlan": {
        "backupType": one_of("COMPLETE"),
        "schedule": matches(r"I\|[0-9]+\|P[0-9]*D?(T[0-9]+H)?"),
        "retention": matches("[1-9][0-9]*"),
        "nasBackupPlanName": length(1, 64),
        "paths": most(20),
    },
    "rds/instance:Instance": {
        "instanceChargeType": one_of("Postpaid", "Prepaid", "Serverless"),
        "category": one_of("Basic", "HighAvailability", "AlwaysOn", "Finance", "cluster"),
        "dbInstanceStorageType": one_of(
            "local_ssd", "cloud_ssd", "cloud_essd", "cloud_essd2", "cloud_essd3", "general_essd"
        ),
        "instanceName": length(2, 256),
        "instanceStorage": lambda value: "is no multiple of 5" if value % 5 else "",
        "autoUpgradeMinorVersion": one_of("Auto", "Manual"),
        "sslAction": one_of("Open", "Close", "Update"),
        "storageAutoScale": one_of("Enable", "Disable"),
        "storageThreshold": one_of(0, 10, 20, 30, 40, 50),
        "tags": _TAGS,
    },
    "cms/alarm:Alarm": {
        "silenceTime": between(300, 86400),
        "escalationsWarn.comparisonOperator": one_of(">", ">=", "<", "<=", "!=", "=="),
        "escalationsWarn.threshold": matches(r"[0-9]+"),
        "metricDimensions": is_json,
        "contactGroups": lambda value: "is read back as two groups" if any("," in one for one in value) else "",
        "tags": _TAGS,
    },
    "rds/rdsAccount:RdsAccount": {
        "accountName": matches(r"[a-z][a-z0-9_]{0,61}[a-z0-9]"),
        "accountType": one_of("Normal", "Super", "Sysadmin"),
    },
    "rds/database:Database": {"dataBaseName": matches(r"[a-z][a-z0-9_-]*[a-z0-9]")},
    "rds/backupPolicy:BackupPolicy": {"preferredBackupTime": _HOURS},
    "rds/accountPrivilege:AccountPrivilege": {
        "privilege": one_of("ReadOnly", "ReadWrite", "DDLOnly", "DMLOnly", "DBOwner")
    },
    "ram/role:Role": {"assumeRolePolicyDocument": is_json, "roleName": matches("[A-Za-z0-9.-]{1,64}")},
    "ram/policy:Policy": {"policyDocument": is_json, "policyName": matches("[A-Za-z0-9-]{1,128}")},
    "ram/rolePolicyAttachment:RolePolicyAttachment": {"policyType": one_of("System", "Custom")},
    "oss/bucket:Bucket": {
        "bucket": matches(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"),
        "storageClass": _OSS_CLASSES,
        "redundancyType": one_of("LRS", "ZRS"),
        "lifecycleRules.id": length(0, 255),
        "lifecycleRules.transitions.storageClass": _OSS_CLASSES,
        "tags": _TAGS,
    },
    "oss/bucketVersioning:BucketVersioning": {"status": one_of("Enabled", "Suspended")},
    "oss/bucketServerSideEncryption:BucketServerSideEncryption": {"sseAlgorithm": one_of("KMS", "AES256", "SM4")},
    "oss/bucketAcl:BucketAcl": {"acl": one_of("private", "public-read", "public-read-write")},
    # Nothing but texts and switches that the schema has no rule for.
    "nas/mountTarget:MountTarget": {},
    "ecs/ecsAutoSnapshotPolicyAttachment:EcsAutoSnapshotPolicyAttachment": {},
    "cs/kubernetesAddon:KubernetesAddon": {},
    "resourcemanager/serviceLinkedRole:ServiceLinkedRole": {},
    "oss/bucketPolicy:BucketPolicy": {"policy": is_json},
    "oss/bucketPublicAccessBlock:BucketPublicAccessBlock": {},
}
"""Type without its package -> dotted name of an input -> its rule."""


def refused(registration: Registration) -> list[str]:
    """Why the provider, or the API, would refuse the inputs. A type that is not in the table is an error."""
    rules = RULES[registration.type.removeprefix("alicloud:")]
    return [
        f"{registration.type} {registration.name}: {name} {value!r} {reason}"
        for name, rule in rules.items()
        for value in _at(registration.inputs, name.split("."))
        if (reason := rule(value))
    ]


def _at(value: Any, path: list[str]) -> Iterator[Any]:
    if isinstance(value, list) and path:
        for inner in value:
            yield from _at(inner, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _at(value[path[0]], path[1:])
