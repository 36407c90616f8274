"""A mirror of a vault of Cloud Backup in another region of Alibaba Cloud."""

from typing import TypedDict

import pulumi
import pulumi_alicloud as alicloud
from pulumi import Input, Output, ResourceOptions
from typing_extensions import NotRequired

from ..refusal import because, refuse


class MirrorVaultArgs(TypedDict):
    """Arguments of MirrorVault."""

    vault_name: str
    """Name of the mirror, 1 to 64 characters."""
    source_vault_id: Input[str]
    """Id of the vault that is copied."""
    source_region: str
    """Region of that vault; the mirror is in that of the provider. Cloud Backup lists the regions that can be mirrors
    of it (DescribeVaultReplicationRegions)."""
    key_id: NotRequired[Input[str]]
    """Id of the KMS key of the mirror, of its own region; default: a key of Cloud Backup."""
    protect: NotRequired[bool]
    """Refuse to delete the mirror; default true. It is kept on deletion in any case."""


def check(name: str, args: MirrorVaultArgs) -> list[str]:
    """Mistakes in the arguments of MirrorVault(name, args); none: it can be made."""
    fits = 1 <= len(args["vault_name"]) <= 64
    return because("vault_name", "" if fits else f"{args['vault_name']!r} must have 1 to 64 characters")


class MirrorVault(pulumi.ComponentResource):
    """Gets every backup of the other vault, for as long as that one keeps it (Cloud Backup, CreateReplicationVault)."""

    vault_id: Output[str]

    def __init__(self, name: str, args: MirrorVaultArgs, opts: ResourceOptions | None = None) -> None:
        refuse("MirrorVault", name, check(name, args))
        super().__init__("kotaemon:index:MirrorVault", name, None, opts)
        made = alicloud.hbr.ReplicationVault(
            f"{name}-vault",
            vault_name=args["vault_name"],
            replication_source_vault_id=args["source_vault_id"],
            replication_source_region_id=args["source_region"],
            vault_storage_class="STANDARD",
            encrypt_type="KMS" if "key_id" in args else "HBR_PRIVATE",
            kms_key_id=args.get("key_id"),
            opts=ResourceOptions(
                parent=self,
                protect=args.get("protect", True),
                retain_on_delete=True,
                ignore_changes=["kmsKeyId", "encryptType"],
            ),
        )
        self.vault_id = made.id
        self.register_outputs({"vaultId": self.vault_id})
