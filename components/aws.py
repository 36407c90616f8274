"""What the AWS APIs accept, as pure rules: each gives the reason of a refusal, or an empty text.

Components turn a reason into a pulumi.RunError, the stack file's models into a ValueError. No AWS SDK is imported
here: every stack file is checked by this module, also those of other platforms.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

_KEY_ARN = re.compile(r"arn:(aws[a-z-]*):kms:([a-z0-9-]+):([0-9]{12}):key/(mrk-[0-9a-f]{32}|[0-9a-f-]{36})")

_TOPIC_ARN = re.compile(r"arn:(aws[a-z-]*):sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}")


class EbsType(str, Enum):
    """Types of disk that suit databases. The others (gp2, io1, st1, sc1, standard) are slower for more money."""

    GP3 = "gp3"
    IO2 = "io2"


_EBS_GIB = {EbsType.GP3: (1, 65536), EbsType.IO2: (4, 65536)}
_EBS_IOPS = {EbsType.GP3: (3000, 80000), EbsType.IO2: (100, 256000)}
_EBS_IOPS_PER_GIB = {EbsType.GP3: 500, EbsType.IO2: 1000}


class OpenZfsDeployment(str, Enum):
    """How many servers, in how many zones (API CreateFileSystemOpenZFSConfiguration, DeploymentType)."""

    MULTI_AZ_1 = "MULTI_AZ_1"
    """Two servers in two zones, automatic failover."""
    SINGLE_AZ_HA_2 = "SINGLE_AZ_HA_2"
    """Two servers in one zone, automatic failover."""
    SINGLE_AZ_HA_1 = "SINGLE_AZ_HA_1"
    """Two servers in one zone with automatic failover, of the older generation."""
    SINGLE_AZ_2 = "SINGLE_AZ_2"
    """One server."""
    SINGLE_AZ_1 = "SINGLE_AZ_1"
    """One server, of the older generation."""


_OPENZFS_FIRST = (64, 128, 256, 512, 1024, 2048, 3072, 4096)
_OPENZFS_SECOND = (160, 320, 640, 1280, 2560, 3840, 5120, 7680, 10240)
OPENZFS_THROUGHPUT = {
    OpenZfsDeployment.MULTI_AZ_1: _OPENZFS_SECOND,
    OpenZfsDeployment.SINGLE_AZ_HA_2: _OPENZFS_SECOND,
    OpenZfsDeployment.SINGLE_AZ_HA_1: _OPENZFS_FIRST,
    OpenZfsDeployment.SINGLE_AZ_2: _OPENZFS_SECOND,
    OpenZfsDeployment.SINGLE_AZ_1: _OPENZFS_FIRST,
}
"""MB/s by deployment type (API CreateFileSystemOpenZFSConfiguration, ThroughputCapacity)."""

LUSTRE_THROUGHPUT = (125, 250, 500, 1000)
"""MB/s for each TiB of PERSISTENT_2 on SSD (API CreateFileSystemLustreConfiguration, PerUnitStorageThroughput)."""


def tags_refused(tags: Mapping[str, str]) -> str:
    """Why AWS would refuse tags (General Reference, tag naming limits; 50, of which the program adds a few)."""
    if len(tags) > 40:
        return f"{len(tags)} tags; AWS takes 50, and 10 of them are left for the storage drivers"
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            return f"tag {key!r}: keys have 1 to 128 characters, values at most 256"
        if key.lower().startswith("aws:"):
            return f"tag {key!r}: keys that begin with aws: belong to AWS"
        if not re.fullmatch(r"[\w .:/=+@-]*", key + value):
            return f"tag {key!r}: only letters, digits, spaces and . : / = + @ - _ are allowed in tags"
    return ""


_PARTITIONS = (
    ("cn-", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-", "aws-us-gov", "amazonaws.com"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
    ("us-iso-", "aws-iso", "c2s.ic.gov"),
    ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
    ("eusc-", "aws-eusc", "amazonaws.eu"),
)
"""First letters of regions, their partition, and the last part of its host names, compared with botocore by
tests/cloud_api/aws/test_partitions.py."""
DNS_SUFFIXES = tuple(dict.fromkeys(("amazonaws.com", *(suffix for _, _, suffix in _PARTITIONS))))
"""Last parts of the host names of AWS's services, in every partition."""


def partition(region: str) -> str:
    """Partition of a region, the second part of every ARN: aws, aws-cn, aws-us-gov, aws-eusc, aws-iso and so on."""
    return next((name for first, name, _ in _PARTITIONS if region.startswith(first)), "aws")


def dns_suffix(region: str) -> str:
    """Last part of the host names of a region's services."""
    return next((suffix for first, _, suffix in _PARTITIONS if region.startswith(first)), "amazonaws.com")


def s3_endpoint(region: str) -> str:
    """URL of S3 in a region."""
    return f"https://s3.{region}.{dns_suffix(region)}"


