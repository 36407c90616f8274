"""From what a component registers to the calls that the AWS provider makes of it, by hand from its documentation.

Every argument must be used: one that is not known here fails the test, so that no argument stays unchecked.
"""

import base64
from collections.abc import Callable, Iterator

from tests.cloud_api.aws import alarm_calls, backup_calls, bucket_calls, file_calls, s3_files_calls
from tests.cloud_api.aws.call import Call, Inputs, some, tags, used


def calls(kind: str, inputs: Inputs, id_: str = "") -> list[Call]:
    """The calls for one resource, creation first. `id_` is its own id, for calls that follow the creation."""
    with used(kind, dict(inputs)) as left:
        return list(_BUILDERS[kind](left, id_))


def known(kind: str) -> bool:
    """Whether the kind of resource is mapped here."""
    return kind in _BUILDERS


def _key(left: Inputs, id_: str) -> Iterator[Call]:
    given = {"Description": left.pop("description"), "Policy": left.pop("policy")}
    yield Call("kms", "CreateKey", some(**given, Tags=tags(left, "TagKey", "TagValue")))
    assert left.pop("enableKeyRotation") is True
    rotation = left.pop("rotationPeriodInDays")
    yield Call("kms", "EnableKeyRotation", some(KeyId=id_ or "key", RotationPeriodInDays=rotation))
    window = left.pop("deletionWindowInDays")
    yield Call("kms", "ScheduleKeyDeletion", some(KeyId=id_ or "key", PendingWindowInDays=window))


def _alias(left: Inputs, _: str) -> Iterator[Call]:
    yield Call("kms", "CreateAlias", some(AliasName=left.pop("name"), TargetKeyId=left.pop("targetKeyId")))


def _volume(left: Inputs, _: str) -> Iterator[Call]:
    left.pop("finalSnapshot")  # what the provider does at deletion
    tagged = tags(left)
    yield Call(
        "ec2",
        "CreateVolume",
        some(
            AvailabilityZone=left.pop("availabilityZone"),
            Size=left.pop("size"),
            VolumeType=left.pop("type"),
            Iops=left.pop("iops", None),
            Throughput=left.pop("throughput", None),
            Encrypted=left.pop("encrypted"),
            KmsKeyId=left.pop("kmsKeyId"),
            SnapshotId=left.pop("snapshotId", None),
            TagSpecifications=[{"ResourceType": "volume", "Tags": tagged}] if tagged else None,
        ),
    )


def _security_group(left: Inputs, id_: str) -> Iterator[Call]:
    tagged = tags(left)
    yield Call(
        "ec2",
        "CreateSecurityGroup",
        some(
            GroupName=f"group-{id_}",
            Description=left.pop("description"),
            VpcId=left.pop("vpcId"),
            TagSpecifications=[{"ResourceType": "security-group", "Tags": tagged}] if tagged else None,
        ),
    )


def _rule(direction: str) -> Callable[[Inputs, str], Iterator[Call]]:
    def build(left: Inputs, _: str) -> Iterator[Call]:
        other, network = left.pop("referencedSecurityGroupId", None), left.pop("cidrIpv4", None)
        six = left.pop("cidrIpv6", None)
        permission = some(
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
            some(GroupId=left.pop("securityGroupId"), IpPermissions=[permission]),
        )

    return build


def _interface(left: Inputs, _: str) -> Iterator[Call]:
    addresses = [{"Primary": n == 0, "PrivateIpAddress": one} for n, one in enumerate(left.pop("privateIps", []))]
    yield Call(
        "ec2",
        "CreateNetworkInterface",
        some(
            Description=left.pop("description"),
            SubnetId=left.pop("subnetId"),
            Groups=left.pop("securityGroups"),
            PrivateIpAddresses=addresses or None,
            TagSpecifications=[{"ResourceType": "network-interface", "Tags": tags(left)}],
        ),
    )


def _machine(left: Inputs, _: str) -> Iterator[Call]:
    assert left.pop("userDataReplaceOnChange") is True  # what the provider does with a change
    metadata, root = left.pop("metadataOptions"), left.pop("rootBlockDevice")
    disk = some(
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
        some(
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
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags(left)}],
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
        some(
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


def _subnet_group(left: Inputs, id_: str) -> Iterator[Call]:
    yield Call(
        "rds",
        "CreateDBSubnetGroup",
        some(
            DBSubnetGroupName=f"group-{id_}",
            DBSubnetGroupDescription=left.pop("description"),
            SubnetIds=left.pop("subnetIds"),
            Tags=tags(left),
        ),
    )


def _parameter_group(left: Inputs, id_: str) -> Iterator[Call]:
    name = f"group-{id_}"
    yield Call(
        "rds",
        "CreateDBParameterGroup",
        some(
            DBParameterGroupName=name,
            DBParameterGroupFamily=left.pop("family"),
            Description=left.pop("description"),
            Tags=tags(left),
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
        some(
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
            Tags=tags(left),
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
        some(
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
        some(
            RoleName=f"role-{id_}",
            Description=left.pop("description"),
            AssumeRolePolicyDocument=left.pop("assumeRolePolicy"),
            PermissionsBoundary=left.pop("permissionsBoundary", None),
            Tags=tags(left),
        ),
    )


def _attachment(left: Inputs, _: str) -> Iterator[Call]:
    yield Call("iam", "AttachRolePolicy", some(RoleName=left.pop("role"), PolicyArn=left.pop("policyArn")))


def _role_policy(left: Inputs, id_: str) -> Iterator[Call]:
    yield Call(
        "iam",
        "PutRolePolicy",
        some(RoleName=left.pop("role"), PolicyName=f"policy-{id_}", PolicyDocument=left.pop("policy")),
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
    "aws:rds/subnetGroup:SubnetGroup": _subnet_group,
    "aws:rds/parameterGroup:ParameterGroup": _parameter_group,
    "aws:rds/instance:Instance": _instance,
    "aws:eks/addon:Addon": _addon,
    "aws:iam/role:Role": _role,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _attachment,
    "aws:iam/rolePolicy:RolePolicy": _role_policy,
    **alarm_calls.BUILDERS,
    **backup_calls.BUILDERS,
    **bucket_calls.BUILDERS,
    **file_calls.BUILDERS,
    **s3_files_calls.BUILDERS,
}
