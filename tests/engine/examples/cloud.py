"""What the stand-in for the clouds answers: ids as the clouds give them, at random, and names that exist once."""

import secrets
import uuid
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Values = dict[str, Any]

ACCOUNT, REGION = "111122223333", "eu-central-1"
PREFIXES = {
    "aws:ec2/securityGroup:SecurityGroup": "sg-",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "sgr-",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "sgr-",
    "aws:efs/fileSystem:FileSystem": "fs-",
    "aws:efs/accessPoint:AccessPoint": "fsap-",
    "aws:efs/mountTarget:MountTarget": "fsmt-",
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": "fs-",
    "aws:fsx/lustreFileSystem:LustreFileSystem": "fs-",
    "aws:ebs/volume:Volume": "vol-",
    "aws:ec2/networkInterface:NetworkInterface": "eni-",
    "aws:ec2/instance:Instance": "i-",
    "aws:dlm/lifecyclePolicy:LifecyclePolicy": "policy-",
    "aws:rds/instance:Instance": "db-",
    "alicloud:kms/key:Key": "key-",
    "alicloud:ecs/ecsDisk:EcsDisk": "d-",
    "alicloud:ecs/autoSnapshotPolicy:AutoSnapshotPolicy": "sp-",
    "alicloud:ecs/ecsNetworkInterface:EcsNetworkInterface": "eni-",
    "alicloud:ecs/securityGroup:SecurityGroup": "sg-",
    "alicloud:ecs/instance:Instance": "i-",
    "alicloud:nas/fileSystem:FileSystem": "",
    "alicloud:hbr/vault:Vault": "v-",
    "alicloud:hbr/nasBackupPlan:NasBackupPlan": "plan-",
    "alicloud:rds/instance:Instance": "pgm-",
}
FORMS: Mapping[str, Callable[[Values, str], str]] = {
    "aws:kms/key:Key": lambda of, new: str(uuid.uuid4()),
    "aws:efs/backupPolicy:BackupPolicy": lambda of, new: of["fileSystemId"],
    "aws:efs/fileSystemPolicy:FileSystemPolicy": lambda of, new: of["fileSystemId"],
    "alicloud:nas/mountTarget:MountTarget": lambda of, new: f"{of['fileSystemId']}:{of['fileSystemId']}-{new}.nas",
    "alicloud:nas/accessGroup:AccessGroup": lambda of, new: f"{of['accessGroupName']}:{of['fileSystemType']}",
    "alicloud:nas/accessRule:AccessRule": lambda of, new: f"{of['accessGroupName']}:{of['fileSystemType']}:{new}",
    "alicloud:rds/rdsAccount:RdsAccount": lambda of, new: f"{of['dbInstanceId']}:{of['accountName']}",
    "alicloud:rds/database:Database": lambda of, new: f"{of['instanceId']}:{of['dataBaseName']}",
    "alicloud:rds/accountPrivilege:AccountPrivilege": lambda of, new: f"{of['instanceId']}:{of['accountName']}:DBOwner",
    "alicloud:rds/backupPolicy:BackupPolicy": lambda of, new: of["instanceId"],
    "alicloud:ecs/ecsAutoSnapshotPolicyAttachment:EcsAutoSnapshotPolicyAttachment": lambda of, new: (
        f"{of['autoSnapshotPolicyId']}:{of['diskId']}"
    ),
    "alicloud:ecs/ecsDiskAttachment:EcsDiskAttachment": lambda of, new: f"{of['diskId']}:{of['instanceId']}",
    "alicloud:ecs/securityGroupRule:SecurityGroupRule": lambda of, new: (
        f"{of['securityGroupId']}:{of['type']}:{of['ipProtocol']}:{of['portRange']}:{of['nicType']}:{of['cidrIp']}:accept:1"
    ),
}
"""Ids that are made of what the resource belongs to."""
ONCE = {
    "aws:rds/instance:Instance": ("identifier",),
    "aws:kms/alias:Alias": ("name",),
    "aws:efs/mountTarget:MountTarget": ("fileSystemId", "subnetId"),
    "aws:eks/addon:Addon": ("clusterName", "addonName"),
    "aws:s3/bucket:Bucket": ("bucket",),
    "alicloud:kms/alias:Alias": ("aliasName",),
    "alicloud:nas/accessGroup:AccessGroup": ("accessGroupName",),
    "alicloud:nas/accessRule:AccessRule": ("accessGroupName", "sourceCidrIp"),
    "alicloud:oss/bucket:Bucket": ("bucket",),
    "alicloud:ram/role:Role": ("roleName",),
    "alicloud:ram/policy:Policy": ("policyName",),
    "alicloud:resourcemanager/serviceLinkedRole:ServiceLinkedRole": ("serviceName",),
    "alicloud:hbr/vault:Vault": ("vaultName",),
    "alicloud:rds/rdsAccount:RdsAccount": ("dbInstanceId", "accountName"),
    "alicloud:rds/database:Database": ("instanceId", "dataBaseName"),
}
"""Inputs that no two resources of the type share: the clouds refuse the second one."""
GOES_WITH = {"alicloud:ecs/ecsDiskAttachment:EcsDiskAttachment": "instanceId"}
"""Type -> the input that names the resource with which it goes: a released instance holds no disk."""
NOT_TOLD = ("password", "accountPassword")
"""Inputs that no cloud gives back."""


