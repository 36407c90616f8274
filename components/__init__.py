"""Kotaemon on Kubernetes, and storage that it can trust, as components of Pulumi.

Every public name is here: `from kotaemon_storage import EfsStorage, Kotaemon`. A name's module is imported when the
name is first used, so that a program loads the SDKs of the clouds that it names, and no others.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .ack.addons import AckAddons as AckAddons, AckAddonsArgs as AckAddonsArgs
    from .ack.rrsa import OssRole as OssRole, OssRoleArgs as OssRoleArgs
    from .aws import EbsType as EbsType, OpenZfsDeployment as OpenZfsDeployment
    from .block.ebs import (
        EbsDriver as EbsDriver,
        EbsStorage as EbsStorage,
        EbsStorageArgs as EbsStorageArgs,
        FileSystemType as FileSystemType,
        ebs_claim as ebs_claim,
    )
    from .block.ebs_volume import (
        EbsVolume as EbsVolume,
        EbsVolumeArgs as EbsVolumeArgs,
        ebs_volume_claim as ebs_volume_claim,
    )
    from .block.ecs_disk import (
        EcsDiskStorage as EcsDiskStorage,
        EcsDiskStorageArgs as EcsDiskStorageArgs,
        ecs_disk_claim as ecs_disk_claim,
    )
    from .block.essd import EssdStorage as EssdStorage, EssdStorageArgs as EssdStorageArgs, essd_claim as essd_claim
    from .essd_rules import DiskType as DiskType, PerformanceLevel as PerformanceLevel, TopologyKey as TopologyKey
    from .contract import (
        AccessMode as AccessMode,
        Bucket as Bucket,
        BucketDialect as BucketDialect,
        Claim as Claim,
        Locks as Locks,
        Medium as Medium,
        Profile as Profile,
        Role as Role,
        RoleMount as RoleMount,
        StorageMap as StorageMap,
    )
    from .eks.driver import (
        Driver as Driver,
        DriverAddon as DriverAddon,
        DriverAddonArgs as DriverAddonArgs,
        DriverRole as DriverRole,
        DriverRoleArgs as DriverRoleArgs,
        Permission as Permission,
        PodIdentityAgent as PodIdentityAgent,
        PodIdentityAgentArgs as PodIdentityAgentArgs,
    )
    from .encryption.alicloud import (
        AlicloudKey as AlicloudKey,
        AlicloudKeyArgs as AlicloudKeyArgs,
        ServiceRole as ServiceRole,
        ServiceRoles as ServiceRoles,
        ServiceRolesArgs as ServiceRolesArgs,
    )
    from .encryption.aws import (
        AwsKey as AwsKey,
        AwsKeyArgs as AwsKeyArgs,
        KeyService as KeyService,
        existing_key as existing_key,
    )
    from .file.csi_preparation import (
        CsiPreparation as CsiPreparation,
        CsiPreparationArgs as CsiPreparationArgs,
        CsiVolume as CsiVolume,
    )
    from .file.efs import EfsStorage as EfsStorage, EfsStorageArgs as EfsStorageArgs, efs_claim as efs_claim
    from .file.efs_dynamic import (
        EfsDynamicStorage as EfsDynamicStorage,
        EfsDynamicStorageArgs as EfsDynamicStorageArgs,
        efs_dynamic_claim as efs_dynamic_claim,
    )
    from .file.lustre import (
        LustreStorage as LustreStorage,
        LustreStorageArgs as LustreStorageArgs,
        S3Link as S3Link,
        lustre_claim as lustre_claim,
    )
    from .file.nas import NasStorage as NasStorage, NasStorageArgs as NasStorageArgs, nas_claim as nas_claim
    from .file.nas_rules import (
        NasEncryption as NasEncryption,
        NasKind as NasKind,
        NasProtocol as NasProtocol,
        NasSquash as NasSquash,
        NasStorageType as NasStorageType,
    )
    from .file.nfs import (
        NfsDriver as NfsDriver,
        NfsStorage as NfsStorage,
        NfsStorageArgs as NfsStorageArgs,
        nfs_claim as nfs_claim,
    )
    from .file.openzfs import (
        OpenZfsStorage as OpenZfsStorage,
        OpenZfsStorageArgs as OpenZfsStorageArgs,
        openzfs_claim as openzfs_claim,
    )
    from .file.preparation import NfsPreparation as NfsPreparation, NfsPreparationArgs as NfsPreparationArgs
    from .kotaemon.args import (
        AuthProxy as AuthProxy,
        Autoscaler as Autoscaler,
        Exposure as Exposure,
        ExposureKind as ExposureKind,
        KotaemonArgs as KotaemonArgs,
        LogFiles as LogFiles,
        PodResources as PodResources,
        SessionExport as SessionExport,
    )
    from .kotaemon.controllers import Controller as Controller
    from .kotaemon.kotaemon import Kotaemon as Kotaemon
    from .logs.args import (
        LogOutput as LogOutput,
        LogOutputKind as LogOutputKind,
        LogProgram as LogProgram,
        LogReader as LogReader,
        LogShippingArgs as LogShippingArgs,
    )
    from .logs.log_shipping import LogShipping as LogShipping
    from .models.args import (
        ModelCache as ModelCache,
        ModelCacheKind as ModelCacheKind,
        ModelLeader as ModelLeader,
        Models as Models,
    )
    from .models.local_cache import LocalModelCache as LocalModelCache, LocalModelCacheArgs as LocalModelCacheArgs
    from .models.prefetch import ModelPrefetch as ModelPrefetch, ModelPrefetchArgs as ModelPrefetchArgs
    from .models.releases import ModelReleases as ModelReleases, ModelReleasesArgs as ModelReleasesArgs
    from .models.sharing import (
        ModelSharing as ModelSharing,
        ModelSharingArgs as ModelSharingArgs,
        NatsServer as NatsServer,
    )
    from .protection.args import (
        BackupKeep as BackupKeep,
        BackupRepository as BackupRepository,
        BackupsArgs as BackupsArgs,
        DatabaseSource as DatabaseSource,
        RestoreDrill as RestoreDrill,
        VectorSource as VectorSource,
        VolumeSnapshotsArgs as VolumeSnapshotsArgs,
    )
    from .protection.backups import Backups as Backups
    from .protection.mirror_vault import MirrorVault as MirrorVault, MirrorVaultArgs as MirrorVaultArgs
    from .protection.snapshots import VolumeSnapshots as VolumeSnapshots
    from .protection.vault import (
        BackupCopies as BackupCopies,
        BackupCopiesArgs as BackupCopiesArgs,
        BackupVault as BackupVault,
        BackupVaultArgs as BackupVaultArgs,
    )
    from .monitoring.alarms import (
        CloudMonitorStorage as CloudMonitorStorage,
        CloudWatchStorage as CloudWatchStorage,
    )
    from .monitoring.cloud_monitor import (
        CloudMonitorAlarms as CloudMonitorAlarms,
        CloudMonitorAlarmsArgs as CloudMonitorAlarmsArgs,
        CloudMonitorWatched as CloudMonitorWatched,
    )
    from .monitoring.cloudwatch import (
        CloudWatchAlarms as CloudWatchAlarms,
        CloudWatchAlarmsArgs as CloudWatchAlarmsArgs,
        CloudWatchWatched as CloudWatchWatched,
    )
    from .monitoring.args import MonitoringArgs as MonitoringArgs, Thresholds as Thresholds
    from .monitoring.monitoring import Monitoring as Monitoring
    from .nfs_server.aws_instance import NfsOnEbs as NfsOnEbs, NfsOnEbsArgs as NfsOnEbsArgs
    from .nfs_server.alicloud_instance import NfsOnEssd as NfsOnEssd, NfsOnEssdArgs as NfsOnEssdArgs
    from .nfs_server.connection import SshConnection as SshConnection
    from .nfs_server.exports import (
        NfsExport as NfsExport,
        NfsSecurity as NfsSecurity,
        NfsSquash as NfsSquash,
        NfsTransport as NfsTransport,
    )
    from .nfs_server.files import NfsFileSystem as NfsFileSystem, NfsDisk as NfsDisk, NfsServerFiles as NfsServerFiles
    from .nfs_server.gluster import NfsGlusterFiles as NfsGlusterFiles
    from .nfs_server.gluster_ha import NfsGlusterPair as NfsGlusterPair, NfsGlusterPairArgs as NfsGlusterPairArgs
    from .nfs_server.ha import NfsPair as NfsPair, NfsPairArgs as NfsPairArgs
    from .nfs_server.hosts import NfsNode as NfsNode, NfsWitness as NfsWitness
    from .nfs_server.on_disk import NfsServing as NfsServing
    from .nfs_server.pair import (
        NfsFencing as NfsFencing,
        NfsPairFiles as NfsPairFiles,
        NfsReplication as NfsReplication,
    )
    from .nfs_server.single import (
        NfsServer as NfsServer,
        NfsServerArgs as NfsServerArgs,
        nfs_user_data as nfs_user_data,
    )
    from .object.archiver import Archiver as Archiver, ArchiverArgs as ArchiverArgs
    from .object.juicefs import (
        JuicefsStorage as JuicefsStorage,
        JuicefsStorageArgs as JuicefsStorageArgs,
        juicefs_claim as juicefs_claim,
    )
    from .object.mountpoint import (
        MountpointStorage as MountpointStorage,
        MountpointStorageArgs as MountpointStorageArgs,
        mountpoint_claim as mountpoint_claim,
    )
    from .object.oss import OssBucket as OssBucket, OssBucketArgs as OssBucketArgs
    from .object.oss_replication import (
        OssReplication as OssReplication,
        OssReplicationArgs as OssReplicationArgs,
    )
    from .object.ossfs import (
        OssfsStorage as OssfsStorage,
        OssfsStorageArgs as OssfsStorageArgs,
        RrsaCluster as RrsaCluster,
        ossfs_claim as ossfs_claim,
    )
    from .object.rules import Cheaper as Cheaper
    from .object.s3 import S3Bucket as S3Bucket, S3BucketArgs as S3BucketArgs
    from .object.s3_files import (
        S3FilesStorage as S3FilesStorage,
        S3FilesStorageArgs as S3FilesStorageArgs,
        s3_files_claim as s3_files_claim,
    )
    from .object.s3_replication import (
        S3Replication as S3Replication,
        S3ReplicationArgs as S3ReplicationArgs,
        S3ReplicationRole as S3ReplicationRole,
        S3ReplicationRoleArgs as S3ReplicationRoleArgs,
    )
    from .pod.args import (
        ClusterImposes as ClusterImposes,
        Endpoint as Endpoint,
        HttpProxy as HttpProxy,
        RegistryLogin as RegistryLogin,
        SecretKey as SecretKey,
        TaintEffect as TaintEffect,
        Toleration as Toleration,
        TolerationOperator as TolerationOperator,
        TopologySpread as TopologySpread,
        WhenUnsatisfiable as WhenUnsatisfiable,
    )
    from .pod.namespace import (
        ApplicationNamespace as ApplicationNamespace,
        ApplicationNamespaceArgs as ApplicationNamespaceArgs,
        PodSecurity as PodSecurity,
    )
    from .pod.preparation_namespace import (
        PreparationNamespace as PreparationNamespace,
        PreparationNamespaceArgs as PreparationNamespaceArgs,
        PreparationSpace as PreparationSpace,
    )
    from .pod.folders import role_folders as role_folders
    from .state.apsaradb import ApsaraDatabase as ApsaraDatabase, ApsaraDatabaseArgs as ApsaraDatabaseArgs
    from .state.backup import BackupArgs as BackupArgs
    from .state.bundled import StoreResources as StoreResources
    from .state.cloudnative_pg import (
        ArchiveArgs as ArchiveArgs,
        CloudNativePostgres as CloudNativePostgres,
        CloudNativePostgresArgs as CloudNativePostgresArgs,
    )
    from .state.postgres import BundledPostgres as BundledPostgres, BundledPostgresArgs as BundledPostgresArgs
    from .state.qdrant import BundledQdrant as BundledQdrant, BundledQdrantArgs as BundledQdrantArgs
    from .state.rds import RdsDatabase as RdsDatabase, RdsDatabaseArgs as RdsDatabaseArgs
    from .state.stores import (
        DatabaseStore as DatabaseStore,
        DocumentStore as DocumentStore,
        DocumentStoreKind as DocumentStoreKind,
        PostgresDriver as PostgresDriver,
        Stores as Stores,
        VectorStore as VectorStore,
        VectorStoreKind as VectorStoreKind,
    )
    from .volumes.csi_volume import (
        CsiVolumeClaim as CsiVolumeClaim,
        CsiVolumeClaimArgs as CsiVolumeClaimArgs,
        NodeSecret as NodeSecret,
        csi_volume_claim as csi_volume_claim,
    )
    from .volumes.existing_claim import (
        ExistingClaim as ExistingClaim,
        ExistingClaimArgs as ExistingClaimArgs,
        existing_claim as existing_claim,
    )
    from .volumes.existing_class import (
        ExistingClassClaim as ExistingClassClaim,
        ExistingClassClaimArgs as ExistingClassClaimArgs,
        existing_class_claim as existing_class_claim,
    )

_HOMES = {
    "ack.addons": ("AckAddons", "AckAddonsArgs"),
    "ack.rrsa": ("OssRole", "OssRoleArgs"),
    "aws": ("EbsType", "OpenZfsDeployment"),
    "block.ebs": ("EbsDriver", "EbsStorage", "EbsStorageArgs", "FileSystemType", "ebs_claim"),
    "block.ebs_volume": ("EbsVolume", "EbsVolumeArgs", "ebs_volume_claim"),
    "block.ecs_disk": ("EcsDiskStorage", "EcsDiskStorageArgs", "ecs_disk_claim"),
    "block.essd": ("EssdStorage", "EssdStorageArgs", "essd_claim"),
    "essd_rules": ("DiskType", "PerformanceLevel", "TopologyKey"),
    "contract": (
        "AccessMode",
        "Bucket",
        "BucketDialect",
        "Claim",
        "Locks",
        "Medium",
        "Profile",
        "Role",
        "RoleMount",
        "StorageMap",
    ),
    "eks.driver": (
        "Driver",
        "DriverAddon",
        "DriverAddonArgs",
        "DriverRole",
        "DriverRoleArgs",
        "Permission",
        "PodIdentityAgent",
        "PodIdentityAgentArgs",
    ),
    "encryption.alicloud": ("AlicloudKey", "AlicloudKeyArgs", "ServiceRole", "ServiceRoles", "ServiceRolesArgs"),
    "encryption.aws": ("AwsKey", "AwsKeyArgs", "KeyService", "existing_key"),
    "file.csi_preparation": ("CsiPreparation", "CsiPreparationArgs", "CsiVolume"),
    "file.efs": ("EfsStorage", "EfsStorageArgs", "efs_claim"),
    "file.efs_dynamic": ("EfsDynamicStorage", "EfsDynamicStorageArgs", "efs_dynamic_claim"),
    "file.lustre": ("LustreStorage", "LustreStorageArgs", "S3Link", "lustre_claim"),
    "file.nas": ("NasStorage", "NasStorageArgs", "nas_claim"),
    "file.nas_rules": ("NasEncryption", "NasKind", "NasProtocol", "NasSquash", "NasStorageType"),
    "file.nfs": ("NfsDriver", "NfsStorage", "NfsStorageArgs", "nfs_claim"),
    "file.openzfs": ("OpenZfsStorage", "OpenZfsStorageArgs", "openzfs_claim"),
    "file.preparation": ("NfsPreparation", "NfsPreparationArgs"),
    "kotaemon.args": (
        "AuthProxy",
        "Autoscaler",
        "Exposure",
        "ExposureKind",
        "KotaemonArgs",
        "LogFiles",
        "PodResources",
        "SessionExport",
    ),
    "kotaemon.controllers": ("Controller",),
    "kotaemon.kotaemon": ("Kotaemon",),
    "logs.args": ("LogOutput", "LogOutputKind", "LogProgram", "LogReader", "LogShippingArgs"),
    "logs.log_shipping": ("LogShipping",),
    "models.args": ("ModelCache", "ModelCacheKind", "ModelLeader", "Models"),
    "models.local_cache": ("LocalModelCache", "LocalModelCacheArgs"),
    "models.prefetch": ("ModelPrefetch", "ModelPrefetchArgs"),
    "models.releases": ("ModelReleases", "ModelReleasesArgs"),
    "models.sharing": ("ModelSharing", "ModelSharingArgs", "NatsServer"),
    "protection.args": (
        "BackupKeep",
        "BackupRepository",
        "BackupsArgs",
        "DatabaseSource",
        "RestoreDrill",
        "VectorSource",
        "VolumeSnapshotsArgs",
    ),
    "protection.backups": ("Backups",),
    "protection.mirror_vault": ("MirrorVault", "MirrorVaultArgs"),
    "protection.snapshots": ("VolumeSnapshots",),
    "protection.vault": ("BackupCopies", "BackupCopiesArgs", "BackupVault", "BackupVaultArgs"),
    "monitoring.alarms": ("CloudMonitorStorage", "CloudWatchStorage"),
    "monitoring.cloud_monitor": ("CloudMonitorAlarms", "CloudMonitorAlarmsArgs", "CloudMonitorWatched"),
    "monitoring.cloudwatch": ("CloudWatchAlarms", "CloudWatchAlarmsArgs", "CloudWatchWatched"),
    "monitoring.args": ("MonitoringArgs", "Thresholds"),
    "monitoring.monitoring": ("Monitoring",),
    "nfs_server.aws_instance": ("NfsOnEbs", "NfsOnEbsArgs"),
    "nfs_server.alicloud_instance": ("NfsOnEssd", "NfsOnEssdArgs"),
    "nfs_server.connection": ("SshConnection",),
    "nfs_server.exports": ("NfsExport", "NfsSecurity", "NfsSquash", "NfsTransport"),
    "nfs_server.files": ("NfsFileSystem", "NfsDisk", "NfsServerFiles"),
    "nfs_server.gluster": ("NfsGlusterFiles",),
    "nfs_server.gluster_ha": ("NfsGlusterPair", "NfsGlusterPairArgs"),
    "nfs_server.ha": ("NfsPair", "NfsPairArgs"),
    "nfs_server.hosts": ("NfsNode", "NfsWitness"),
    "nfs_server.on_disk": ("NfsServing",),
    "nfs_server.pair": ("NfsFencing", "NfsPairFiles", "NfsReplication"),
    "nfs_server.single": ("NfsServer", "NfsServerArgs", "nfs_user_data"),
    "object.archiver": ("Archiver", "ArchiverArgs"),
    "object.juicefs": ("JuicefsStorage", "JuicefsStorageArgs", "juicefs_claim"),
    "object.mountpoint": ("MountpointStorage", "MountpointStorageArgs", "mountpoint_claim"),
    "object.oss": ("OssBucket", "OssBucketArgs"),
    "object.oss_replication": ("OssReplication", "OssReplicationArgs"),
    "object.ossfs": ("OssfsStorage", "OssfsStorageArgs", "RrsaCluster", "ossfs_claim"),
    "object.rules": ("Cheaper",),
    "object.s3": ("S3Bucket", "S3BucketArgs"),
    "object.s3_files": ("S3FilesStorage", "S3FilesStorageArgs", "s3_files_claim"),
    "object.s3_replication": (
        "S3Replication",
        "S3ReplicationArgs",
        "S3ReplicationRole",
        "S3ReplicationRoleArgs",
    ),
    "pod.args": (
        "ClusterImposes",
        "Endpoint",
        "HttpProxy",
        "RegistryLogin",
        "SecretKey",
        "TaintEffect",
        "Toleration",
        "TolerationOperator",
        "TopologySpread",
        "WhenUnsatisfiable",
    ),
    "pod.namespace": ("ApplicationNamespace", "ApplicationNamespaceArgs", "PodSecurity"),
    "pod.preparation_namespace": ("PreparationNamespace", "PreparationNamespaceArgs", "PreparationSpace"),
    "pod.folders": ("role_folders",),
    "state.apsaradb": ("ApsaraDatabase", "ApsaraDatabaseArgs"),
    "state.backup": ("BackupArgs",),
    "state.bundled": ("StoreResources",),
    "state.cloudnative_pg": ("ArchiveArgs", "CloudNativePostgres", "CloudNativePostgresArgs"),
    "state.postgres": ("BundledPostgres", "BundledPostgresArgs"),
    "state.qdrant": ("BundledQdrant", "BundledQdrantArgs"),
    "state.rds": ("RdsDatabase", "RdsDatabaseArgs"),
    "state.stores": (
        "DatabaseStore",
        "DocumentStore",
        "DocumentStoreKind",
        "PostgresDriver",
        "Stores",
        "VectorStore",
        "VectorStoreKind",
    ),
    "volumes.csi_volume": ("CsiVolumeClaim", "CsiVolumeClaimArgs", "NodeSecret", "csi_volume_claim"),
    "volumes.existing_claim": ("ExistingClaim", "ExistingClaimArgs", "existing_claim"),
    "volumes.existing_class": ("ExistingClassClaim", "ExistingClassClaimArgs", "existing_class_claim"),
}
"""Module -> the public names in it. Type checkers read the imports above; a test holds the two together."""
_HOME = {name: module for module, names in _HOMES.items() for name in names}

if not TYPE_CHECKING:
    __all__ = sorted(_HOME)

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_HOME[name]}", __name__), name)
        globals()[name] = value  # the next use finds it at once
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_HOME})
