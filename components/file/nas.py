"""A NAS file system of Alibaba Cloud as a ReadWriteMany claim.

Made here and not by the CSI driver, which passes encryption on for extreme file systems only
(alibaba-cloud-csi-driver: pkg/nas/filesystem_controller.go).
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
import pulumi_alicloud as alicloud
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.core.v1 import CSIPersistentVolumeSourceArgs, PersistentVolumeSpecArgs
from typing_extensions import NotRequired

from ..alicloud import refused_cidr, refused_cloud_name, refused_tags
from ..contract import AccessMode, Claim, Locks, Medium
from ..encryption.kept import KEEPS_ITS_KEY
from ..quantity import gib, refused_size
from ..refusal import because, reasons, refuse
from ..volumes.names import cluster_wide
from ..volumes.static import static_claim, volume_spec
from .nas_rules import (
    NasEncryption,
    NasKind,
    NasProtocol,
    NasSquash,
    NasStorageType,
    NasSystem,
    refused_system,
    usual_system,
)
from .nfs import NfsStorageArgs, no_locks

DRIVER = "nasplugin.csi.alibabacloud.com"
BACKUP_SCHEDULE = "I|1767290400|P1D"
"""Every day at 18:00 UTC, 02:00 in China; the first was on 2026-01-01 (CreateBackupPlan: Schedule)."""
_ENCRYPT_TYPE = {NasEncryption.NAS_KEY: 1, NasEncryption.OWN_KEY: 2}


class NasStorageArgs(TypedDict):
    """Arguments of NasStorage."""

    namespace: Input[str]
    """Namespace that the claim is made in: that of the application."""
    cloud_name: str
    """Prefix of the names in the account, for example <project>-<stack>; unique in the region."""
    key_id: NotRequired[Input[str]]
    """Id of the KMS key. With encryption nas-key it encrypts the backups only. Default: none, for encryption nas-key;
    Cloud Backup then encrypts with a key of its own as well."""
    zone: str
    """Zone of the file system. All zones of the VPC can mount it; it is best where most pods are."""
    vpc_id: Input[str]
    """VPC of the cluster."""
    vswitch_id: Input[str]
    """vSwitch of the mount target, in `zone`."""
    client_cidrs: Sequence[str]
    """Private networks of the cluster's nodes; nobody else may mount."""
    claim_name: NotRequired[str]
    """Name of the PersistentVolumeClaim; default: the component's name."""
    size: NotRequired[str]
    """Size in Gi or Ti; default 100Gi. General-purpose does not enforce it, extreme is bought in it."""
    kind: NotRequired[NasKind]
    """Default standard: it grows by itself and has real locks."""
    storage_type: NotRequired[NasStorageType]
    """Default Performance (standard) or standard (extreme)."""
    protocol: NotRequired[NasProtocol]
    """Default 4.0, where two pods' locks on one file are real; extreme is 3 only."""
    encryption: NotRequired[NasEncryption]
    """Default own-key. There is no way to leave the data unencrypted: it could not be encrypted later."""
    squash: NotRequired[NasSquash]
    """Default no_squash: the role folders are made by root, and then belong to the pods' user. root_squash once
    NfsPreparation has run with `give_root`; NAS changes it in place."""
    recycle_bin_days: NotRequired[int]
    """Days that deleted files can be taken back, 1 to 180, 0 for none; default 7 for standard: what is deleted on a
    Friday is missed after the weekend. Extreme has none."""
    backup_days: NotRequired[int]
    """Days that Cloud Backup keeps its daily copy, 0 for none; default 30."""
    infrequent_access_days: NotRequired[int]
    """Always refused, and says why: NAS has no lifecycle for encrypted file systems."""
    resource_group_id: NotRequired[str]
    """Resource group of file system and vault; default: the account's default group."""
    tags: NotRequired[Mapping[str, str]]
    """Tags of file system and vault."""
    encrypted_by: NotRequired[str]
    """Whose key, for the storage table; default "KMS, key of your own", or "a key of NAS"."""
    protect: NotRequired[bool]
    """Refuse to delete what holds the data or leads to it; default true. All of it is kept on deletion in any case."""


def cloud_name(name: str, args: NasStorageArgs) -> str:
    """Name in the account of all that NasStorage(name, args) makes there."""
    return f"{args['cloud_name']}-{args.get('claim_name', name)}"


def asked_system(name: str, args: NasStorageArgs) -> NasSystem:
    """What NasStorage(name, args) asks NAS for. Raises pulumi.RunError."""
    recycle = args.get("recycle_bin_days")
    return usual_system(
        args.get("kind", NasKind.STANDARD),
        gib(args.get("size", "100Gi"), f"NasStorage {name!r}: size"),
        storage_type=args.get("storage_type"),
        protocol=args.get("protocol"),
        recycle_bin_days=None if recycle is None else int(recycle),
        backup_days=int(args.get("backup_days", 30)),
        infrequent_access_days=args.get("infrequent_access_days"),
    )