def tag_statement(region: str) -> dict[str, Any]:
    """What the IAM role of a cluster with EKS Auto Mode needs besides its managed policies before a StorageClass may
    give disks tags of your own (EKS user guide, auto-cluster-iam-role: custom AWS tags; docs/clouds.md, Auto Mode)."""
    cluster = "${aws:PrincipalTag/eks:eks-cluster-name}"
    kinds = ("volume", "snapshot")
    return {
        "Sid": "Storage",
        "Effect": "Allow",
        "Action": ["ec2:CreateVolume", "ec2:CreateSnapshot"],
        "Resource": [f"arn:{partition(region)}:ec2:*:*:{kind}/*" for kind in kinds],
        "Condition": {"StringEquals": {"aws:RequestTag/eks:eks-cluster-name": cluster}},
    }


def key_arn_refused(arn: str, region: str) -> str:
    """Why a KMS key is not usable for storage in `region`."""
    if arn.startswith("alias/") or ":alias/" in arn:
        # EBS checks a key after its answer: a wrong one shows only as a volume that vanishes (API CreateVolume).
        return "is an alias; the EBS driver needs the full ARN of the key (aws-ebs-csi-driver docs/parameters.md)"
    match = _KEY_ARN.fullmatch(arn)
    if match is None:
        return "must be the full ARN of a KMS key, for example arn:aws:kms:eu-central-1:111122223333:key/<id>"
    if match[2] != region:
        return f"is a key of region {match[2]}; storage in {region} can only use keys of {region}"
    if match[1] != partition(region):
        return f"is an ARN of partition {match[1]}; region {region} is in {partition(region)}"
    return ""


def topic_refused(topic: str, region: str) -> str:
    """Why an SNS topic cannot be told by alarms in `region`: CloudWatch tells topics of its own region, also those of
    another account whose policy lets it (API PutMetricAlarm, AlarmActions)."""
    match = _TOPIC_ARN.fullmatch(topic)
    if match is None:
        return "must be the ARN of an SNS topic, for example arn:aws:sns:eu-central-1:111122223333:on-call"
    if match[1] != partition(region):
        return f"is an ARN of partition {match[1]}; region {region} is in {partition(region)}"
    if match[2] != region:
        return f"is a topic of region {match[2]}; alarms in {region} can only tell topics of {region}"
    return ""


def network_refused(network: str) -> str:
    """Why files are not exported to a network: it is larger than any private one, or of IPv6.

    Nodes mount by their IPv4 addresses, which they have in IPv6 clusters as well (EKS user guide, "Learn about IPv6
    addresses to clusters, Pods, and services"): the mount targets and servers that this program makes have no others.
    """
    if ":" in network:
        return (
            f"networks: {network} is IPv6, and file systems are made with IPv4 addresses, by which nodes of IPv6 "
            "clusters mount them too; give the IPv4 networks of the nodes' subnets"
        )
    if ipaddress.ip_network(network).prefixlen < 8:
        return (
            f"networks: {network} is everybody, and files are exported to it; give the networks of the nodes' subnets"
        )
    return ""


def wide_networks(networks: Sequence[str]) -> list[str]:
    """Networks that are larger than one of a VPC can be, a /16 (VPC user guide, "VPC CIDR blocks")."""
    return [network for network in networks if ipaddress.ip_network(network).prefixlen < 16]


def zone_refused(zone: str, region: str) -> str:
    """Why a zone is not usable in `region`. Local Zones (us-west-2-lax-1a) have no FSx and no EFS."""
    if re.fullmatch(re.escape(region) + r"[a-z]", zone):
        return ""
    return f"is not an availability zone of region {region}; they are called {region}a, {region}b and so on"


def ebs_refused(kind: EbsType, size_gib: int, iops: int | None = None, throughput: int | None = None) -> str:
    """Why EC2 would refuse a disk (API CreateVolume; ratios: EBS user guide, volume types). MiB/s for throughput."""
    low, high = _EBS_GIB[kind]
    if not low <= size_gib <= high:
        return f"size {size_gib} GiB: {kind.value} disks have {low} to {high} GiB"
    if kind == EbsType.IO2 and iops is None:
        return "iops: missing; io2 disks have provisioned IOPS only"
    if iops is not None and (reason := _iops_refused(kind, size_gib, iops)):
        return reason
    if throughput is None:
        return ""
    if kind != EbsType.GP3:
        return f"throughput {throughput}: only gp3 disks take a throughput; that of {kind.value} follows from its IOPS"
    if not 125 <= throughput <= 2000:
        return f"throughput {throughput} MiB/s: gp3 disks have 125 to 2000 MiB/s"
    if throughput * 4 > (iops or 3000):
        return (
            f"throughput {throughput} MiB/s: gp3 gives at most 0.25 MiB/s for each of its IOPS, "
            f"so it needs iops {throughput * 4} or more"
        )
    return ""


def _iops_refused(kind: EbsType, size_gib: int, iops: int) -> str:
    low, high = _EBS_IOPS[kind]
    ratio = _EBS_IOPS_PER_GIB[kind]
    if not low <= iops <= high:
        return f"iops {iops}: {kind.value} disks have {low} to {high} IOPS"
    # gp3 has its first 3000 IOPS at any size.
    if iops > max(ratio * size_gib, 3000 if kind == EbsType.GP3 else 0):
        return (
            f"iops {iops}: {kind.value} gives at most {ratio} IOPS for each GiB, {ratio * size_gib} at {size_gib} GiB"
        )
    return ""


