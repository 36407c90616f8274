"""AWS: type token -> product, or the reason why it is free."""

from collections.abc import Callable, Mapping
from typing import Any

from estimate.products import AwsKey, EbsDisk, Efs, Lustre, OpenZfs, Product, RdsPostgres, S3Bucket

Inputs = Mapping[str, Any]
Rule = Callable[[Inputs, int | None], Product]

_WITH_FILE_SYSTEM = "part of the file system, which is billed itself"
_WITH_BUCKET = "a setting of the bucket, which is billed itself"
_ACCESS = "identities and permissions are free"
_NETWORK = "security groups are free"
_WITH_DATABASE = "a setting of the database, which is billed itself"
FREE = {
    "aws:ec2/securityGroup:SecurityGroup": _NETWORK,
    "aws:efs/accessPoint:AccessPoint": _WITH_FILE_SYSTEM,
    "aws:efs/backupPolicy:BackupPolicy": "the backups are billed with the file system",
    "aws:efs/fileSystemPolicy:FileSystemPolicy": _WITH_FILE_SYSTEM,
    "aws:efs/mountTarget:MountTarget": _WITH_FILE_SYSTEM,
    "aws:eks/addon:Addon": "EKS add-ons are free; their pods run on nodes that are there",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _ACCESS,
    "aws:fsx/dataRepositoryAssociation:DataRepositoryAssociation": "billed as requests to the bucket",
    "aws:fsx/openZfsVolume:OpenZfsVolume": _WITH_FILE_SYSTEM,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _ACCESS,
    "aws:iam/policy:Policy": _ACCESS,
    "aws:iam/role:Role": _ACCESS,
    "aws:iam/rolePolicy:RolePolicy": _ACCESS,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _ACCESS,
    "aws:kms/alias:Alias": "aliases are free",
    "aws:rds/parameterGroup:ParameterGroup": _WITH_DATABASE,
    "aws:rds/subnetGroup:SubnetGroup": _WITH_DATABASE,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _WITH_BUCKET,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _WITH_BUCKET,
    "aws:s3/bucketPolicy:BucketPolicy": _WITH_BUCKET,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _WITH_BUCKET,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _WITH_BUCKET,
    "aws:s3/bucketVersioning:BucketVersioning": _WITH_BUCKET,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _NETWORK,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _NETWORK,
}


def _efs(inputs: Inputs, size: int | None) -> Product:
    if inputs.get("throughputMode") != "elastic":
        raise ValueError(f"throughput mode {inputs.get('throughputMode')}: only elastic has a rule")
    return Efs(size, one_zone=bool(inputs.get("availabilityZoneName")))


def _openzfs(inputs: Inputs, _: int | None) -> Product:
    if inputs.get("storageType", "SSD") != "SSD":
        raise ValueError(f"storage type {inputs['storageType']}: only SSD has a rule")
    iops = (inputs.get("diskIopsConfiguration") or {}).get("iops")
    return OpenZfs(
        int(inputs["storageCapacity"]),
        inputs["deploymentType"],
        int(inputs["throughputCapacity"]),
        int(iops) if iops else None,
        backup=bool(inputs.get("automaticBackupRetentionDays")),
    )


def _lustre(inputs: Inputs, _: int | None) -> Product:
    if inputs.get("storageType", "SSD") != "SSD":
        raise ValueError(f"storage type {inputs['storageType']}: only SSD has a rule")
    iops = (inputs.get("metadataConfiguration") or {}).get("iops")
    return Lustre(
        int(inputs["storageCapacity"]),
        inputs["deploymentType"],
        int(inputs["perUnitStorageThroughput"]),
        int(iops) if iops else None,
        backup=bool(inputs.get("automaticBackupRetentionDays")),
    )


def _rds(inputs: Inputs, _: int | None) -> Product:
    if inputs["engine"] != "postgres":
        raise ValueError(f"engine {inputs['engine']}: only postgres has a rule")
    return RdsPostgres(
        inputs["instanceClass"], int(inputs["allocatedStorage"]), bool(inputs.get("multiAz")), inputs["storageType"]
    )


def disk(parameters: Inputs, size: int) -> EbsDisk:
    """A disk that the driver makes; the parameters are those of its class (aws-ebs-csi-driver: docs/parameters.md)."""
    kind = parameters.get("type", "gp3")
    if kind not in ("gp3", "io2"):
        raise ValueError(f"type {kind}: only gp3 and io2 have a rule")
    if "iopsPerGB" in parameters:
        raise ValueError("iopsPerGB has no rule; use iops")
    iops, throughput = parameters.get("iops"), parameters.get("throughput")
    return EbsDisk(size, kind, int(iops) if iops else None, int(throughput) if throughput else None)


RULES: dict[str, Rule] = {
    "aws:ebs/volume:Volume": lambda inputs, _: disk(inputs, int(inputs["size"])),
    "aws:efs/fileSystem:FileSystem": _efs,
    "aws:fsx/lustreFileSystem:LustreFileSystem": _lustre,
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": _openzfs,
    "aws:kms/key:Key": lambda inputs, _: AwsKey(rotates=bool(inputs.get("enableKeyRotation"))),
    "aws:rds/instance:Instance": _rds,
    "aws:s3/bucket:Bucket": lambda _inputs, _: S3Bucket(),
}
DISKS = {"ebs.csi.aws.com": disk, "ebs.csi.eks.amazonaws.com": disk}
"""Provisioner of a StorageClass -> rule of its disks."""
SHARED_FILES = "efs.csi.aws.com"
"""Its classes give out folders of one file system, which is billed as a whole."""
