"""The claims of a stack file on Alibaba Cloud: as plain values before anything is made, and as components."""

import pulumi
from pulumi import Input, Output, ResourceOptions

from components.block.ecs_disk import EcsDiskStorage, EcsDiskStorageArgs, ecs_disk_claim
from components.block.essd import EssdStorage, EssdStorageArgs, essd_claim
from components.block.essd_rules import DiskType, PerformanceLevel, TopologyKey
from components.contract import AccessMode, Claim, StorageMap
from components.file.nas import NasStorage, NasStorageArgs, as_export, nas_claim
from components.file.nas_rules import NasEncryption, NasKind, NasProtocol, NasSquash, NasStorageType
from components.file.preparation import NfsPreparation, NfsPreparationArgs
from components.pod.preparation import role_folders
from stacks.alicloud_settings import AlicloudSettings, EcsDiskClaim, EssdClaim, NasClaim
from stacks.names import claim_name
from stacks.settings import Settings
from stacks.store_components import backup_folders

AlicloudClaim = EssdClaim | EcsDiskClaim | NasClaim
AlicloudComponent = EssdStorage | EcsDiskStorage | NasStorage


def section(settings: Settings) -> AlicloudSettings:
    """The section `kotaemon:alicloud`; Settings has made sure that there is one."""
    if settings.alicloud is None:
        raise pulumi.RunError("kotaemon:alicloud: missing; platform alicloud needs this section")
    return settings.alicloud


def cloud_name() -> str:
    """Prefix of the names in the account: two stacks of one account must not meet."""
    return f"{pulumi.get_project()}-{pulumi.get_stack()}"


def key_alias(alicloud: AlicloudSettings) -> str:
    """Alias of the stack's key."""
    return alicloud.key.alias or f"alias/{cloud_name()}"


def encrypted_by(alicloud: AlicloudSettings) -> str:
    """Whose key, for the storage table."""
    return f"KMS {alicloud.key_id or key_alias(alicloud)}"


def tags(alicloud: AlicloudSettings) -> dict[str, str]:
    """On everything that takes tags."""
    return {"app": "kotaemon", "stack": pulumi.get_stack(), **alicloud.tags}


def planned(settings: Settings, name: str, chosen: AlicloudClaim) -> Claim:
    """The claim as plain values, before anything is made: the guard reads it."""
    component, namespace, key = claim_name(name), settings.namespace, ""
    match chosen:
        case EssdClaim():
            return essd_claim(component, essd_args(settings, chosen, namespace, key))
        case EcsDiskClaim():
            return ecs_disk_claim(component, ecs_disk_args(settings, chosen, namespace, key))
        case NasClaim():
            return nas_claim(component, nas_args(settings, chosen, namespace, key))


def make(
    settings: Settings,
    name: str,
    chosen: AlicloudClaim,
    namespace: Output[str],
    key: Input[str],
    opts: ResourceOptions,
) -> AlicloudComponent:
    """The claim of the stack file with this name."""
    component = claim_name(name)
    match chosen:
        case EssdClaim():
            return EssdStorage(component, essd_args(settings, chosen, namespace, key), opts)
        case EcsDiskClaim():
            return EcsDiskStorage(component, ecs_disk_args(settings, chosen, namespace, key), opts)
        case NasClaim():
            return NasStorage(component, nas_args(settings, chosen, namespace, key), opts)


def prepare(
    settings: Settings,
    name: str,
    made: AlicloudComponent,
    storage: StorageMap,
    namespace: Output[str],
    key: Input[str],
    opts: ResourceOptions,
) -> NfsPreparation | None:
    """The Job that makes the role folders on a NAS file system: its root belongs to root."""
    component, chosen = claim_name(name), settings.storage.claims[name]
    folders = [*role_folders(storage, component), *backup_folders(settings, name)]
    if not isinstance(made, NasStorage) or not isinstance(chosen, NasClaim) or not folders:
        return None
    return NfsPreparation(
        f"{component}-folders",
        NfsPreparationArgs(
            export=as_export(component, nas_args(settings, chosen, namespace, key), made.server),
            folders=folders,
            image=settings.image,
            uid=settings.uid,
            gid=settings.gid,
        ),
        opts,
    )


def essd_args(settings: Settings, chosen: EssdClaim, namespace: Input[str], key: Input[str]) -> EssdStorageArgs:
    """Arguments of a disk that the driver makes."""
    alicloud = section(settings)
    args = EssdStorageArgs(
        namespace=namespace,
        key_id=key,
        zones=chosen.zones or alicloud.zones,
        size=chosen.size,
        access_mode=AccessMode(chosen.access_mode),
        types=[DiskType(kind) for kind in chosen.types],
        bursting=chosen.bursting,
        attributes_class=chosen.attributes_class,
        snapshot_class=chosen.snapshot_class,
        topology_key=TopologyKey(chosen.topology_key),
        tags=tags(alicloud),
        encrypted_by=encrypted_by(alicloud),
        protect=settings.protect,
    )
    if chosen.performance_level is not None:
        args["performance_level"] = PerformanceLevel(chosen.performance_level)
    if chosen.provisioned_iops is not None:
        args["provisioned_iops"] = chosen.provisioned_iops
    if alicloud.resource_group_id is not None:
        args["resource_group_id"] = alicloud.resource_group_id
    return args


def ecs_disk_args(
    settings: Settings, chosen: EcsDiskClaim, namespace: Input[str], key: Input[str]
) -> EcsDiskStorageArgs:
    """Arguments of a disk that the stack makes."""
    alicloud = section(settings)
    args = EcsDiskStorageArgs(
        namespace=namespace,
        cloud_name=cloud_name(),
        key_id=key,
        zone=chosen.zone or alicloud.zones[0],
        size=chosen.size,
        disk_type=DiskType(chosen.type),
        bursting=chosen.bursting,
        snapshot_days=chosen.snapshot_days,
        tags=tags(alicloud),
        encrypted_by=encrypted_by(alicloud),
        protect=settings.protect,
    )
    if chosen.performance_level is not None:
        args["performance_level"] = PerformanceLevel(chosen.performance_level)
    if chosen.provisioned_iops is not None:
        args["provisioned_iops"] = chosen.provisioned_iops
    if alicloud.resource_group_id is not None:
        args["resource_group_id"] = alicloud.resource_group_id
    return args


def nas_args(settings: Settings, chosen: NasClaim, namespace: Input[str], key: Input[str]) -> NasStorageArgs:
    """Arguments of a NAS claim."""
    alicloud = section(settings)
    zone = chosen.zone or alicloud.zones[0]
    args = NasStorageArgs(
        namespace=namespace,
        cloud_name=cloud_name(),
        key_id=key,
        zone=zone,
        vpc_id=alicloud.vpc_id,
        vswitch_id=alicloud.vswitches[zone],
        client_cidrs=alicloud.cluster_cidrs,
        size=chosen.size,
        kind=NasKind(chosen.file_system),
        encryption=NasEncryption(chosen.encryption),
        squash=NasSquash(chosen.squash),
        backup_days=chosen.backup_days,
        tags=tags(alicloud),
        encrypted_by=encrypted_by(alicloud),
        protect=settings.protect,
    )
    if chosen.storage_type is not None:
        args["storage_type"] = NasStorageType(chosen.storage_type)
    if chosen.protocol is not None:
        args["protocol"] = NasProtocol(chosen.protocol)
    if chosen.recycle_bin_days is not None:
        args["recycle_bin_days"] = chosen.recycle_bin_days
    if alicloud.resource_group_id is not None:
        args["resource_group_id"] = alicloud.resource_group_id
    return args