def openzfs_refused(deployment: OpenZfsDeployment, size_gib: int, throughput: int, iops: int | None = None) -> str:
    """Why FSx would refuse an OpenZFS file system on SSD (API CreateFileSystem). MB/s for throughput."""
    if not 64 <= size_gib <= 524288:
        return f"size {size_gib} GiB: FSx for OpenZFS has 64 to 524288 GiB"
    steps = OPENZFS_THROUGHPUT[deployment]
    if throughput not in steps:
        return f"throughput {throughput} MB/s: {deployment.value} has {', '.join(map(str, steps))}"
    if iops is not None and not 3 * size_gib <= iops <= 200000:
        return f"iops {iops}: FSx for OpenZFS has 3 for each GiB ({3 * size_gib} at {size_gib} GiB) to 200000"
    return ""


def openzfs_network_refused(deployment: OpenZfsDeployment, zones: list[str], endpoint_range: str | None) -> str:
    """Why the zones or the endpoint range do not suit the deployment type."""
    if deployment != OpenZfsDeployment.MULTI_AZ_1:
        if len(zones) != 1:
            return f"zones {', '.join(zones) or 'none'}: {deployment.value} is in exactly one zone"
        if endpoint_range is not None:
            return f"endpoint range {endpoint_range}: only MULTI_AZ_1 has one"
        return ""
    if len(zones) != 2 or len(set(zones)) != 2:
        return (
            f"zones {', '.join(zones) or 'none'}: MULTI_AZ_1 is in exactly two zones, the preferred one first "
            "and the standby second"
        )
    if endpoint_range is not None:
        try:
            network = ipaddress.IPv4Network(endpoint_range)
        except ValueError:
            return f"endpoint range {endpoint_range}: must be an IPv4 network, for example 198.19.255.0/28"
        if network.prefixlen > 28:
            return f"endpoint range {endpoint_range}: must be a /28 or larger"
    return ""


def lustre_refused(size_gib: int, throughput: int, region: str, metadata_iops: int | None = None) -> str:
    """Why FSx would refuse a Lustre file system of type PERSISTENT_2 on SSD. MB/s for each TiB for throughput."""
    if region.startswith("cn-"):
        # amazonaws.cn, LustreGuide: only Lustre 2.10 and 2.12 there, and metadata configuration needs 2.15
        return f"region {region}: this Lustre file system needs server version 2.15, which China regions do not have"
    if size_gib != 1200 and (size_gib < 2400 or size_gib % 2400):
        near = 1200 if size_gib <= 1200 else -(-size_gib // 2400) * 2400
        return (
            f"size {size_gib} GiB: FSx for Lustre on SSD has 1200, 2400 and multiples of 2400 GiB; "
            f"the next one is {near}Gi"
        )
    if throughput not in LUSTRE_THROUGHPUT:
        return f"throughput {throughput} MB/s per TiB: PERSISTENT_2 has {', '.join(map(str, LUSTRE_THROUGHPUT))}"
    if metadata_iops is not None and metadata_iops not in (1500, 3000, 6000, *range(12000, 192001, 12000)):
        return f"metadata IOPS {metadata_iops}: FSx for Lustre has 1500, 3000, 6000 and multiples of 12000 up to 192000"
    return ""


def efs_refused(zones: list[str], one_zone: bool) -> str:
    """Why EFS would refuse the zones of a file system: a mount target for each of them."""
    if one_zone and len(zones) != 1:
        return f"zones {', '.join(zones) or 'none'}: EFS One Zone is in exactly one zone and has one mount target"
    if not zones:
        return "zones none: EFS needs a mount target in each zone that has pods"
    return ""


def rds_refused(identifier: str, size_gib: int, max_size_gib: int, subnet_zones: int, backup_days: int) -> str:
    """Why RDS would refuse a PostgreSQL instance on gp3 (API CreateDBInstance)."""
    if not re.fullmatch(r"[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]", identifier):
        return f"identifier {identifier}: 2 to 63 lower-case letters, digits and single hyphens, a letter first"
    if not 20 <= size_gib <= 65536:
        return f"size {size_gib} GiB: PostgreSQL on gp3 has 20 to 65536 GiB"
    # RDS refuses storage autoscaling with less than a tenth of room (RDS user guide, storage autoscaling)
    if 10 * max_size_gib < 11 * size_gib or max_size_gib > 65536:
        return f"maximum size {max_size_gib} GiB: must be at least a tenth above size {size_gib} GiB, 65536 at most"
    if subnet_zones < 2:
        return "subnets: RDS needs subnets in at least two zones, also for a single instance"
    if not 1 <= backup_days <= 35:
        return f"backup days {backup_days}: RDS keeps automated backups for 1 to 35 days; 0 would switch them off"
    return ""
