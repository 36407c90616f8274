"""The calls for file systems of EFS and FSx, from terraform-provider-aws: internal/service/efs and internal/service/fsx."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from tests.cloud_api.aws.call import Call, Inputs, some, tags


def _unique(id_: str) -> str:
    """What the provider takes where no token is given (terraform-provider-aws, internal/service/efs: UniqueId)."""
    return f"terraform-{hashlib.sha256(id_.encode()).hexdigest()[:26]}"


def _efs(left: Inputs, id_: str) -> Iterator[Call]:
    yield Call(
        "efs",
        "CreateFileSystem",
        some(
            CreationToken=_unique(id_),
            Encrypted=left.pop("encrypted"),
            KmsKeyId=left.pop("kmsKeyId"),
            PerformanceMode=left.pop("performanceMode"),
            ThroughputMode=left.pop("throughputMode"),
            AvailabilityZoneName=left.pop("availabilityZoneName", None),
            Tags=tags(left),
        ),
    )


def _backup_policy(left: Inputs, _: str) -> Iterator[Call]:
    status = left.pop("backupPolicy")["status"]
    yield Call("efs", "PutBackupPolicy", some(FileSystemId=left.pop("fileSystemId"), BackupPolicy={"Status": status}))


def _access_point(left: Inputs, id_: str) -> Iterator[Call]:
    user, root = left.pop("posixUser"), left.pop("rootDirectory")
    creation = root["creationInfo"]
    yield Call(
        "efs",
        "CreateAccessPoint",
        some(
            ClientToken=_unique(id_),
            FileSystemId=left.pop("fileSystemId"),
            PosixUser={"Uid": user["uid"], "Gid": user["gid"]},
            RootDirectory={
                "Path": root["path"],
                "CreationInfo": {
                    "OwnerUid": creation["ownerUid"],
                    "OwnerGid": creation["ownerGid"],
                    "Permissions": creation["permissions"],
                },
            },
            Tags=tags(left),
        ),
    )


def _file_system_policy(left: Inputs, _: str) -> Iterator[Call]:
    yield Call("efs", "PutFileSystemPolicy", some(FileSystemId=left.pop("fileSystemId"), Policy=left.pop("policy")))


def _mount_target(left: Inputs, _: str) -> Iterator[Call]:
    yield Call(
        "efs",
        "CreateMountTarget",
        some(
            FileSystemId=left.pop("fileSystemId"),
            SubnetId=left.pop("subnetId"),
            SecurityGroups=left.pop("securityGroups"),
        ),
    )


def _openzfs(left: Inputs, _: str) -> Iterator[Call]:
    left.pop("skipFinalBackup")  # a parameter of DeleteFileSystem
    root = left.pop("rootVolumeConfiguration")
    clients = root["nfsExports"]["clientConfigurations"]
    iops = left.pop("diskIopsConfiguration", None)
    configuration = some(
        DeploymentType=left.pop("deploymentType"),
        ThroughputCapacity=left.pop("throughputCapacity"),
        DiskIopsConfiguration={"Mode": iops["mode"], "Iops": iops["iops"]} if iops else None,
        PreferredSubnetId=left.pop("preferredSubnetId", None),
        RouteTableIds=left.pop("routeTableIds", None),
        EndpointIpAddressRange=left.pop("endpointIpAddressRange", None),
        AutomaticBackupRetentionDays=left.pop("automaticBackupRetentionDays"),
        CopyTagsToBackups=left.pop("copyTagsToBackups"),
        CopyTagsToVolumes=left.pop("copyTagsToVolumes"),
        RootVolumeConfiguration={
            "RecordSizeKiB": root["recordSizeKib"],
            "DataCompressionType": root["dataCompressionType"],
            "NfsExports": [
                {"ClientConfigurations": [{"Clients": c["clients"], "Options": c["options"]} for c in clients]}
            ],
        },
    )
    yield _file_system("OPENZFS", left, left.pop("subnetIds"), OpenZFSConfiguration=configuration)


def _lustre(left: Inputs, _: str) -> Iterator[Call]:
    left.pop("skipFinalBackup")  # a parameter of DeleteFileSystem
    metadata = left.pop("metadataConfiguration")
    configuration = some(
        DeploymentType=left.pop("deploymentType"),
        PerUnitStorageThroughput=left.pop("perUnitStorageThroughput"),
        MetadataConfiguration=some(Mode=metadata["mode"], Iops=metadata.get("iops")),
        DataCompressionType=left.pop("dataCompressionType"),
        AutomaticBackupRetentionDays=left.pop("automaticBackupRetentionDays"),
        CopyTagsToBackups=left.pop("copyTagsToBackups"),
    )
    if nobody := left.pop("rootSquashConfiguration", None):
        configuration["RootSquashConfiguration"] = {"RootSquash": nobody["rootSquash"]}
    version = left.pop("fileSystemTypeVersion")
    yield _file_system(
        "LUSTRE", left, [left.pop("subnetIds")], LustreConfiguration=configuration, FileSystemTypeVersion=version
    )


def _file_system(kind: str, left: Inputs, subnets: list[str], **more: Any) -> Call:
    return Call(
        "fsx",
        "CreateFileSystem",
        some(
            FileSystemType=kind,
            StorageType=left.pop("storageType"),
            StorageCapacity=left.pop("storageCapacity"),
            SubnetIds=subnets,
            SecurityGroupIds=left.pop("securityGroupIds"),
            KmsKeyId=left.pop("kmsKeyId"),
            Tags=tags(left),
            **more,
        ),
    )


def _association(left: Inputs, _: str) -> Iterator[Call]:
    assert left.pop("deleteDataInFilesystem") is False  # a parameter of DeleteDataRepositoryAssociation
    s3 = left.pop("s3")
    export = s3.get("autoExportPolicy")
    yield Call(
        "fsx",
        "CreateDataRepositoryAssociation",
        some(
            FileSystemId=left.pop("fileSystemId"),
            FileSystemPath=left.pop("fileSystemPath"),
            DataRepositoryPath=left.pop("dataRepositoryPath"),
            BatchImportMetaDataOnCreate=left.pop("batchImportMetaDataOnCreate"),
            S3=some(
                AutoImportPolicy={"Events": s3["autoImportPolicy"]["events"]},
                AutoExportPolicy={"Events": export["events"]} if export else None,
            ),
            Tags=tags(left),
        ),
    )


BUILDERS: dict[str, Callable[[Inputs, str], Iterator[Call]]] = {
    "aws:efs/fileSystem:FileSystem": _efs,
    "aws:efs/backupPolicy:BackupPolicy": _backup_policy,
    "aws:efs/accessPoint:AccessPoint": _access_point,
    "aws:efs/fileSystemPolicy:FileSystemPolicy": _file_system_policy,
    "aws:efs/mountTarget:MountTarget": _mount_target,
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": _openzfs,
    "aws:fsx/lustreFileSystem:LustreFileSystem": _lustre,
    "aws:fsx/dataRepositoryAssociation:DataRepositoryAssociation": _association,
}