def check(name: str, args: NasStorageArgs) -> list[str]:
    """Mistakes in the arguments of NasStorage(name, args); none: it can be made."""
    size, full_name, cidrs = refused_size(args.get("size", "100Gi")), cloud_name(name, args), args["client_cidrs"]
    keyless = "missing; encryption own-key needs the id of the KMS key"
    no_key = keyless if _encryption(args) == NasEncryption.OWN_KEY and "key_id" not in args else ""
    nobody = "" if cidrs else "at least one network is needed, or no node can mount"
    return [
        *because("size", size),
        *because("key_id", no_key),
        *reasons("" if size else refused_system(asked_system(name, args)), refused_tags(args.get("tags", {}))),
        *because(f"cloud_name {full_name!r}", refused_cloud_name(full_name)),
        *because("client_cidrs", nobody),
        *(mistake for cidr in cidrs for mistake in because(f"client_cidrs {cidr!r}", refused_cidr(cidr))),
    ]


def nas_claim(name: str, args: NasStorageArgs) -> Claim:
    """The claim that NasStorage(name, args) makes, before it makes it. Raises pulumi.RunError."""
    refuse("NasStorage", name, check(name, args))
    system = asked_system(name, args)
    return Claim(
        name=args.get("claim_name", name),
        access_mode=AccessMode.RWX,
        medium=Medium.FILE,
        backend=f"nas{system.protocol.value[0]}",
        size_gib=system.size_gib,
        zones=[],  # every zone of the VPC
        encrypted_by=_encrypted_by(args),
        locks=Locks.SHARED if system.protocol == NasProtocol.V4 else Locks.NODE_LOCAL,
        # A recursive chown of all files at every start; the role folders are the pod user's anyway.
        fs_group=False,
    )


def mount_options(protocol: NasProtocol) -> list[str]:
    """The one right set for each protocol, so none can be given.

    `noresvport` lets the client come back from a new source port after the network broke; without it a mount hangs
    for ever. NFSv3 has to go without locks: NAS has no lock manager (NAS: protocols; pkg/nas/nodeserver.go).
    """
    options = [
        f"vers={protocol.value}",
        "hard",
        "proto=tcp",
        "timeo=600",
        "retrans=2",
        "rsize=1048576",  # 1 MiB
        "wsize=1048576",
        "noatime",
        "noresvport",
    ]
    return [*options, "nolock"] if protocol == NasProtocol.V3 else options


def mount_path(kind: NasKind) -> str:
    """Path that is mounted. Extreme file systems begin at /share, all others at /."""
    return "/share" if kind == NasKind.EXTREME else "/"


def file_system_args(args: NasStorageArgs, system: NasSystem, description: str) -> alicloud.nas.FileSystemArgs:
    """The file system. vpc_id and vswitch_id stay unset: NAS does not give them back, and the provider would replace
    the file system at every run (terraform-provider-alicloud: nas_file_system)."""
    bin_days = system.recycle_bin_days
    encryption = _encryption(args)
    return alicloud.nas.FileSystemArgs(
        protocol_type="NFS",
        file_system_type=system.kind.value,
        storage_type=system.storage_type.value,
        zone_id=args["zone"],
        capacity=system.size_gib if system.kind == NasKind.EXTREME else None,
        encrypt_type=_ENCRYPT_TYPE[encryption],
        kms_key_id=args.get("key_id") if encryption == NasEncryption.OWN_KEY else None,
        recycle_bin=alicloud.nas.FileSystemRecycleBinArgs(status="Enable", reserved_days=bin_days)
        if bin_days
        else None,
        description=description,
        resource_group_id=args.get("resource_group_id"),
        tags=args.get("tags", {}),
    )


def access_rules(args: NasStorageArgs, group: Input[str], kind: NasKind) -> list[alicloud.nas.AccessRuleArgs]:
    """One rule for each network. A group without a rule lets nobody in, so there is nothing else to forbid."""
    return [
        alicloud.nas.AccessRuleArgs(
            access_group_name=group,
            file_system_type=kind.value,
            source_cidr_ip=cidr,
            rw_access_type="RDWR",
            user_access_type=NasSquash(args.get("squash", NasSquash.NO_SQUASH)).value,
            priority=1,
        )
        for cidr in args["client_cidrs"]
    ]


def vault_args(args: NasStorageArgs, vault_name: str) -> alicloud.hbr.VaultArgs:
    """The backup vault, under the same key, or under one of Cloud Backup's own."""
    return alicloud.hbr.VaultArgs(
        vault_name=vault_name,
        vault_type="STANDARD",
        vault_storage_class="STANDARD",
        encrypt_type="KMS" if "key_id" in args else "HBR_PRIVATE",
        kms_key_id=args.get("key_id"),
        description="Daily copies of a Kotaemon file system",
        resource_group_id=args.get("resource_group_id"),
        tags=args.get("tags", {}),
    )


def nas_volume_spec(
    claim: Claim, system: NasSystem, server: Input[str], namespace: Input[str]
) -> PersistentVolumeSpecArgs:
    """The static volume on the file system."""
    source = CSIPersistentVolumeSourceArgs(
        driver=DRIVER,
        volume_handle=cluster_wide(namespace, claim["name"]),  # unique in the cluster, as the driver wants it
        volume_attributes={"server": server, "path": mount_path(system.kind)},
    )
    return volume_spec(claim, namespace, source, mount_options(system.protocol))


