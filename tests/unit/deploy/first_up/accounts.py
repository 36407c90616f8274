"""Accounts that stand in for clouds: what each call answers, in the form that the API's model has.

tests/cloud_api holds the calls and the answers of AWS against botocore's models.
"""

import copy
import json
from typing import Any

from deploy.first_up.asked import Asked
from deploy.first_up.reading import Absent, require_read
from estimate.product import Product
from estimate.products.ebs import EbsDisk
from estimate.products.efs import Efs
from estimate.products.lustre import Lustre
from estimate.products.openzfs import OpenZfs
from estimate.products.rds import RdsPostgres
from stacks.settings import load

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ebs-csi"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f"
SUBNETS = {"eu-central-1a": "subnet-0a1b2c3d4e5f6071a", "eu-central-1b": "subnet-0a1b2c3d4e5f6071b"}


class Cloud:
    """An account. An answer is a value, an exception, or a function of the call's parameters."""

    def __init__(self, answers: dict[tuple[str, str], Any]) -> None:
        self.answers = answers
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.answered: list[tuple[str, str, Any]] = []

    def __call__(self, service: str, operation: str, **parameters: Any) -> Any:
        require_read(operation)
        self.calls.append((service, operation, parameters))
        answer = self.answers[service, operation]
        answer = answer(parameters) if callable(answer) else answer
        if isinstance(answer, Exception):
            raise answer
        self.answered.append((service, operation, answer))
        return copy.deepcopy(answer)


BUYS = (
    Efs(100),
    OpenZfs(128, "MULTI_AZ_1", 160),
    Lustre(1200, "PERSISTENT_2", 125),
    EbsDisk(20, "gp3"),
    RdsPostgres("db.t4g.small", 20, True),
)
"""Products with quotas, of every kind."""


