"""An account with a cluster in three zones of any region, for stacks that find their place through it."""

import json
from typing import Any

from components.aws import dns_suffix, partition
from tests.cloud_api.aws.cloud import Ids
from tests.cloud_api.aws.settings import ACCOUNT, GROUP, SUBNETS, TABLE, VPC


class Account(Ids):
    """Ids as AWS gives them, and answers to what is looked up."""

    def __init__(self, region: str, *, auto_mode: bool, bottlerocket: bool) -> None:
        super().__init__()
        self.region, self.auto_mode = region, auto_mode
        self.image = "BOTTLEROCKET_x86_64" if bottlerocket else "AL2023_x86_64_STANDARD"
        self.subnets = {subnet: zone.replace("<region>", region) for zone, subnet in SUBNETS.items()}

    def call(self, args: Any) -> Any:
        """An answer of the account, by the name of the question."""
        answer = getattr(self, args.token.rsplit(":", 1)[1], None)
        return super().call(args) if answer is None else (answer(args.args), [])

    def getCallerIdentity(self, _: Any) -> Any:
        return {"accountId": ACCOUNT}

    def getCluster(self, given: Any) -> Any:
        return {
            "name": given["name"],
            "version": "1.34",
            "kubernetesNetworkConfigs": [{"ipFamily": "ipv4", "elasticLoadBalancings": []}],
            "endpoint": f"https://prod.eks.{self.region}.{dns_suffix(self.region)}",
            "certificateAuthorities": [{"data": "Q0E="}],
            "roleArn": f"arn:{partition(self.region)}:iam::{ACCOUNT}:role/cluster",
            "identities": [{"oidcs": [{"issuer": f"https://oidc.eks.{self.region}.{dns_suffix(self.region)}/id/ABC"}]}],
            "computeConfigs": [{"enabled": self.auto_mode, "nodePools": [], "nodeRoleArn": ""}],
            "vpcConfig": {"vpcId": VPC, "subnetIds": list(self.subnets), "clusterSecurityGroupId": GROUP},
        }

    def getAddon(self, given: Any) -> Any:
        return {"addonName": given["addonName"], "addonVersion": "v1.64.0-eksbuild.1", "tags": {"app": "kotaemon"}}

    def getAddonVersion(self, _: Any) -> Any:
        return {"version": "v1.64.0-eksbuild.1"}

    def getOpenIdConnectProvider(self, given: Any) -> Any:
        return {"url": given["url"]}

    def getServiceQuota(self, given: Any) -> Any:
        return {"quotaCode": given["quotaCode"], "value": 100000.0}

    def getResources(self, _: Any) -> Any:
        return {"resourceTagMappingLists": []}

    def getNodeGroups(self, _: Any) -> Any:
        return {"names": ["workers"]}

    def getNodeGroup(self, given: Any) -> Any:
        return {"subnetIds": list(self.subnets), "amiType": self.image}

    def getSubnet(self, given: Any) -> Any:
        number = list(self.subnets).index(given["id"])
        return {**given, "availabilityZone": self.subnets[given["id"]], "cidrBlock": f"10.0.{number}.0/24"}

    def getSubnets(self, given: Any) -> Any:
        ids, zones = (each["values"] for each in given["filters"])
        return {"ids": [one for one in ids if self.subnets[one] in zones]}

    def getRouteTables(self, _: Any) -> Any:
        return {"ids": [TABLE]}

    def getResource(self, given: Any) -> Any:
        owner = {"AWS": f"arn:{partition(self.region)}:iam::{ACCOUNT}:root"}
        whole = {"Effect": "Allow", "Principal": owner, "Action": "kms:*", "Resource": "*"}
        return {"properties": json.dumps({"KeyPolicy": {"Version": "2012-10-17", "Statement": [whole]}})}

    def getKey(self, given: Any) -> Any:
        return {
            "arn": given["keyId"],
            "keyState": "Enabled",
            "keyUsage": "ENCRYPT_DECRYPT",
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "keyManager": "CUSTOMER",
        }