class NasStorage(pulumi.ComponentResource):
    """A file system, who may mount it, its mount target and its backup, and the volume and claim on it.

    Everything is kept on deletion, the mount target and its rules too: nodes hang when a mount target goes while it is
    mounted. Who deletes by hand goes the other way round: pods, volume, mount target, file system.
    """

    claim: Claim
    """The claim in plain values, known before anything exists."""
    server: Output[str]
    """Domain of the mount target."""
    file_system_id: Output[str]
    """Id of the file system."""
    vault_id: Output[str] | None
    """Id of the vault with its daily copies; None: none are made."""

    def __init__(self, name: str, args: NasStorageArgs, opts: ResourceOptions | None = None) -> None:
        claim = nas_claim(name, args)
        super().__init__("kotaemon:index:NasStorage", name, None, opts)
        self.claim = claim
        system = asked_system(name, args)
        full_name = cloud_name(name, args)
        self._kept = ResourceOptions(parent=self, protect=args.get("protect", True), retain_on_delete=True)
        self._encrypted = ResourceOptions(
            parent=self,
            protect=args.get("protect", True),
            retain_on_delete=True,
            ignore_changes=[*KEEPS_ITS_KEY, "encryptType"],
        )
        file_system = alicloud.nas.FileSystem(
            f"{name}-file-system", args=file_system_args(args, system, full_name), opts=self._encrypted
        )
        self.file_system_id = file_system.id
        target = self._mount_target(name, args, system)
        self.server = target.mount_target_domain
        self.vault_id = self._backup(name, args, system) if system.backup_days else None
        spec = nas_volume_spec(self.claim, system, self.server, args["namespace"])
        protect = args.get("protect", True)
        local = system.protocol == NasProtocol.V3
        exception = no_locks("NAS keeps no locks for NFS v3") if local else None
        static_claim(name, self.claim, args["namespace"], spec, parent=self, protect=protect, annotations=exception)
        self.register_outputs(
            {
                "claim": self.claim,
                "server": self.server,
                "file_system_id": self.file_system_id,
                "vault_id": self.vault_id,
            }
        )

    def _mount_target(self, name: str, args: NasStorageArgs, system: NasSystem) -> alicloud.nas.MountTarget:
        full_name = cloud_name(name, args)
        group = alicloud.nas.AccessGroup(
            f"{name}-access-group",
            access_group_name=full_name,
            access_group_type="Vpc",
            file_system_type=system.kind.value,
            opts=self._kept,
        )
        group_name = group.access_group_name.apply(lambda given: given or full_name)
        rules = [
            alicloud.nas.AccessRule(f"{name}-access-{number}", args=rule, opts=self._kept)
            for number, rule in enumerate(access_rules(args, group_name, system.kind), start=1)
        ]
        return alicloud.nas.MountTarget(
            f"{name}-mount-target",
            file_system_id=self.file_system_id,
            access_group_name=group_name,
            network_type="Vpc",
            vpc_id=args["vpc_id"],
            vswitch_id=args["vswitch_id"],
            # A mount that no rule allows yet hangs, and the pod with it.
            opts=ResourceOptions(
                parent=self, depends_on=rules, protect=args.get("protect", True), retain_on_delete=True
            ),
        )

    def _backup(self, name: str, args: NasStorageArgs, system: NasSystem) -> Output[str]:
        """The vault and its daily plan; gives the id of the vault."""
        full_name = cloud_name(name, args)
        vault = alicloud.hbr.Vault(f"{name}-vault", args=vault_args(args, full_name), opts=self._encrypted)
        alicloud.hbr.NasBackupPlan(
            f"{name}-backup",
            nas_backup_plan_name=full_name,
            backup_type="COMPLETE",
            file_system_id=self.file_system_id,
            vault_id=vault.id,
            paths=["/"],
            retention=str(system.backup_days),
            schedule=BACKUP_SCHEDULE,
            opts=self._kept,
        )
        return vault.id


def as_export(name: str, args: NasStorageArgs, server: Input[str]) -> NfsStorageArgs:
    """The same file system for components/file/preparation.py: root owns it, so a Job has to make the role folders.

    Mounted by the kubelet: the Job needs no driver.
    """
    system = asked_system(name, args)
    return NfsStorageArgs(
        namespace=args["namespace"],
        server=server,
        path=mount_path(system.kind),
        claim_name=args.get("claim_name", name),
        size=f"{system.size_gib}Gi",
        mount_options=[*mount_options(system.protocol), "nconnect=1"],  # as the application mounts it
        allow_nolock=system.protocol == NasProtocol.V3,
        encrypted_by=_encrypted_by(args),
        protect=args.get("protect", True),
    )


def _encryption(args: NasStorageArgs) -> NasEncryption:
    return NasEncryption(args.get("encryption", NasEncryption.OWN_KEY))


def _encrypted_by(args: NasStorageArgs) -> str:
    if _encryption(args) == NasEncryption.NAS_KEY:
        return "a key of NAS"
    return args.get("encrypted_by", "KMS, key of your own")