def asked(settings: dict[str, Any], types: set[str] | None = None, products: tuple[Product, ...] = ()) -> Asked:
    values = {f"kotaemon:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in settings.items()}
    return Asked(load.load(values, set(), "Pulumi.test.yaml"), frozenset(types or ()), products)


def aws_settings(**section: Any) -> dict[str, Any]:
    """A stack on EKS that has something to ask at every row."""
    return {
        "platform": "aws",
        "profile": "scaled",
        "aws": {
            "region": "eu-central-1",
            "account": ACCOUNT,
            "cluster": "prod",
            "vpc": "vpc-0a1b2c3d4e5f60718",
            "subnets": SUBNETS,
            "routeTables": ["rtb-0a1b2c3d4e5f60718"],
            "keyArn": KEY,
            "keyForNodes": True,
            "drivers": {"ebs": {"role": ROLE}, "efs": {"mode": "install"}, "installAgent": True},
            "database": {"identifier": "kotaemon", "network": "10.0.0.0/16"},
            **section,
        },
        "storage": {"claims": {"files": {"kind": "efs", "size": "100Gi"}, "disk": {"kind": "ebs", "size": "20Gi"}}},
        "stores": {
            "vectorStore": {
                "kind": "qdrant",
                "url": "http://qdrant.example.com:6333",
                "secretName": "qdrant",
                "secretKey": "api-key",
                "endpoint": {"cidr": "10.0.64.0/24", "port": 6333},
            }
        },
    }


AWS_TYPES = {
    "aws:efs/fileSystem:FileSystem",
    "aws:rds/instance:Instance",
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
}


def _addon(parameters: dict[str, Any]) -> Any:
    if parameters["addonName"] != "aws-ebs-csi-driver":
        return Absent("An error occurred (ResourceNotFoundException) when calling the DescribeAddon operation")
    addon = {"addonName": "aws-ebs-csi-driver", "addonVersion": "v1.62.0-eksbuild.1", "status": "ACTIVE"}
    return {"addon": {**addon, "serviceAccountRoleArn": ROLE}}


def allowed(parameters: dict[str, Any]) -> Any:
    """A simulation that allows everything."""
    return simulated(parameters, {})


def simulated(parameters: dict[str, Any], decisions: dict[str, str]) -> Any:
    results = [
        {"EvalActionName": action, "EvalDecision": decisions.get(action, "allowed")}
        for action in parameters["ActionNames"]
    ]
    return {"EvaluationResults": results, "IsTruncated": False}


FSX = [
    {"StorageCapacity": 1024, "OpenZFSConfiguration": {"DeploymentType": "SINGLE_AZ_2", "ThroughputCapacity": 320}},
    {"StorageCapacity": 2400, "LustreConfiguration": {"DeploymentType": "PERSISTENT_2"}},
    {"StorageCapacity": 1200, "LustreConfiguration": {"DeploymentType": "SCRATCH_2"}},
    {"StorageCapacity": 300, "WindowsConfiguration": {"DeploymentType": "SINGLE_AZ_1"}},
]
"""File systems of others: some do not count."""


def aws_account() -> Cloud:
    """An account that is as `aws_settings` assumes."""
    policy = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ]
    }
    cluster = {
        "name": "prod",
        "version": "1.34",
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/cluster",
        "computeConfig": {"enabled": False},
        "kubernetesNetworkConfig": {"ipFamily": "ipv4"},
        "resourcesVpcConfig": {"vpcId": "vpc-0a1b2c3d4e5f60718", "subnetIds": list(SUBNETS.values())},
    }
    group = {"nodegroupName": "general", "amiType": "AL2023_x86_64_STANDARD", "subnets": list(SUBNETS.values())}
    option = {
        "EngineVersion": "17.6",
        "DBInstanceClass": "db.t4g.small",
        "AvailabilityZones": [{"Name": zone} for zone in SUBNETS],
        "MultiAZCapable": True,
        "SupportsStorageEncryption": True,
        "StorageType": "gp3",
    }
    table = {
        "RouteTableId": "rtb-0a1b2c3d4e5f60718",
        "Associations": [{"Main": True}, {"Main": False, "SubnetId": SUBNETS["eu-central-1a"]}],
    }
    version = {
        "addonVersion": "v2.1.11-eksbuild.1",
        "compatibilities": [{"clusterVersion": "1.34", "defaultVersion": True}],
    }
    return Cloud(
        {
            ("sts", "GetCallerIdentity"): {
                "UserId": "AROAEXAMPLEEXAMPLE:jane@example.com",
                "Account": ACCOUNT,
                "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/jane@example.com",
            },
            ("iam", "GetRole"): lambda p: {
                "Role": {"RoleName": p["RoleName"], "Arn": f"arn:aws:iam::{ACCOUNT}:role/ci/{p['RoleName']}"}
            },
            ("iam", "SimulatePrincipalPolicy"): allowed,
            ("eks", "DescribeCluster"): {"cluster": cluster},
            ("eks", "ListNodegroups"): {"nodegroups": ["general"]},
            ("eks", "DescribeNodegroup"): {"nodegroup": group},
            ("eks", "DescribeAddon"): _addon,
            ("eks", "DescribeAddonVersions"): {"addons": [{"addonVersions": [version]}]},
            ("ec2", "DescribeSubnets"): {
                "Subnets": [{"SubnetId": id_, "AvailabilityZone": zone} for zone, id_ in SUBNETS.items()]
            },
            ("ec2", "DescribeRouteTables"): {"RouteTables": [table]},
            ("kms", "DescribeKey"): {
                "KeyMetadata": {
                    "AWSAccountId": ACCOUNT,
                    "KeyId": "0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f",
                    "KeyState": "Enabled",
                    "KeyUsage": "ENCRYPT_DECRYPT",
                    "KeySpec": "SYMMETRIC_DEFAULT",
                    "KeyManager": "CUSTOMER",
                }
            },
            ("kms", "GetKeyPolicy"): {"Policy": json.dumps(policy)},
            ("rds", "DescribeOrderableDBInstanceOptions"): {"OrderableDBInstanceOptions": [option]},
            ("rds", "DescribeDBInstances"): {"DBInstances": [{"DBInstanceIdentifier": "other"}]},
            ("efs", "DescribeFileSystems"): {"FileSystems": []},
            ("fsx", "DescribeFileSystems"): {"FileSystems": FSX},
            ("ec2", "DescribeVolumes"): {
                "Volumes": [{"VolumeId": "vol-1", "Size": 512}, {"VolumeId": "vol-2", "Size": 1536}]
            },
            ("service-quotas", "GetServiceQuota"): lambda p: {"Quota": {"QuotaCode": p["QuotaCode"], "Value": 9000.0}},
        }
    )


ALI_ACCOUNT = "1234567890123456"
ALI_CLUSTER = "c0123456789abcdef0123456789abcdef"
ALI_TYPES = {"alicloud:hbr/vault:Vault"}


