"""From what a component registers to the calls that the AWS provider makes of it, by hand from its documentation.

Every argument must be used: one that is not known here fails the test, so that no argument stays unchecked.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from tests.cloud_api.aws import backup_calls, bucket_calls, s3_files_calls
from tests.cloud_api.aws.call import Call, Inputs, used


def calls(kind: str, inputs: Inputs, id_: str = "") -> list[Call]:
    """The calls for one resource, creation first. `id_` is its own id, for calls that follow the creation."""
    with used(kind, dict(inputs)) as left:
        return list(_BUILDERS[kind](left, id_))


def known(kind: str) -> bool:
    """Whether the kind of resource is mapped here."""
    return kind in _BUILDERS


def _some(**parameters: Any) -> dict[str, Any]:
    return {key: _whole(value) for key, value in parameters.items() if value is not None}


def _whole(value: Any) -> Any:
    # Pulumi's wire format has only floats.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(v) for key, v in value.items()}
    return [_whole(v) for v in value] if isinstance(value, list) else value


def _tags(left: Inputs) -> list[dict[str, str]] | None:
    return [{"Key": k, "Value": v} for k, v in left.pop("tags", {}).items()] or None


def _key(left: Inputs, id_: str) -> Iterator[Call]:
    tags = [{"TagKey": k, "TagValue": v} for k, v in left.pop("tags", {}).items()] or None
    yield Call("kms", "CreateKey", _some(Description=left.pop("description"), Policy=left.pop("policy"), Tags=tags))
    assert left.pop("enableKeyRotation") is True
    rotation = left.pop("rotationPeriodInDays")
    yield Call("kms", "EnableKeyRotation", _some(KeyId=id_ or "key", RotationPeriodInDays=rotation))
    window = left.pop("deletionWindowInDays")
    yield Call("kms", "ScheduleKeyDeletion", _some(KeyId=id_ or "key", PendingWindowInDays=window))


def _alias(left: Inputs, _: str) -> Iterator[Call]:
    yield Call("kms", "CreateAlias", _some(AliasName=left.pop("name"), TargetKeyId=left.pop("targetKeyId")))


def _volume(left: Inputs, _: str) -> Iterator[Call]:
    left.pop("finalSnapshot")  # what the provider does at deletion
    tags = _tags(left)
    yield Call(
        "ec2",
        "CreateVolume",
        _some(
            AvailabilityZone=left.pop("availabilityZone"),
            Size=left.pop("size"),
            VolumeType=left.pop("type"),
            Iops=left.pop("iops", None),
            Throughput=left.pop("throughput", None),
            Encrypted=left.pop("encrypted"),
            KmsKeyId=left.pop("kmsKeyId"),
            SnapshotId=left.pop("snapshotId", None),
            TagSpecifications=[{"ResourceType": "volume", "Tags": tags}] if tags else None,
        ),
    )


def _security_group(left: Inputs, id_: str) -> Iterator[Call]:
    tags = _tags(left)
    yield Call(
        "ec2",
        "CreateSecurityGroup",
        _some(
            GroupName=f"group-{id_}",
            Description=left.pop("description"),
            VpcId=left.pop("vpcId"),
            TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}] if tags else None,
        ),
    )


def _rule(direction: str) -> Callable[[Inputs, str], Iterator[Call]]:
    def build(left: Inputs, _: str) -> Iterator[Call]:
        other, network = left.pop("referencedSecurityGroupId", None), left.pop("cidrIpv4", None)
        six = left.pop("cidrIpv6", None)
        permission = _some(
            IpProtocol=left.pop("ipProtocol"),
            FromPort=left.pop("fromPort"),
            ToPort=left.pop("toPort"),
            UserIdGroupPairs=[{"GroupId": other}] if other else None,
            IpRanges=[{"CidrIp": network}] if network else None,
            Ipv6Ranges=[{"CidrIpv6": six}] if six else None,
        )
        yield Call(
            "ec2",
            f"AuthorizeSecurityGroup{direction}",
            _some(GroupId=left.pop("securityGroupId"), IpPermissions=[permission]),
        )

    return build


def _interface(left: Inputs, _: str) -> Iterator[Call]:
    addresses = [{"Primary": n == 0, "PrivateIpAddress": one} for n, one in enumerate(left.pop("privateIps", []))]
    yield Call(
        "ec2",
        "CreateNetworkInterface",
        _some(
            Description=left.pop("description"),
            SubnetId=left.pop("subnetId"),
            Groups=left.pop("securityGroups"),
            PrivateIpAddresses=addresses or None,
            TagSpecifications=[{"ResourceType": "network-interface", "Tags": _tags(left)}],
        ),
    )


def _machine(left: Inputs, _: str) -> Iterator[Call]:
    assert left.pop("userDataReplaceOnChange") is True  # what the provider does with a change
    metadata, root = left.pop("metadataOptions"), left.pop("rootBlockDevice")
    disk = _some(
        Encrypted=root["encrypted"],
        KmsKeyId=root["kmsKeyId"],
        VolumeType=root["volumeType"],
        VolumeSize=root["volumeSize"],
        DeleteOnTermination=True,
    )
    told = left.pop("userData")
    assert len(told.encode()) <= 16_384  # "Run commands at launch", EC2 user guide; the model has no bound
    yield Call(
        "ec2",
        "RunInstances",
        _some(
            ImageId=left.pop("ami"),
            InstanceType=left.pop("instanceType"),
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[
                {"DeviceIndex": 0, "NetworkInterfaceId": left.pop("primaryNetworkInterface")["networkInterfaceId"]}
            ],
            UserData=base64.b64encode(told.encode()).decode(),
            MetadataOptions={
                "HttpEndpoint": metadata["httpEndpoint"],
                "HttpTokens": metadata["httpTokens"],
                "HttpPutResponseHopLimit": metadata["httpPutResponseHopLimit"],
            },
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": disk}],
            InstanceInitiatedShutdownBehavior=left.pop("instanceInitiatedShutdownBehavior"),
            MaintenanceOptions={"AutoRecovery": left.pop("maintenanceOptions")["autoRecovery"]},
            TagSpecifications=[{"ResourceType": "instance", "Tags": _tags(left)}],
        ),
    )


def _attached(left: Inputs, _: str) -> Iterator[Call]:
    parameters = {"Device": left.pop("deviceName"), "VolumeId": left.pop("volumeId")}
    instance = left.pop("instanceId")
    yield Call("ec2", "AttachVolume", {**parameters, "InstanceId": instance})
    assert left.pop("stopInstanceBeforeDetaching") is True
    yield Call("ec2", "StopInstances", {"InstanceIds": [instance]})
    yield Call("ec2", "DetachVolume", {**parameters, "InstanceId": instance})


def _lifecycle(left: Inputs, _: str) -> Iterator[Call]:
    details = left.pop("policyDetails")
    schedules = [
        {
            "Name": schedule["name"],
            "CopyTags": schedule["copyTags"],
            "CreateRule": {
                "Interval": schedule["createRule"]["interval"],
                "IntervalUnit": schedule["createRule"]["intervalUnit"],
                "Times": [schedule["createRule"]["times"]],
            },
            "RetainRule": {"Count": schedule["retainRule"]["count"]},
        }
        for schedule in details["schedules"]
    ]
    yield Call(
        "dlm",
        "CreateLifecyclePolicy",
        _some(
            Description=left.pop("description"),
            ExecutionRoleArn=left.pop("executionRoleArn"),
            State=left.pop("state"),
            PolicyDetails={
                "ResourceTypes": details["resourceTypes"],
                "TargetTags": [{"Key": k, "Value": v} for k, v in details["targetTags"].items()],
                "Schedules": schedules,
            },
            Tags=left.pop("tags", None),
        ),
    )


def _unique(id_: str) -> str:
    """What the provider takes where no token is given (terraform-provider-aws, internal/service/efs: UniqueId)."""
    return f"terraform-{hashlib.sha256(id_.encode()).hexdigest()[:26]}"


def _efs(left: Inputs, id_: str) -> Iterator[Call]:
    yield Call(
        "efs",
        "CreateFileSystem",
        _some(
            CreationToken=_unique(id_),
            Encrypted=left.pop("encrypted"),
            KmsKeyId=left.pop("kmsKeyId"),
            PerformanceMode=left.pop("performanceMode"),
            ThroughputMode=left.pop("throughputMode"),
            AvailabilityZoneName=left.pop("availabilityZoneName", None),
            Tags=_tags(left),
        ),
    )


def _backup_policy(left: Inputs, _: str) -> Iterator[Call]:
    status = left.pop("backupPolicy")["status"]
    yield Call("efs", "PutBackupPolicy", _some(FileSystemId=left.pop("fileSystemId"), BackupPolicy={"Status": status}))


def _access_point(left: Inputs, id_: str) -> Iterator[Call]:
    user, root = left.pop("posixUser"), left.pop("rootDirectory")
    creation = root["creationInfo"]
    yield Call(
        "efs",
        "CreateAccessPoint",
        _some(
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
            Tags=_tags(left),
        ),
    )


def _file_system_policy(left: Inputs, _: str) -> Iterator[Call]:
    yield Call("efs", "PutFileSystemPolicy", _some(FileSystemId=left.pop("fileSystemId"), Policy=left.pop("policy")))


def _mount_target(left: Inputs, _: str) -> Iterator[Call]:
    yield Call(
        "efs",
        "CreateMountTarget",
        _some(
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
    configuration = _some(
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
    configuration = _some(
        DeploymentType=left.pop("deploymentType"),
        PerUnitStorageThroughput=left.pop("perUnitStorageThroughput"),
        MetadataConfiguration=_some(Mode=metadata["mode"], Iops=metadata.get("iops")),
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
        _some(
            FileSystemType=kind,
            StorageType=left.pop("storageType"),
            StorageCapacity=left.pop("storageCapacity"),
            SubnetIds=subnets,
            SecurityGroupIds=left.pop("securityGroupIds"),
            KmsKeyId=left.pop("kmsKeyId"),
            Tags=_tags(left),
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
        _some(
            FileSystemId=left.pop("fileSystemId"),
            FileSystemPath=left.pop("fileSystemPath"),
            DataRepositoryPath=left.pop("dataRepositoryPath"),
            BatchImportMetaDataOnCreate=left.pop("batchImportMetaDataOnCreate"),
            S3=_some(
                AutoImportPolicy={"Events": s3["autoImportPolicy"]["events"]},
                AutoExportPolicy={"Events": export["events"]} if export else None,
            ),
            Tags=_tags(left),
        ),
    )


def _subnet_group(left: Inputs, id_: str) -> Iterator[Call]:
    yield Call(
        "rds",
        "CreateDBSubnetGroup",
        _some(
            DBSubnetGroupName=f"group-{id_}",
            DBSubnetGroupDescription=left.pop("description"),
            SubnetIds=left.pop("subnetIds"),
            Tags=_tags(left),
        ),
    )


def _parameter_group(left: Inputs, id_: str) -> Iterator[Call]:
    name = f"group-{id_}"
    yield Call(
        "rds",
        "CreateDBParameterGroup",
        _some(
            DBParameterGroupName=name,
            DBParameterGroupFamily=left.pop("family"),
            Description=left.pop("description"),
            Tags=_tags(left),
        ),
    )
    parameters = [
        {"ParameterName": p["name"], "ParameterValue": p["value"], "ApplyMethod": p["applyMethod"]}
        for p in left.pop("parameters")
    ]
    yield Call("rds", "ModifyDBParameterGroup", {"DBParameterGroupName": name, "Parameters": parameters})


def _instance(left: Inputs, _: str) -> Iterator[Call]:
    assert left.pop("deleteAutomatedBackups") is False  # parameters of DeleteDBInstance
    assert left.pop("skipFinalSnapshot") is False
    assert left.pop("finalSnapshotIdentifier")
    upgrade = {"allowMajorVersionUpgrade": "AllowMajorVersionUpgrade", "applyImmediately": "ApplyImmediately"}
    later = {parameter: left.pop(name) for name, parameter in upgrade.items() if name in left}
    if later:
        yield Call("rds", "ModifyDBInstance", {"DBInstanceIdentifier": left["identifier"], **later})
    yield Call(
        "rds",
        "CreateDBInstance",
        _some(
            DBInstanceIdentifier=left.pop("identifier"),
            Engine=left.pop("engine"),
            EngineVersion=left.pop("engineVersion"),
            AutoMinorVersionUpgrade=left.pop("autoMinorVersionUpgrade"),
            DBInstanceClass=left.pop("instanceClass"),
            StorageType=left.pop("storageType"),
            AllocatedStorage=left.pop("allocatedStorage"),
            MaxAllocatedStorage=left.pop("maxAllocatedStorage"),
            StorageEncrypted=left.pop("storageEncrypted"),
            KmsKeyId=left.pop("kmsKeyId"),
            DBName=left.pop("dbName"),
            MasterUsername=left.pop("username"),
            MasterUserPassword=left.pop("password"),
            Port=left.pop("port"),
            DBSubnetGroupName=left.pop("dbSubnetGroupName"),
            DBParameterGroupName=left.pop("parameterGroupName"),
            VpcSecurityGroupIds=left.pop("vpcSecurityGroupIds"),
            PubliclyAccessible=left.pop("publiclyAccessible"),
            MultiAZ=left.pop("multiAz"),
            BackupRetentionPeriod=left.pop("backupRetentionPeriod"),
            PreferredMaintenanceWindow=left.pop("maintenanceWindow", None),
            EnablePerformanceInsights=left.pop("performanceInsightsEnabled", None),
            EnableIAMDatabaseAuthentication=left.pop("iamDatabaseAuthenticationEnabled", None),
            PerformanceInsightsKMSKeyId=left.pop("performanceInsightsKmsKeyId", None),
            CopyTagsToSnapshot=left.pop("copyTagsToSnapshot"),
            DeletionProtection=left.pop("deletionProtection"),
            Tags=_tags(left),
        ),
    )


def _addon(left: Inputs, _: str) -> Iterator[Call]:
    assert left.pop("preserve") is True  # a parameter of DeleteAddon
    update = left.pop("resolveConflictsOnUpdate", None)
    assert update in (None, "PRESERVE")
    associations = [
        {"serviceAccount": a["serviceAccount"], "roleArn": a["roleArn"]}
        for a in left.pop("podIdentityAssociations", [])
    ]
    yield Call(
        "eks",
        "CreateAddon",
        _some(
            clusterName=left.pop("clusterName"),
            addonName=left.pop("addonName"),
            addonVersion=left.pop("addonVersion", None),
            serviceAccountRoleArn=left.pop("serviceAccountRoleArn", None),
            resolveConflicts=left.pop("resolveConflictsOnCreate", None),
            podIdentityAssociations=associations or None,
            tags=left.pop("tags", None),
        ),
    )


def _role(left: Inputs, id_: str) -> Iterator[Call]:
    yield Call(
        "iam",
        "CreateRole",
        _some(
            RoleName=f"role-{id_}",
            Description=left.pop("description"),
            AssumeRolePolicyDocument=left.pop("assumeRolePolicy"),
            PermissionsBoundary=left.pop("permissionsBoundary", None),
            Tags=_tags(left),
        ),
    )


def _attachment(left: Inputs, _: str) -> Iterator[Call]:
    yield Call("iam", "AttachRolePolicy", _some(RoleName=left.pop("role"), PolicyArn=left.pop("policyArn")))


def _role_policy(left: Inputs, id_: str) -> Iterator[Call]:
    yield Call(
        "iam",
        "PutRolePolicy",
        _some(RoleName=left.pop("role"), PolicyName=f"policy-{id_}", PolicyDocument=left.pop("policy")),
    )


_BUILDERS: dict[str, Callable[[Inputs, str], Iterator[Call]]] = {
    "aws:kms/key:Key": _key,
    "aws:kms/alias:Alias": _alias,
    "aws:ebs/volume:Volume": _volume,
    "aws:ec2/securityGroup:SecurityGroup": _security_group,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule("Ingress"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule("Egress"),
    "aws:ec2/networkInterface:NetworkInterface": _interface,
    "aws:ec2/instance:Instance": _machine,
    "aws:ec2/volumeAttachment:VolumeAttachment": _attached,
    "aws:dlm/lifecyclePolicy:LifecyclePolicy": _lifecycle,
    "aws:efs/fileSystem:FileSystem": _efs,
    "aws:efs/backupPolicy:BackupPolicy": _backup_policy,
    "aws:efs/accessPoint:AccessPoint": _access_point,
    "aws:efs/fileSystemPolicy:FileSystemPolicy": _file_system_policy,
    "aws:efs/mountTarget:MountTarget": _mount_target,
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": _openzfs,
    "aws:fsx/lustreFileSystem:LustreFileSystem": _lustre,
    "aws:fsx/dataRepositoryAssociation:DataRepositoryAssociation": _association,
    "aws:rds/subnetGroup:SubnetGroup": _subnet_group,
    "aws:rds/parameterGroup:ParameterGroup": _parameter_group,
    "aws:rds/instance:Instance": _instance,
    "aws:eks/addon:Addon": _addon,
    "aws:iam/role:Role": _role,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _attachment,
    "aws:iam/rolePolicy:RolePolicy": _role_policy,
    **backup_calls.BUILDERS,
    **bucket_calls.BUILDERS,
    **s3_files_calls.BUILDERS,
}
