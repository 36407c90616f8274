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
    DEFAULT_KEY_ROTATION_DAYS,
    refused_alias,
    refused_rotation,
    refused_tags,
    refused_window,
)
from ..refusal import because, refuse


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


class AlicloudKeyArgs(TypedDict):
    """Arguments of AlicloudKey."""

    alias: str
    """`alias/<name>`, for people; unique in the region. Storage is always given the key's id."""
    description: NotRequired[str]
    """Description of the key; the default says which program made it."""
    rotation_days: NotRequired[int]
    """Days between rotations, 7 to 365; default 365. Old versions stay usable, so data needs no new encryption."""
    instance_id: NotRequired[str]
    """KMS instance that holds the key; default: the shared service. Only there may rotation_days differ from 365."""
    deletion_window_days: NotRequired[int]
    """Days in which a deletion can be taken back, 7 to 366; default 30. Deletion protection is on besides."""
    tags: NotRequired[Mapping[str, str]]
    """Added to the key."""
    protect: NotRequired[bool]
    """Refuse to delete the key; default true. It is kept on deletion in any case: without it all data is lost."""


def check(name: str, args: AlicloudKeyArgs) -> list[str]:
    """Mistakes in the arguments of AlicloudKey(name, args); none: it can be made."""
    rotation = args.get("rotation_days", DEFAULT_KEY_ROTATION_DAYS)
    return [
        *because(f"alias {args['alias']!r}", refused_alias(args["alias"])),
        *because("rotation_days", refused_rotation(rotation, in_instance="instance_id" in args)),
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
        automatic_rotation="Enabled",
        rotation_interval=f"{int(args.get('rotation_days', DEFAULT_KEY_ROTATION_DAYS))}d",
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
    """A symmetric key with rotation and deletion protection, and its alias.

    A key that exists already needs no component: give its id to the storage (refused_key_id in components/alicloud.py).
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
