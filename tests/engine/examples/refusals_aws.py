"""What AWS refuses. The sources are named as in tests/engine/examples/refusals.py."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from tests.engine.examples.rule import Asked, Rule, matching, zone


def _twice_in_a_zone(asked: Asked) -> str:
    files, subnet = asked.inputs["fileSystemId"], asked.inputs["subnetId"]
    others = [of["subnetId"] for _, of in asked.of("aws:efs/mountTarget:MountTarget") if of["fileSystemId"] == files]
    return "MountTargetConflict: mount target already exists in this AZ" if zone(subnet) in map(zone, others) else ""


def _another_zone(asked: Asked) -> str:
    files = asked.one("aws:efs/fileSystem:FileSystem", asked.inputs["fileSystemId"])
    only = files.get("availabilityZoneName")
    wrong = only and zone(only) != zone(asked.inputs["subnetId"])
    return f"AvailabilityZonesMismatch: the file system is in {only}" if wrong else ""


def _openzfs(asked: Asked) -> str:
    of = asked.inputs
    two, subnets = of["deploymentType"].startswith("MULTI_AZ"), of["subnetIds"]
    if len(subnets) != (2 if two else 1) or len(set(map(zone, subnets))) != len(subnets):
        return f"BadRequest: {of['deploymentType']} with subnets {', '.join(subnets)}"
    if two and of.get("preferredSubnetId") not in subnets:
        return "BadRequest: MULTI_AZ_1 needs a preferred subnet, one of its own"
    if not two and (of.get("routeTableIds") or of.get("endpointIpAddressRange") or of.get("preferredSubnetId")):
        return "BadRequest: route tables, endpoint range and preferred subnet are for MULTI_AZ_1"
    return ""


def _lustre_size(asked: Asked) -> str:
    size = asked.inputs["storageCapacity"]
    return "" if size == 1200 or size % 2400 == 0 else f"BadRequest: storage capacity {size}"


def _linked_with_backups(asked: Asked) -> str:
    files = asked.one("aws:fsx/lustreFileSystem:LustreFileSystem", asked.inputs["fileSystemId"])
    kept = files.get("automaticBackupRetentionDays")
    return "BadRequest: a file system that is linked to S3 has no backups" if kept else ""


def _same_folder(asked: Asked) -> str:
    files, path = asked.inputs["fileSystemId"], asked.inputs["fileSystemPath"]
    type_ = "aws:fsx/dataRepositoryAssociation:DataRepositoryAssociation"
    taken = [of["fileSystemPath"] for _, of in asked.of(type_) if of["fileSystemId"] == files]
    return f"BadRequest: {path} has an association" if path in taken else ""


def _disk(asked: Asked) -> str:
    kind, size, iops = asked.inputs.get("type", "gp2"), asked.inputs["size"], asked.inputs.get("iops")
    through = asked.inputs.get("throughput")
    if kind == "io2" and not iops:
        return "MissingParameter: io2 needs iops"
    if through and (kind != "gp3" or not 125 <= through <= 2000 or through * 4 > (iops or 3000)):
        return f"InvalidParameterCombination: throughput {through} of {kind} with {iops or 3000} IOPS"
    if iops and iops > max(size * (500 if kind == "gp3" else 1000), 3000 if kind == "gp3" else 0):
        return f"InvalidParameterCombination: {iops} IOPS for {size} GiB of {kind}"
    return ""


def _two_zones(asked: Asked) -> str:
    found = set(map(zone, asked.inputs["subnetIds"]))
    return "" if len(found) > 1 else "DBSubnetGroupDoesNotCoverEnoughAZs: at least two"


def _growth(asked: Asked) -> str:
    size, most = asked.inputs.get("allocatedStorage", 0), asked.inputs.get("maxAllocatedStorage")
    return f"InvalidParameterCombination: max {most} for {size}" if most and 10 * most < 11 * size else ""


def _same_rule(type_: str) -> Callable[[Asked], str]:
    keys = ("securityGroupId", "ipProtocol", "fromPort", "toPort", "referencedSecurityGroupId", "cidrIpv4", "cidrIpv6")

    def refused(asked: Asked) -> str:
        mine = [asked.inputs.get(key) for key in keys]
        same = any([of.get(key) for key in keys] == mine for _, of in asked.of(type_))
        return "InvalidPermission.Duplicate: the specified rule already exists" if same else ""

    return refused


def _lock_out(asked: Asked) -> str:
    """The account itself, or everybody under a condition, may change the policy."""
    statements = json.loads(asked.inputs["policy"])["Statement"]
    allowed = [each for each in statements if each["Effect"] == "Allow" and "kms:*" in _list(each["Action"])]
    named = [p for each in allowed for p in _list(each["Principal"].get("AWS", []))]
    return "" if any(name.endswith(":root") for name in named) else "MalformedPolicyDocument: nobody could change it"


def _addon_accounts(asked: Asked) -> str:
    named = [each["serviceAccount"] for each in asked.inputs.get("podIdentityAssociations") or []]
    wrong = asked.inputs["addonName"] == "aws-efs-csi-driver" and "efs-csi-node-sa" in named
    return "InvalidParameter: the add-on supports pod identity for efs-csi-controller-sa only" if wrong else ""


def _lock(asked: Asked) -> str:
    least, most = asked.inputs.get("minRetentionDays") or 1, asked.inputs.get("maxRetentionDays") or 36500
    cooling = asked.inputs.get("changeableForDays")
    if not 1 <= least <= most <= 36500:
        return f"InvalidParameterValueException: backups kept {least} to {most} days"
    return f"InvalidParameterValueException: a lock can be changed for {cooling} days" if cooling in (1, 2) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_GROUP = r"(?!sg-)[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}"
_BUCKET = r"(?!.*\.\.)(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)(?<!--ol-s3)"
_NAME = r"[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]|[a-z]"
RULES: Sequence[Rule] = (
    Rule("aws:efs/mountTarget:MountTarget", "botocore, efs CreateMountTarget: one in each zone", _twice_in_a_zone),
    Rule("aws:efs/mountTarget:MountTarget", "botocore, efs CreateMountTarget: One Zone, its own zone", _another_zone),
    Rule(
        "aws:fsx/openZfsFileSystem:OpenZfsFileSystem", "botocore, fsx CreateFileSystem, OpenZFSConfiguration", _openzfs
    ),
    Rule("aws:fsx/lustreFileSystem:LustreFileSystem", "botocore, fsx CreateFileSystem, StorageCapacity", _lustre_size),
    Rule(
        "aws:fsx/dataRepositoryAssociation:DataRepositoryAssociation",
        "botocore, fsx CreateDataRepositoryAssociation: a folder of its own",
        _same_folder,
    ),
    Rule(
        "aws:fsx/dataRepositoryAssociation:DataRepositoryAssociation",
        "botocore, fsx CreateBackup: not of a file system that is linked; that the link is refused is assumed",
        _linked_with_backups,
    ),
    Rule("aws:ebs/volume:Volume", "botocore, ec2 CreateVolume, Iops and Throughput; EBS user guide, ratios", _disk),
    Rule(
        "aws:rds/instance:Instance",
        "botocore, rds CreateDBInstance, DBInstanceIdentifier",
        matching("identifier", _NAME, "InvalidParameterValue"),
    ),
    Rule(
        "aws:rds/instance:Instance",
        "botocore, rds DeleteDBInstance, FinalDBSnapshotIdentifier",
        matching("finalSnapshotIdentifier", r"[A-Za-z](?!.*--)[A-Za-z0-9-]{0,253}[A-Za-z0-9]", "InvalidParameterValue"),
    ),
    Rule(
        "aws:rds/instance:Instance",
        "botocore, rds CreateDBInstance, MasterUserPassword",
        matching("password", r"[^/\"@ ]{8,128}", "InvalidParameterValue"),
    ),
    Rule(
        "aws:rds/instance:Instance",
        "botocore, rds CreateDBInstance, MasterUsername; `admin` is reserved by PostgreSQL on RDS",
        matching("username", r"(?!(admin|rdsadmin)$)[A-Za-z][A-Za-z0-9_]{0,15}", "InvalidParameterValue"),
    ),
    Rule("aws:rds/instance:Instance", "RDS user guide, storage autoscaling: a tenth above (stored 2026)", _growth),
    Rule("aws:rds/subnetGroup:SubnetGroup", "botocore, rds CreateDBSubnetGroup: two zones", _two_zones),
    Rule(
        "aws:ec2/securityGroup:SecurityGroup",
        "botocore, ec2 CreateSecurityGroup, Description",
        matching("description", _GROUP, "InvalidParameterValue"),
    ),
    *(
        Rule(type_, "EC2 API error codes: InvalidPermission.Duplicate (stored 2026)", _same_rule(type_))
        for type_ in (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        )
    ),
    Rule("aws:kms/key:Key", "botocore, kms CreateKey, Policy: the lock-out check", _lock_out),
    Rule(
        "aws:kms/alias:Alias",
        "botocore, kms CreateAlias, AliasName",
        matching("name", r"alias/(?!aws/)[A-Za-z0-9/_-]{1,250}", "InvalidAliasName"),
    ),
    Rule(
        "aws:s3/bucket:Bucket",
        "S3 user guide, bucket naming rules (stored 2026)",
        matching("bucket", _BUCKET, "InvalidBucketName"),
    ),
    Rule(
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        "botocore, backup PutBackupVaultLockConfiguration, MinRetentionDays, MaxRetentionDays, ChangeableForDays",
        _lock,
    ),
    Rule("aws:eks/addon:Addon", "kubernetes-sigs/aws-efs-csi-driver#1759 (open, 2025-12)", _addon_accounts),
)
