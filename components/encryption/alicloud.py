"""A KMS key on Alibaba Cloud that disks, file systems, backups and databases can really use."""

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TypedDict

import pulumi
import pulumi_alicloud as alicloud
from pulumi import Output, ResourceOptions
from typing_extensions import NotRequired

from ..alicloud import (
    refused_alias,
    refused_key_use,
    refused_rotation,
    refused_tags,
    refused_window,
)
from ..refusal import because, refuse, require


class ServiceRole(str, Enum):
    """A role by which a service uses a key of yours. Each exists once in an account."""

    DISK = "disk"
    """AliyunECSDiskEncryptDefaultRole: encrypted disks. Only the console makes it by itself (ECS: encryption-related
    permissions); without it CreateDisk answers KMSUnauthorized."""
    NAS = "nas"
    """AliyunServiceRoleForNasEncryption: NAS with encryption type 2."""
    NAS_BACKUP = "nas-backup"
    """AliyunServiceRoleForHbrNasBackup: Cloud Backup reads NAS."""
    VAULT = "vault"
    """AliyunServiceRoleForHbrVaultEncryption: backup vaults under a key of yours."""
    DATABASE = "database"
    """AliyunRDSInstanceEncryptionDefaultRole: disks of ApsaraDB RDS."""


_LINKED = {
    ServiceRole.NAS: "encryption.nas.aliyuncs.com",
    ServiceRole.NAS_BACKUP: "nasbackup.hbr.aliyuncs.com",
    ServiceRole.VAULT: "vaultencryption.hbr.aliyuncs.com",
}
_ASSUMED = {
    ServiceRole.DISK: ("AliyunECSDiskEncryptDefaultRole", "AliyunECSDiskEncryptRolePolicy", "ecs.aliyuncs.com"),
    ServiceRole.DATABASE: (
        "AliyunRDSInstanceEncryptionDefaultRole",
        "AliyunRDSInstanceEncryptionRolePolicy",
        "rds.aliyuncs.com",
    ),
}


_LINKED_NAMES = {
    ServiceRole.NAS: "AliyunServiceRoleForNasEncryption",
    ServiceRole.NAS_BACKUP: "AliyunServiceRoleForHbrNasBackup",
    ServiceRole.VAULT: "AliyunServiceRoleForHbrVaultEncryption",
}


def role_name(role: ServiceRole) -> str:
    """Name of a service role in RAM."""
    return _LINKED_NAMES[role] if role in _LINKED_NAMES else _ASSUMED[role][0]


class AlicloudKeyArgs(TypedDict):
    """Arguments of AlicloudKey."""

    alias: str
    """`alias/<name>`, for people; unique in the region. Storage is always given the key's id."""
    description: NotRequired[str]
    """Description of the key; the default says which program made it."""
    rotation_days: NotRequired[int]
    """Days between rotations, 7 to 365; default: it does not rotate by itself. Old versions stay usable, so data needs
    no new encryption. Only a KMS instance of the software type rotates its keys; outside of one it is 365 days
    only, and an extra that is bought in the KMS console (KMS UpdateRotationPolicy)."""
    instance_id: NotRequired[str]
    """KMS instance that holds the key; default: none. Without one it is the one default key that KMS has for an account
    in a region: a second one cannot be made (KMS: Manage keys)."""
    deletion_window_days: NotRequired[int]
    """Days in which a deletion can be taken back, 7 to 366; default 30. Deletion protection is on besides."""
    tags: NotRequired[Mapping[str, str]]
    """Added to the key."""
    protect: NotRequired[bool]
    """Refuse to delete the key; default true. It is kept on deletion in any case: without it all data is lost."""


def check(name: str, args: AlicloudKeyArgs) -> list[str]:
    """Mistakes in the arguments of AlicloudKey(name, args); none: it can be made."""
    days = args.get("rotation_days")
    rotation = "" if days is None else refused_rotation(days, in_instance="instance_id" in args)
    return [
        *because(f"alias {args['alias']!r}", refused_alias(args["alias"])),
        *because("rotation_days", rotation),
        *because("deletion_window_days", refused_window(args.get("deletion_window_days", 30))),
        *because("tags", refused_tags(args.get("tags", {}))),
    ]


