"""Cases of the rules about networks and exports."""

from typing import Any

from policy.resource import UNKNOWN
from tests.policy.cases.case import one
from tests.policy.resources import RDS, changed

RDS_TYPE = "aws:rds/instance:Instance"
OPENZFS = "aws:fsx/openZfsFileSystem:OpenZfsFileSystem"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
NAS_RULE = "alicloud:nas/accessRule:AccessRule"
NAS = "alicloud:nas/fileSystem:FileSystem"


def export(options: list[str], clients: str = "10.0.0.0/16") -> dict[str, Any]:
    configured = [{"clients": clients, "options": options}]
    return {"rootVolumeConfiguration": {"nfsExports": {"clientConfigurations": configured}}}


def group(cidr: str, low: int = 2049, high: int = 2049, protocol: str = "tcp") -> dict[str, Any]:
    return {"ingress": [{"protocol": protocol, "fromPort": low, "toPort": high, "cidrBlocks": [cidr]}]}


def balancer(ranges: list[str] | None) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": "LoadBalancer", "ports": [{"port": 443.0}]}
    return {"spec": spec | ({"loadBalancerSourceRanges": ranges} if ranges else {})}


def network_policy(peers: list[dict[str, Any]]) -> dict[str, Any]:
    return {"spec": {"ingress": [{"from": peers, "ports": [{"port": 7860}]}]}}


CASES = [
    one("root-squash", "squashed", OPENZFS, export(["rw", "all_squash"])),
    one("root-squash", "root of the nodes", OPENZFS, export(["rw", "no_root_squash"])),
    one("root-squash", "missing exports", OPENZFS, {}),
    one(
        "root-squash",
        "root of the world",
        OPENZFS,
        export(["rw", "no_root_squash"], "*"),
        "options hold no_root_squash for *: any host is root on all files",
    ),
    one(
        "root-squash",
        "NAS, missing",
        NAS_RULE,
        {"sourceCidrIp": "0.0.0.0/0"},
        "userAccessType is missing, which means no_squash for 0.0.0.0/0: any host is root on all files",
    ),
    one(
        "root-squash-advised", "squashed NAS", NAS_RULE, {"userAccessType": "root_squash", "sourceCidrIp": "10.0.0.0/8"}
    ),
    one("root-squash-advised", "missing exports", OPENZFS, {}),
    one(
        "root-squash-advised",
        "root of the nodes",
        OPENZFS,
        export(["rw", "no_root_squash"]),
        "options hold no_root_squash for 10.0.0.0/16: root of any node is root on all files; squash once the role "
        "folders are made",
    ),
    one("no-world-open", "compliant rule", INGRESS, {"cidrIpv4": "10.0.0.0/8", "fromPort": 2049.0, "toPort": 2049.0}),
    one("no-world-open", "missing source", INGRESS, {"referencedSecurityGroupId": UNKNOWN}),
    one(
        "no-world-open",
        "rule",
        INGRESS,
        {"cidrIpv4": "0.0.0.0/0", "fromPort": 2049.0, "toPort": 2050.0},
        "is open to 0.0.0.0/0 on ports 2049 to 2050; name the networks of the clients",
    ),
    one(
        "no-world-open",
        "group",
        GROUP,
        group("0.0.0.0/0"),
        "is open to 0.0.0.0/0 on port 2049; name the networks of the clients",
    ),
    one(
        "no-world-open",
        "group with every port",
        GROUP,
        group("::/0", 0, 0, "-1"),
        "is open to ::/0 on all ports; name the networks of the clients",
    ),
    one("no-world-open", "configured port", GROUP, group("0.0.0.0/0", 443, 443), ports=[443]),
    one(
        "no-world-open",
        "more than the configured port",
        GROUP,
        group("0.0.0.0/0", 443, 444),
        "is open to 0.0.0.0/0 on ports 443 to 444; name the networks of the clients",
        ports=[443, 444],
    ),
    one(
        "no-world-open",
        "Alibaba Cloud's group",
        "alicloud:ecs/securityGroupRule:SecurityGroupRule",
        {"type": "ingress", "cidrIp": "0.0.0.0/0", "portRange": "22/22"},
        "is open to 0.0.0.0/0 on port 22; name the networks of the clients",
    ),
    one(
        "no-world-open",
        "white list of a database",
        "alicloud:rds/instance:Instance",
        {"securityIps": ["10.0.0.0/8", "0.0.0.0/0"]},
        "is open to 0.0.0.0/0 on all ports; name the networks of the clients",
    ),
    one(
        "no-world-open",
        "public database",
        RDS_TYPE,
        changed(RDS, "publiclyAccessible", True),
        "publiclyAccessible is true: the database has a public address",
    ),
    one("no-world-open", "export", OPENZFS, export(["rw"], "*"), "exports to *; name the networks of the nodes"),
    one("no-world-open", "load balancer with ranges", "kubernetes:core/v1:Service", balancer(["10.0.0.0/8"])),
    one(
        "no-world-open",
        "load balancer",
        "kubernetes:core/v1:Service",
        balancer(None),
        "is open to 0.0.0.0/0 on port 443; name the networks of the clients",
    ),
    one(
        "no-world-open",
        "network policy with peers",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        network_policy([{"podSelector": {}}]),
    ),
    one(
        "no-world-open",
        "network policy without peers",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        network_policy([]),
        "is open to 0.0.0.0/0 on port 7860; name the networks of the clients",
    ),
]
