"""The claims of a stack file on AWS: as plain values before anything is made, and as components."""

import pulumi
from pulumi import Input, Output, ResourceOptions

from components.block.ebs import EbsDriver, EbsStorage, EbsStorageArgs, FileSystemType, ebs_claim
from components.block.ebs_volume import EbsVolume, EbsVolumeArgs, ebs_volume_claim
from components.contract import AccessMode, Claim, StorageMap
from components.encryption.aws import KeyService
from components.file.csi_preparation import CsiPreparation, CsiPreparationArgs
from components.file.efs import EfsStorage, EfsStorageArgs, efs_claim
from components.file.efs_dynamic import EfsDynamicStorage, EfsDynamicStorageArgs, efs_dynamic_claim
from components.file.lustre import LustreStorage, LustreStorageArgs, S3Link, lustre_claim
from components.file.openzfs import OpenZfsStorage, OpenZfsStorageArgs, openzfs_claim
from components.file.preparation import NfsPreparation, NfsPreparationArgs
from components.pod.preparation import role_folders
from stacks.aws_claims import EbsClaim, EfsClaim, LustreClaim, OpenZfsClaim
from stacks.aws_place import Place
from stacks.aws_settings import AwsSettings
from stacks.names import claim_name
from stacks.settings import Settings
from stacks.store_components import backup_folders

AwsClaim = EbsClaim | EfsClaim | OpenZfsClaim | LustreClaim
AwsComponent = EbsStorage | EbsVolume | EfsStorage | EfsDynamicStorage | OpenZfsStorage | LustreStorage


def section(settings: Settings) -> AwsSettings:
    """The section `kotaemon:aws`; Settings has made sure that there is one."""
    if settings.aws is None:
        raise pulumi.RunError("kotaemon:aws: missing; platform aws needs this section")
    return settings.aws


def key_alias() -> str:
    """Alias of the stack's key."""
    return f"alias/kotaemon-{pulumi.get_stack()}"


def encrypted_by(aws: AwsSettings) -> str:
    """Whose key, for the storage table."""
    return f"KMS {aws.key_arn or key_alias()}"


def tags(aws: AwsSettings) -> dict[str, str]:
    """On everything that AWS can tag."""
    return {"app": "kotaemon", "stack": pulumi.get_stack(), **aws.tags}


def key_services(settings: Settings) -> list[KeyService]:
    """Services that use the key."""
    claims, used = settings.storage.claims.values(), set[KeyService]()
    for claim in claims:
        if isinstance(claim, EfsClaim):
            used |= {KeyService.EFS, KeyService.BACKUP}
        if isinstance(claim, OpenZfsClaim | LustreClaim):
            used.add(KeyService.FSX)
    if section(settings).database is not None:
        used.add(KeyService.RDS)
    return [service for service in KeyService if service in used]


def planned(settings: Settings, name: str, chosen: AwsClaim, place: Place) -> Claim:
    """The claim as plain values, before anything is made: the guard reads it."""
    component, namespace, key = claim_name(name), settings.namespace, ""
    match chosen:
        case EbsClaim(zone=None):
            return ebs_claim(component, ebs_args(settings, chosen, namespace, place, key))
        case EbsClaim():
            return ebs_volume_claim(component, ebs_volume_args(settings, chosen, namespace, key))
        case EfsClaim(provisioning="dynamic"):
            return efs_dynamic_claim(component, efs_dynamic_args(settings, chosen, namespace, place, key))
        case EfsClaim():
            return efs_claim(component, efs_args(settings, chosen, namespace, place, key))
        case OpenZfsClaim():
            return openzfs_claim(component, openzfs_args(settings, chosen, namespace, place, key))
        case LustreClaim():
            return lustre_claim(component, lustre_args(settings, chosen, namespace, place, key))


def make(
    settings: Settings,
    name: str,
    chosen: AwsClaim,
    namespace: Output[str],
    place: Place,
    key: Input[str],
    opts: ResourceOptions,
) -> AwsComponent:
    """The claim of the stack file with this name."""
    component = claim_name(name)
    match chosen:
        case EbsClaim(zone=None):
            return EbsStorage(component, ebs_args(settings, chosen, namespace, place, key), opts)
        case EbsClaim():
            return EbsVolume(component, ebs_volume_args(settings, chosen, namespace, key), opts)
        case EfsClaim(provisioning="dynamic"):
            return EfsDynamicStorage(component, efs_dynamic_args(settings, chosen, namespace, place, key), opts)
        case EfsClaim():
            return EfsStorage(component, efs_args(settings, chosen, namespace, place, key), opts)
        case OpenZfsClaim():
            return OpenZfsStorage(component, openzfs_args(settings, chosen, namespace, place, key), opts)
        case LustreClaim():
            return LustreStorage(component, lustre_args(settings, chosen, namespace, place, key), opts)


def prepare(
    settings: Settings, name: str, made: AwsComponent, storage: StorageMap, opts: ResourceOptions
) -> NfsPreparation | CsiPreparation | None:
    """The Job that makes the role folders, where the root of a new file system belongs to root."""
    component, chosen = claim_name(name), settings.storage.claims[name]
    folders = [*role_folders(storage, component), *backup_folders(settings, name)]
    if isinstance(made, OpenZfsStorage) and isinstance(chosen, OpenZfsClaim) and not chosen.squash:
        export = NfsPreparationArgs(
            export=made.export, folders=folders, image=settings.image, uid=settings.uid, gid=settings.gid
        )
        return NfsPreparation(f"{component}-folders", export, opts)
    if isinstance(made, LustreStorage):
        volume = CsiPreparationArgs(
            volume=made.volume, folders=folders, image=settings.image, uid=settings.uid, gid=settings.gid
        )
        return CsiPreparation(f"{component}-folders", volume, opts)
    return None