def key_args(args: AlicloudKeyArgs) -> alicloud.kms.KeyArgs:
    """The key.

    No `acs:nas:instance-encryption` or `acs:rds:instance-encryption` tag, though the services' roles may only use keys
    that carry it: KMS refuses such tags from users, the services set them, and the provider leaves them alone
    (KMS CreateKey: Tags; AliyunServiceRolePolicyForNasEncryption; terraform-provider-alicloud: tags.go ignoredTags).
    """
    return alicloud.kms.KeyArgs(
        description=args.get("description", "Kotaemon storage: all its data is encrypted with this key"),
        key_spec="Aliyun_AES_256",
        key_usage="ENCRYPT/DECRYPT",
        automatic_rotation="Enabled" if "rotation_days" in args else "Disabled",
        rotation_interval=f"{int(args['rotation_days'])}d" if "rotation_days" in args else None,
        dkms_instance_id=args.get("instance_id"),
        pending_window_in_days=int(args.get("deletion_window_days", 30)),
        deletion_protection="Enabled",
        deletion_protection_description="Kotaemon's disks, file systems and backups cannot be read without it",
        tags=args.get("tags", {}),
    )


def trust_policy(service: str) -> str:
    """The document by which one service, and nobody else, may assume a role."""
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": [service]}}
    return json.dumps({"Version": "1", "Statement": [statement]})


class AlicloudKey(pulumi.ComponentResource):
    """A symmetric key with deletion protection, and its alias.

    A key that exists already needs no component: give its id to the storage, after `existing_key`.
    """

    key_id: Output[str]
    """Id of the key."""

    def __init__(self, name: str, args: AlicloudKeyArgs, opts: ResourceOptions | None = None) -> None:
        refuse("AlicloudKey", name, check(name, args))
        super().__init__("kotaemon:index:AlicloudKey", name, None, opts)
        kept = ResourceOptions(parent=self, protect=args.get("protect", True), retain_on_delete=True)
        key = alicloud.kms.Key(f"{name}-key", args=key_args(args), opts=kept)
        self.key_id = key.id
        alicloud.kms.Alias(f"{name}-alias", alias_name=args["alias"], key_id=key.id, opts=ResourceOptions(parent=self))
        self.register_outputs({"key_id": self.key_id})


def existing_key(
    key_id: str, region: str, *, disks_only: bool, opts: pulumi.InvokeOptions | None = None
) -> Output[str]:
    """The id of an existing key, once it was read and found usable. Raises pulumi.RunError.

    `disks_only`: whether nothing but disks uses it.
    """

    def checked(found: alicloud.kms.GetKeysResult) -> str:
        told = next((key for key in found.keys if key.key_id == key_id), None)
        names = ("status", "key_usage", "key_spec", "creator")
        facts = {} if told is None else {name: str(getattr(told, name)) for name in names}
        require(f"KMS key {key_id}", refused_key_use(facts, region, disks_only=disks_only))
        return key_id

    return alicloud.kms.get_keys_output(ids=[key_id], opts=opts).apply(checked)


class ServiceRolesArgs(TypedDict):
    """Arguments of ServiceRoles."""

    roles: Sequence[ServiceRole]
    """Roles that the account lacks: one that exists already is an error of RAM."""
    protect: NotRequired[bool]
    """Refuse to delete the roles; default true. They are kept on deletion in any case: data is read through them."""


def check_roles(name: str, args: ServiceRolesArgs) -> list[str]:
    """Mistakes in the arguments of ServiceRoles(name, args); none: they can be made."""
    roles = [ServiceRole(role).value for role in args["roles"]]
    return [f"roles: {role} stands there twice" for role in sorted({r for r in roles if roles.count(r) > 1})]


class ServiceRoles(pulumi.ComponentResource):
    """The roles by which services use keys of this account. Storage depends on it: it is encrypted when it is made.

    They are kept on deletion: other keys and stacks of the account may have come to rely on them.
    """

    def __init__(self, name: str, args: ServiceRolesArgs, opts: ResourceOptions | None = None) -> None:
        refuse("ServiceRoles", name, check_roles(name, args))
        super().__init__("kotaemon:index:ServiceRoles", name, None, opts)
        shared = ResourceOptions(parent=self, protect=args.get("protect", True), retain_on_delete=True)
        for role in map(ServiceRole, args["roles"]):
            if role in _LINKED:
                alicloud.resourcemanager.ServiceLinkedRole(
                    f"{name}-{role.value}", service_name=_LINKED[role], opts=shared
                )
            else:
                _assumed_role(f"{name}-{role.value}", role, shared)
        self.register_outputs({})


def _assumed_role(name: str, role: ServiceRole, opts: ResourceOptions) -> None:
    role_name, policy, service = _ASSUMED[role]
    made = alicloud.ram.Role(
        name,
        role_name=role_name,
        description="Uses keys of this account for encryption at rest",
        assume_role_policy_document=trust_policy(service),
        opts=opts,
    )
    alicloud.ram.RolePolicyAttachment(
        f"{name}-policy",
        role_name=made.role_name.apply(lambda given: given or role_name),
        policy_name=policy,
        policy_type="System",
        opts=opts,
    )
