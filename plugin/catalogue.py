"""What the plugin hosts: every component of the project."""

from pulumi import ComponentResource

from components.ack.addons import AckAddons
from components.ack.rrsa import OssRole
from components.block.ebs import EbsStorage
from components.block.ebs_volume import EbsVolume
from components.block.ecs_disk import EcsDiskStorage
from components.block.essd import EssdStorage
from components.eks.driver import DriverAddon, DriverRole, PodIdentityAgent
from components.encryption.alicloud import AlicloudKey, ServiceRoles
from components.encryption.aws import AwsKey
from components.file.csi_preparation import CsiPreparation
from components.file.efs import EfsStorage
from components.file.efs_dynamic import EfsDynamicStorage
from components.file.lustre import LustreStorage
from components.file.nas import NasStorage
from components.file.nfs import NfsStorage
from components.file.openzfs import OpenZfsStorage
from components.file.preparation import NfsPreparation
from components.kotaemon.kotaemon import Kotaemon
from components.pod.namespace import ApplicationNamespace
from components.state.apsaradb import ApsaraDatabase
from components.state.cloudnative_pg import CloudNativePostgres
from components.state.postgres import BundledPostgres
from components.state.qdrant import BundledQdrant
from components.state.rds import RdsDatabase
from components.volumes.existing_class import ExistingClassClaim

COMPONENTS: list[type[ComponentResource]] = [
    AckAddons,
    AlicloudKey,
    ApplicationNamespace,
    ApsaraDatabase,
    AwsKey,
    BundledPostgres,
    BundledQdrant,
    CloudNativePostgres,
    CsiPreparation,
    DriverAddon,
    DriverRole,
    EbsStorage,
    EbsVolume,
    EcsDiskStorage,
    EfsDynamicStorage,
    EfsStorage,
    EssdStorage,
    ExistingClassClaim,
    Kotaemon,
    LustreStorage,
    NasStorage,
    NfsPreparation,
    NfsStorage,
    OpenZfsStorage,
    OssRole,
    PodIdentityAgent,
    RdsDatabase,
    ServiceRoles,
]
