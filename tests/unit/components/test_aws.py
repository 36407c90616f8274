"""What the AWS APIs accept: every refusal with the API's own rule in the message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws import (
    LUSTRE_THROUGHPUT,
    OPENZFS_THROUGHPUT,
    EbsType,
    OpenZfsDeployment,
    dns_suffix,
    ebs_refused,
    efs_refused,
    key_arn_refused,
    lustre_refused,
    openzfs_network_refused,
    openzfs_refused,
    partition,
    rds_refused,
    tags_refused,
    zone_refused,
)

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(
    ("region", "name", "suffix"),
    [
        ("eu-central-1", "aws", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
    ],
)
def test_partition(region, name, suffix):
    assert (partition(region), dns_suffix(region)) == (name, suffix)


@pytest.mark.parametrize(
    ("arn", "region", "reason"),
    [
        (KEY, "eu-central-1", ""),
        ("arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", "cn-north-1", ""),
        ("arn:aws:kms:eu-central-1:111122223333:key/mrk-" + "0a" * 16, "eu-central-1", ""),
        (
            "alias/kotaemon",
            "eu-central-1",
            "is an alias; the EBS driver needs the full ARN of the key (aws-ebs-csi-driver docs/parameters.md)",
        ),
        (
            "arn:aws:kms:eu-central-1:111122223333:alias/kotaemon",
            "eu-central-1",
            "is an alias; the EBS driver needs the full ARN of the key (aws-ebs-csi-driver docs/parameters.md)",
        ),
        (
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "eu-central-1",
            "must be the full ARN of a KMS key, for example arn:aws:kms:eu-central-1:111122223333:key/<id>",
        ),
        (
            KEY,
            "us-east-1",
            "is a key of region eu-central-1; storage in us-east-1 can only use keys of us-east-1",
        ),
        (
            KEY.replace("eu-central-1", "cn-north-1"),
            "cn-north-1",
            "is an ARN of partition aws; region cn-north-1 is in aws-cn",
        ),
    ],
)
def test_key_arn(arn, region, reason):
    assert key_arn_refused(arn, region) == reason


@pytest.mark.parametrize(
    "zone", ["us-east-1a", "eu-central-1", "eu-central-1ab", "EU-CENTRAL-1a", "eu-central-1-lax-1a"]
)
def test_zone_of_another_region(zone):
    assert zone_refused(zone, "eu-central-1") == (
        "is not an availability zone of region eu-central-1; they are called eu-central-1a, eu-central-1b and so on"
    )


def test_zone_of_the_region():
    assert zone_refused("eu-central-1c", "eu-central-1") == ""


@pytest.mark.parametrize(
    ("kind", "size", "iops", "throughput", "reason"),
    [
        ("gp3", 20, None, None, ""),
        ("gp3", 1, 3000, 125, ""),
        ("gp3", 65536, 80000, 2000, ""),
        ("gp3", 0, None, None, "size 0 GiB: gp3 disks have 1 to 65536 GiB"),
        ("gp3", 65537, None, None, "size 65537 GiB: gp3 disks have 1 to 65536 GiB"),
        ("gp3", 100, 2999, None, "iops 2999: gp3 disks have 3000 to 80000 IOPS"),
        ("gp3", 20, 16000, None, "iops 16000: gp3 gives at most 500 IOPS for each GiB, 10000 at 20 GiB"),
        ("gp3", 20, None, 100, "throughput 100 MiB/s: gp3 disks have 125 to 2000 MiB/s"),
        ("gp3", 20, None, 750, ""),
        (
            "gp3",
            20,
            None,
            751,
            "throughput 751 MiB/s: gp3 gives at most 0.25 MiB/s for each of its IOPS, so it needs iops 3004 or more",
        ),
        ("io2", 4, 4000, None, ""),
        ("io2", 3, 100, None, "size 3 GiB: io2 disks have 4 to 65536 GiB"),
        ("io2", 20, None, None, "iops: missing; io2 disks have provisioned IOPS only"),
        ("io2", 20, 99, None, "iops 99: io2 disks have 100 to 256000 IOPS"),
        ("io2", 20, 20001, None, "iops 20001: io2 gives at most 1000 IOPS for each GiB, 20000 at 20 GiB"),
        (
            "io2",
            20,
            2000,
            500,
            "throughput 500: only gp3 disks take a throughput; that of io2 follows from its IOPS",
        ),
    ],
)
def test_ebs(kind, size, iops, throughput, reason):
    assert ebs_refused(EbsType(kind), size, iops, throughput) == reason


@given(size=st.integers(1, 65536), iops=st.integers(3000, 80000))
def test_a_larger_gp3_never_loses_iops(size, iops):
    """What a disk may have, it may have after growing: growth can never make a stack file invalid."""
    if ebs_refused(EbsType.GP3, size, iops) == "":
        assert ebs_refused(EbsType.GP3, min(size * 2, 65536), iops) == ""


@pytest.mark.parametrize(
    ("deployment", "size", "throughput", "iops", "reason"),
    [
        ("MULTI_AZ_1", 64, 160, None, ""),
        ("SINGLE_AZ_HA_1", 64, 64, None, ""),
        ("MULTI_AZ_1", 63, 160, None, "size 63 GiB: FSx for OpenZFS has 64 to 524288 GiB"),
        (
            "MULTI_AZ_1",
            64,
            300,
            None,
            "throughput 300 MB/s: MULTI_AZ_1 has 160, 320, 640, 1280, 2560, 3840, 5120, 7680, 10240",
        ),
        (
            "SINGLE_AZ_1",
            64,
            160,
            None,
            "throughput 160 MB/s: SINGLE_AZ_1 has 64, 128, 256, 512, 1024, 2048, 3072, 4096",
        ),
        ("MULTI_AZ_1", 100, 160, 300, ""),
        (
            "MULTI_AZ_1",
            100,
            160,
            299,
            "iops 299: FSx for OpenZFS has 3 for each GiB (300 at 100 GiB) to 200000",
        ),
    ],
)
def test_openzfs(deployment, size, throughput, iops, reason):
    assert openzfs_refused(OpenZfsDeployment(deployment), size, throughput, iops) == reason


def test_every_openzfs_deployment_has_its_steps():
    assert set(OPENZFS_THROUGHPUT) == set(OpenZfsDeployment)


@pytest.mark.parametrize(
    ("deployment", "zones", "endpoint_range", "reason"),
    [
        ("MULTI_AZ_1", ["a", "b"], None, ""),
        ("MULTI_AZ_1", ["a", "b"], "198.19.255.0/28", ""),
        ("SINGLE_AZ_HA_2", ["a"], None, ""),
        (
            "MULTI_AZ_1",
            ["a"],
            None,
            "zones a: MULTI_AZ_1 is in exactly two zones, the preferred one first and the standby second",
        ),
        (
            "MULTI_AZ_1",
            ["a", "a"],
            None,
            "zones a, a: MULTI_AZ_1 is in exactly two zones, the preferred one first and the standby second",
        ),
        ("MULTI_AZ_1", ["a", "b"], "198.19.255.0/30", "endpoint range 198.19.255.0/30: must be a /28 or larger"),
        (
            "MULTI_AZ_1",
            ["a", "b"],
            "198.19.255.1/24",
            "endpoint range 198.19.255.1/24: must be an IPv4 network, for example 198.19.255.0/28",
        ),
        ("SINGLE_AZ_HA_2", ["a", "b"], None, "zones a, b: SINGLE_AZ_HA_2 is in exactly one zone"),
        (
            "SINGLE_AZ_HA_2",
            ["a"],
            "198.19.255.0/28",
            "endpoint range 198.19.255.0/28: only MULTI_AZ_1 has one",
        ),
    ],
)
def test_openzfs_network(deployment, zones, endpoint_range, reason):
    assert openzfs_network_refused(OpenZfsDeployment(deployment), zones, endpoint_range) == reason


@pytest.mark.parametrize(
    ("size", "throughput", "iops", "reason"),
    [
        (1200, 125, None, ""),
        (2400, 1000, 1500, ""),
        (7200, 250, 192000, ""),
        (
            1300,
            125,
            None,
            "size 1300 GiB: FSx for Lustre on SSD has 1200, 2400 and multiples of 2400 GiB; the next one is 2400Gi",
        ),
        (
            3600,
            125,
            None,
            "size 3600 GiB: FSx for Lustre on SSD has 1200, 2400 and multiples of 2400 GiB; the next one is 4800Gi",
        ),
        (
            100,
            125,
            None,
            "size 100 GiB: FSx for Lustre on SSD has 1200, 2400 and multiples of 2400 GiB; the next one is 1200Gi",
        ),
        (1200, 300, None, "throughput 300 MB/s per TiB: PERSISTENT_2 has 125, 250, 500, 1000"),
        (
            1200,
            125,
            18000,
            "metadata IOPS 18000: FSx for Lustre has 1500, 3000, 6000 and multiples of 12000 up to 192000",
        ),
    ],
)
def test_lustre(size, throughput, iops, reason):
    assert lustre_refused(size, throughput, "eu-central-1", iops) == reason


def test_lustre_in_china():
    assert lustre_refused(1200, 125, "cn-north-1") == (
        "region cn-north-1: this Lustre file system needs server version 2.15, which China regions do not have"
    )


@given(st.integers(1, 200_000))
def test_the_lustre_size_in_the_message_is_accepted(size):
    reason = lustre_refused(size, LUSTRE_THROUGHPUT[0], "eu-central-1")
    if reason:
        proposed = int(reason.rsplit(" ", 1)[1].removesuffix("Gi"))
        assert proposed >= size
        assert lustre_refused(proposed, LUSTRE_THROUGHPUT[0], "eu-central-1") == ""


@pytest.mark.parametrize(
    ("zones", "one_zone", "reason"),
    [
        (["a", "b"], False, ""),
        (["a"], True, ""),
        (["a", "b"], True, "zones a, b: EFS One Zone is in exactly one zone and has one mount target"),
        ([], False, "zones none: EFS needs a mount target in each zone that has pods"),
    ],
)
def test_efs(zones, one_zone, reason):
    assert efs_refused(zones, one_zone) == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"size_gib": 19}, "size 19 GiB: PostgreSQL on gp3 has 20 to 65536 GiB"),
        (
            {"max_size_gib": 21},
            "maximum size 21 GiB: must be at least a tenth above size 20 GiB, 65536 at most",
        ),
        ({"size_gib": 100, "max_size_gib": 110}, ""),  # in floats 100 * 1.1 is more than 110
        ({"subnet_zones": 1}, "subnets: RDS needs subnets in at least two zones, also for a single instance"),
        (
            {"backup_days": 0},
            "backup days 0: RDS keeps automated backups for 1 to 35 days; 0 would switch them off",
        ),
        (
            {"identifier": "a--b"},
            "identifier a--b: 2 to 63 lower-case letters, digits and single hyphens, a letter first",
        ),
        (
            {"identifier": "ab-"},
            "identifier ab-: 2 to 63 lower-case letters, digits and single hyphens, a letter first",
        ),
    ],
)
def test_rds(change, reason):
    values = {"identifier": "kotaemon", "size_gib": 20, "max_size_gib": 100, "subnet_zones": 2, "backup_days": 14}
    assert rds_refused(**{**values, **change}) == reason


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"team": "search", "cost-centre": "A/1@x"}, ""),
        ({"aws:x": "1"}, "tag 'aws:x': keys that begin with aws: belong to AWS"),
        ({"": "1"}, "tag '': keys have 1 to 128 characters, values at most 256"),
        ({"a": "x" * 257}, "tag 'a': keys have 1 to 128 characters, values at most 256"),
        ({"a": "b,c"}, "tag 'a': only letters, digits, spaces and . : / = + @ - _ are allowed in tags"),
        ({str(i): "" for i in range(41)}, "41 tags; AWS takes 50, and 10 of them are left for the storage drivers"),
    ],
)
def test_tags(tags, reason):
    assert tags_refused(tags) == reason