def ebs_args(
    settings: Settings, chosen: EbsClaim, namespace: Input[str], place: Place, key: Input[str]
) -> EbsStorageArgs:
    """Arguments of a disk that the driver makes."""
    aws = section(settings)
    args = EbsStorageArgs(
        namespace=namespace,
        key_arn=key,
        zones=place.zones,
        size=chosen.size,
        kind=chosen.volume_type,
        driver=EbsDriver.AUTO_MODE if aws.auto_mode else EbsDriver.STANDARD,
        file_system=FileSystemType(chosen.file_system),
        access_mode=AccessMode(chosen.access_mode),
        attributes_class=chosen.attributes_class,
        snapshot_class=chosen.snapshot_class,
        tags=tags(aws),
        encrypted_by=encrypted_by(aws),
        protect=settings.protect,
    )
    if chosen.iops is not None:
        args["iops"] = chosen.iops
    if chosen.throughput is not None:
        args["throughput"] = chosen.throughput
    return args


def ebs_volume_args(settings: Settings, chosen: EbsClaim, namespace: Input[str], key: Input[str]) -> EbsVolumeArgs:
    """Arguments of a disk in a given zone."""
    aws = section(settings)
    args = EbsVolumeArgs(
        namespace=namespace,
        key_arn=key,
        region=aws.region,
        zone=chosen.zone or "",
        size=chosen.size,
        kind=chosen.volume_type,
        file_system=FileSystemType(chosen.file_system),
        tags=tags(aws),
        encrypted_by=encrypted_by(aws),
        protect=settings.protect,
    )
    if chosen.iops is not None:
        args["iops"] = chosen.iops
    if chosen.throughput is not None:
        args["throughput"] = chosen.throughput
    if chosen.snapshot is not None:
        args["snapshot_id"] = chosen.snapshot
    return args


def efs_args(
    settings: Settings, chosen: EfsClaim, namespace: Input[str], place: Place, key: Input[str]
) -> EfsStorageArgs:
    """Arguments of an EFS claim."""
    aws = section(settings)
    zones = [chosen.one_zone] if chosen.one_zone else list(place.subnets)
    return EfsStorageArgs(
        namespace=namespace,
        key_arn=key,
        region=aws.region,
        vpc_id=place.vpc,
        subnets={zone: place.subnets[zone] for zone in zones},
        client_security_groups=place.groups,
        size=chosen.size,
        uid=settings.uid,
        gid=settings.gid,
        one_zone=chosen.one_zone is not None,
        backup=chosen.backup,
        tags=tags(aws),
        encrypted_by=encrypted_by(aws),
        protect=settings.protect,
    )


def efs_dynamic_args(
    settings: Settings, chosen: EfsClaim, namespace: Input[str], place: Place, key: Input[str]
) -> EfsDynamicStorageArgs:
    """Arguments of an EFS claim that the driver serves."""
    aws = section(settings)
    return EfsDynamicStorageArgs(
        namespace=namespace,
        key_arn=key,
        region=aws.region,
        vpc_id=place.vpc,
        subnets=place.subnets,
        client_security_groups=place.groups,
        size=chosen.size,
        uid=settings.uid,
        gid=settings.gid,
        backup=chosen.backup,
        tags=tags(aws),
        encrypted_by=encrypted_by(aws),
        protect=settings.protect,
    )


def openzfs_args(
    settings: Settings, chosen: OpenZfsClaim, namespace: Input[str], place: Place, key: Input[str]
) -> OpenZfsStorageArgs:
    """Arguments of an OpenZFS claim."""
    aws = section(settings)
    zones = chosen.zones or list(place.subnets)[: chosen.zone_count]
    args = OpenZfsStorageArgs(
        namespace=namespace,
        key_arn=key,
        region=aws.region,
        vpc_id=place.vpc,
        subnets={zone: place.subnets[zone] for zone in zones},
        client_security_groups=place.groups,
        client_networks=place.networks,
        size=chosen.size,
        deployment=chosen.deployment,
        throughput=chosen.throughput or chosen.smallest_throughput,
        mount_options=chosen.mount_options,
        squash=chosen.squash,
        uid=settings.uid,
        gid=settings.gid,
        backup_days=chosen.backup_days,
        tags=tags(aws),
        encrypted_by=encrypted_by(aws),
        protect=settings.protect,
    )
    if place.route_tables is not None:
        args["route_tables"] = place.route_tables
    if chosen.iops is not None:
        args["iops"] = chosen.iops
    if chosen.endpoint_range is not None:
        args["endpoint_range"] = chosen.endpoint_range
    return args


def lustre_args(
    settings: Settings, chosen: LustreClaim, namespace: Input[str], place: Place, key: Input[str]
) -> LustreStorageArgs:
    """Arguments of a Lustre claim."""
    aws = section(settings)
    zone = chosen.zone or next(iter(place.subnets))
    args = LustreStorageArgs(
        namespace=namespace,
        key_arn=key,
        region=aws.region,
        vpc_id=place.vpc,
        zone=zone,
        subnet=place.subnets[zone],
        client_security_groups=place.groups,
        size=chosen.size,
        throughput=chosen.throughput,
        s3_links=[
            S3Link(path=link.path, bucket_path=link.bucket_path, write_back=link.write_back) for link in chosen.s3_links
        ],
        tags=tags(aws),
        encrypted_by=encrypted_by(aws),
        protect=settings.protect,
    )
    if chosen.metadata_iops is not None:
        args["metadata_iops"] = chosen.metadata_iops
    if chosen.backup_days is not None:
        args["backup_days"] = chosen.backup_days
    return args