def alicloud_settings(**section: Any) -> dict[str, Any]:
    """A stack on ACK that has something to ask at every row."""
    return {
        "platform": "alicloud",
        "profile": "scaled",
        "alicloud": {
            "region": "cn-hangzhou",
            "account": ALI_ACCOUNT,
            "clusterId": ALI_CLUSTER,
            "vpcId": "vpc-bp1exampleexample",
            "vswitches": {"cn-hangzhou-h": "vsw-bp1exampleh", "cn-hangzhou-i": "vsw-bp1examplei"},
            "clusterCidrs": ["10.0.0.0/16"],
            "keyId": "key-hzz630494463ejqjx0000",
            "addons": {"csi-plugin": "v1.33.1-aliyun.1"},
            "database": {"instanceType": "pg.x4.medium.2c", "size": "50Gi"},
            **section,
        },
        "storage": {
            "claims": {
                "files": {"kind": "nas", "size": "100Gi", "zone": "cn-hangzhou-h", "storageType": "Performance"},
                "disk": {"kind": "essd", "size": "20Gi"},
            },
        },
        "stores": {
            "vectorStore": {
                "kind": "qdrant",
                "url": "http://qdrant.example.com:6333",
                "secretName": "qdrant",
                "secretKey": "api-key",
                "endpoint": {"cidr": "10.0.64.0/24", "port": 6333},
            }
        },
    }


def alicloud_account() -> Cloud:
    """An account that is as `alicloud_settings` assumes."""
    zones = ("cn-hangzhou-h", "cn-hangzhou-i")
    disks = {"DiskCategories": ["cloud_auto", "cloud_essd", "cloud_essd_entry"]}
    return Cloud(
        {
            ("sts", "GetCallerIdentity"): {"AccountId": ALI_ACCOUNT, "Arn": f"acs:ram::{ALI_ACCOUNT}:user/jane"},
            ("vpc", "DescribeVSwitches"): {
                "VSwitches": {"VSwitch": [{"VSwitchId": f"vsw-bp1example{z[-1]}", "ZoneId": z} for z in zones]}
            },
            ("cs", "DescribeClusterDetail"): {
                "cluster_id": ALI_CLUSTER,
                "region_id": "cn-hangzhou",
                "vpc_id": "vpc-bp1exampleexample",
                "state": "running",
                "current_version": "1.34.1-aliyun.1",
            },
            ("cs", "ListClusterAddonInstances"): {
                "addons": [
                    {"name": "csi-plugin", "version": "v1.33.1-aliyun.1", "state": "active"},
                    {"name": "managed-csiprovisioner", "version": "v1.33.1-aliyun.1", "state": "active"},
                ]
            },
            ("ram", "GetRole"): lambda p: {"Role": {"RoleName": p["RoleName"]}},
            ("kms", "DescribeKey"): {
                "KeyMetadata": {
                    "KeyId": "key-hzz630494463ejqjx0000",
                    "KeyState": "Enabled",
                    "KeyUsage": "ENCRYPT/DECRYPT",
                    "KeySpec": "Aliyun_AES_256",
                    "Creator": ALI_ACCOUNT,
                }
            },
            ("kms", "ListKmsInstances"): {"KmsInstances": {"KmsInstance": [{"KmsInstanceId": "kst-hzz62example"}]}},
            ("ecs", "DescribeZones"): {
                "Zones": {"Zone": [{"ZoneId": zone, "AvailableDiskCategories": disks} for zone in zones]}
            },
            ("ecs", "DescribePrice"): {
                "PriceInfo": {"Price": {"Currency": "USD", "OriginalPrice": 0.004, "TradePrice": 0.003}}
            },
            ("rds", "DescribePrice"): {"PriceInfo": {"Currency": "USD", "OriginalPrice": 0.25, "TradePrice": 0.25}},
            ("nas", "DescribeZones"): {
                "Zones": {"Zone": [{"ZoneId": zone, "Performance": {"Protocol": ["NFS", "SMB"]}} for zone in zones]}
            },
            ("rds", "DescribeAvailableClasses"): {
                "DBInstanceClasses": [{"DBInstanceClass": "pg.x4.medium.2c"}, {"DBInstanceClass": "pg.x4.large.2c"}]
            },
        }
    )