def new_id(type_: str, name: str, inputs: Values) -> str:
    """An id of the form that the cloud gives, another one each time."""
    new = secrets.token_hex(9)[:17]
    if type_ in FORMS:
        return FORMS[type_](inputs, new)
    return PREFIXES.get(type_, f"{name}-") + new


def taken(type_: str, inputs: Values, others: Sequence[Values]) -> str:
    """Why the cloud refuses to make it: another one has the name. Empty: it is free."""
    keys = ONCE.get(type_, ())
    mine = [inputs.get(key) for key in keys]
    if keys and any([other.get(key) for key in keys] == mine for other in others):
        return f"there is one with {', '.join(map(str, mine))}"
    return ""


def _address(id_: str) -> str:
    """An address that is always the same for an id."""
    number = zlib.crc32(id_.encode())
    return f"10.0.{number >> 8 & 255}.{number & 255}"


def computed(type_: str, name: str, id_: str) -> Values:
    """What only the cloud can tell: always the same for the same resource."""
    if type_.startswith("alicloud:"):
        return {
            "alicloud:nas/mountTarget:MountTarget": {"mountTargetDomain": f"{id_.partition(':')[2]}.aliyuncs.com"},
            "alicloud:ecs/ecsNetworkInterface:EcsNetworkInterface": {"primaryIpAddress": _address(id_)},
            "alicloud:rds/instance:Instance": {"connectionString": f"{id_}.pg.rds.aliyuncs.com", "port": "5432"},
        }.get(type_, {})
    arns = {
        "aws:kms/key:Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{id_}",
        "aws:efs/fileSystem:FileSystem": f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/{id_}",
        "aws:efs/accessPoint:AccessPoint": f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/{id_}",
        "aws:iam/role:Role": f"arn:aws:iam::{ACCOUNT}:role/{name}",
    }
    more: Values = {
        "aws:kms/key:Key": {"keyId": id_},
        "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": {"dnsName": f"{id_}.fsx.{REGION}.amazonaws.com"},
        "aws:fsx/lustreFileSystem:LustreFileSystem": {
            "dnsName": f"{id_}.fsx.{REGION}.amazonaws.com",
            "mountName": id_[-8:],
        },
        "aws:rds/instance:Instance": {"address": f"{id_}.{REGION}.rds.amazonaws.com"},
        "aws:ec2/networkInterface:NetworkInterface": {"privateIp": _address(id_)},
        # Others refer to them by name.
        "aws:rds/subnetGroup:SubnetGroup": {"name": id_},
        "aws:rds/parameterGroup:ParameterGroup": {"name": id_},
    }
    return {"arn": arns.get(type_, f"arn:aws:any:{REGION}:{ACCOUNT}:{id_}"), **more.get(type_, {})}
