"""Rules that hold for every Alibaba Cloud resource. Each function gives the reason of a refusal, or nothing."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from string import ascii_lowercase

TAGS_MAX = 20
STORAGE_ADDONS = ("csi-plugin", "csi-provisioner", "managed-csiprovisioner", "storage-operator", "cnfs-nas-daemon")
"""Add-ons of ACK that serve volumes. A new cluster has csi-plugin and one of the two provisioners."""
PROVISIONERS = ("managed-csiprovisioner", "csi-provisioner")
"""The two add-ons that make volumes, of which a cluster has one: beside the control plane, or in the cluster itself."""
MANAGED_ROLES = ("AliyunCSManagedCsiRole", "AliyunCSManagedCsiProvisionerRole", "AliyunCSManagedCsiPluginRole")
"""RAM roles by which the CSI components of a managed cluster make and mount volumes (ACK, "ACK roles", 2025-07-02, and
the Chinese page, which names all three). A click in the console makes them, or two commands each: the role for
cs.aliyuncs.com, and the system policy of its name with `Policy` behind it (terraform-provider-alicloud, page
cs_managed_kubernetes)."""
_TAG_LENGTH = 128
_CLOUD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{2,63}")

_DEFAULT_KEY_ROTATION_DAYS = 365
_DISK_KEY_SPECS = ("Aliyun_AES_256", "Aliyun_SM4")
_STORAGE_KEY_SPEC = "Aliyun_AES_256"
_KEY_ID = re.compile(r"key-[a-z0-9]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ALIAS = re.compile(r"alias/[A-Za-z0-9_/-]{1,249}")


def zone_name(region: str, letter: str) -> str:
    """Name of a zone. A region that ends with a digit is followed by the letter, any other one by `-` and the letter:
    ap-southeast-1a, cn-shanghai-finance-1f, cn-north-2-gov-1b, but cn-hangzhou-h (docs/clouds.md, point 1)."""
    return f"{region}{letter}" if region[-1:].isdigit() else f"{region}-{letter}"


_OSS_ELSEWHERE = {"cn-hangzhou-finance": ("oss-cn-hzjbp", "oss-cn-hzjbp-a-internal")}
"""Regions whose OSS is not called after them: location and host inside of the VPC (OSS, "Regions and endpoints",
endpoints of Alibaba Finance Cloud; examples of the OSS SDK for Java with this region, stored 2025)."""


def oss_location(region: str) -> str:
    """Name of a region in OSS."""
    return _OSS_ELSEWHERE.get(region, (f"oss-{region}",))[0]


def oss_endpoint(region: str) -> str:
    """URL of OSS in a region, inside the VPC, where traffic is free (OSS, "Regions and endpoints")."""
    return f"https://{_OSS_ELSEWHERE.get(region, ('', f'oss-{region}-internal'))[1]}.aliyuncs.com"


def refused_zone(zone: str, region: str) -> str:
    """Why a zone cannot be one of `region`."""
    if any(zone == zone_name(region, letter) for letter in ascii_lowercase):
        return ""
    first, second = zone_name(region, "a"), zone_name(region, "b")
    return f"is not a zone of region {region}; its zones are called {first}, {second} and so on"


def refused_tags(tags: Mapping[str, str]) -> str:
    """Tags as ECS, NAS, KMS and RDS all take them (ECS CreateDisk, KMS CreateKey: `Tags`)."""
    if len(tags) > TAGS_MAX:
        return f"{len(tags)} tags; Alibaba Cloud takes at most {TAGS_MAX}"
    for key, value in tags.items():
        if not key or len(key) > _TAG_LENGTH or len(value) > _TAG_LENGTH:
            return f"tag {key!r}: keys have 1 to {_TAG_LENGTH} characters, values at most {_TAG_LENGTH}"
        if key.lower().startswith(("aliyun", "acs:")):
            return f"tag {key!r}: keys that begin with aliyun or acs: belong to Alibaba Cloud"
        if "http://" in key + value or "https://" in key + value:
            return f"tag {key!r}: http:// and https:// are not allowed in tags"
    return ""


def refused_contact_groups(groups: Sequence[str]) -> str:
    """Why alarms cannot tell contact groups. The provider reads them as one text with commas between them."""
    if not groups:
        return "names none; give at least one contact group, which is made in the console of CloudMonitor"
    for group in groups:
        if not group.strip() or "," in group:
            return f"holds {group!r}, which is not allowed; each must be the name of one contact group, without commas"
    if len(set(groups)) < len(groups):
        return "names a group twice; leave one out"
    return ""


def refused_cidr(cidr: str) -> str:
    """A network whose hosts may reach stored data: private IPv4, and not half of the address space."""
    try:
        network = ipaddress.ip_network(cidr)
    except ValueError:
        return "must be a network, for example 10.0.0.0/16"
    if network.version != 4:
        return "must be IPv4: only some file systems take IPv6 rules (NAS CreateAccessRule)"
    if not network.is_private or network.prefixlen < 8:
        return "must be the cluster's private network: stored data is reachable from it"
    return ""


def refused_cloud_name(name: str) -> str:
    """A name in the account that access groups, vaults, disks and policies all may have (NAS CreateAccessGroup)."""
    if _CLOUD_NAME.fullmatch(name):
        return ""
    return "must have 3 to 64 letters, digits, '-' or '_' and begin with a letter"


def refused_key_id(key_id: str) -> str:
    """Why a value cannot be given to disks and file systems as their key; empty when it can."""
    if key_id.startswith("alias/"):
        return "is an alias; disks and file systems take the key's id (kms ListAliases shows it)"
    if key_id.startswith("acs:kms:"):
        return "is an ARN; disks and file systems take the key's id, the part after key/"
    if not _KEY_ID.fullmatch(key_id):
        return "must be the id of a KMS key, for example key-hzz6540example or 1234abcd-12ab-34cd-56ef-1234567890ab"
    return ""


def refused_alias(alias: str) -> str:
    """Why KMS would refuse an alias (API CreateAlias, AliasName)."""
    if not _ALIAS.fullmatch(alias):
        return "must be alias/ and 1 to 249 letters, digits, '-', '_' or '/'"
    if alias.startswith("alias/acs"):
        return "alias/acs belongs to Alibaba Cloud's own keys"
    return ""


def refused_rotation(days: int, *, in_instance: bool) -> str:
    """Why KMS would refuse a rotation period (API UpdateRotationPolicy, RotationInterval)."""
    if not in_instance and days != _DEFAULT_KEY_ROTATION_DAYS:
        return f"{days} days; a key outside a KMS instance rotates every 365 days only"
    if not 7 <= days <= 365:
        return f"{days} days; KMS takes 7 to 365"
    return ""


def refused_key_use(key: Mapping[str, str], region: str, *, disks_only: bool) -> str:
    """Why an existing key cannot encrypt storage, from what KMS DescribeKey tells of it; docs/clouds.md, keys.

    `key`: `status`, `key_usage`, `key_spec` and `creator` as the provider's data source gives them; empty when there is
    no such key. `disks_only`: whether nothing but disks uses it.
    """
    if not key:
        return f"there is no such key in region {region}, or the credentials may not see it (kms:ListKeys, DescribeKey)"
    if key["status"] != "Enabled":
        return f"its state is {key['status']}; it must be Enabled"
    if key["key_usage"] != "ENCRYPT/DECRYPT":
        return f"it is a key for {key['key_usage']}; storage needs one for ENCRYPT/DECRYPT"
    allowed = _DISK_KEY_SPECS if disks_only else (_STORAGE_KEY_SPEC,)
    if key["key_spec"] not in allowed:
        return f"its specification is {key['key_spec']}; what this stack makes takes {' or '.join(allowed)}"
    if not key["creator"].isdigit():
        return (
            f"it is the service key of {key['creator']}, which no other service may use; "
            "leave keyId out and write serviceKey: true"
        )
    return ""


def refused_window(days: int) -> str:
    """Why KMS would refuse the days before a deletion (API ScheduleKeyDeletion, PendingWindowInDays)."""
    return "" if 7 <= days <= 366 else f"{days} days; KMS takes 7 to 366"


def refused_addon(name: str) -> str:
    """Why an add-on is not managed here: it does not serve storage, so it belongs to whoever made the cluster."""
    return "" if name in STORAGE_ADDONS else f"is no storage add-on; allowed: {', '.join(STORAGE_ADDONS)}"


def refused_database(
    instance_type: str, storage_gib: int, backup_days: int, zones: Sequence[str] | None, most_gib: int | None = None
) -> str:
    """ApsaraDB RDS for PostgreSQL, high-availability edition, with a key of the customer's.

    Sources: RDS CreateDBInstance, ModifyBackupPolicy; "Configure disk encryption for an ApsaraDB RDS for PostgreSQL
    instance". `zones`: primary and standby, or None when they are not chosen yet. `most_gib`: to which
    the disk may grow by itself (parameter StorageUpperBound of ModifyDasInstanceConfig), or None.
    """
    if not instance_type.startswith("pg.x"):
        return f"instance type {instance_type!r}: only dedicated types (pg.x...) can be encrypted with a key of yours"
    if not re.fullmatch(r"pg\.x[0-9]+[a-z]*\.[a-z0-9]+\.2c", instance_type):
        return f"instance type {instance_type!r} is not one of the high-availability edition with cloud disks (...2c)"
    if storage_gib % 5 or not 20 <= storage_gib <= 64_000:
        return f"{storage_gib} GiB; RDS takes 20 to 64,000 GiB in steps of 5"
    if most_gib is not None and not storage_gib < most_gib <= 64_000:
        return f"the disk may grow to {most_gib} GiB; this must be more than its {storage_gib} GiB, and 64,000 at most"
    if not 7 <= backup_days <= 730:
        return f"backups are kept {backup_days} days; RDS takes 7 to 730"
    if zones is not None and (len(zones) != 2 or len(set(zones)) != 2):
        return "primary and standby need two different zones"
    return ""
