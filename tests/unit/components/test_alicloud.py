"""Rules of Alibaba Cloud that hold for several resources: the exact words of each refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.alicloud import (
    oss_endpoint,
    oss_location,
    refused_addon,
    refused_alias,
    refused_cidr,
    refused_cloud_name,
    refused_database,
    refused_key_id,
    refused_rotation,
    refused_tags,
    refused_window,
)


@pytest.mark.parametrize(
    ("region", "location", "host"),
    [
        ("cn-hangzhou", "oss-cn-hangzhou", "oss-cn-hangzhou-internal"),
        ("cn-shanghai-finance-1", "oss-cn-shanghai-finance-1", "oss-cn-shanghai-finance-1-internal"),
        ("cn-north-2-gov-1", "oss-cn-north-2-gov-1", "oss-cn-north-2-gov-1-internal"),
        ("cn-hangzhou-finance", "oss-cn-hzjbp", "oss-cn-hzjbp-a-internal"),
    ],
)
def test_oss_of_each_kind_of_region(region: str, location: str, host: str) -> None:
    """OSS, "Regions and endpoints": only the first region of Finance Cloud has another name there."""
    assert (oss_location(region), oss_endpoint(region)) == (location, f"https://{host}.aliyuncs.com")


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"app": "kotaemon", "empty": ""}, ""),
        ({f"k{number}": "v" for number in range(20)}, ""),
        ({f"k{number}": "v" for number in range(21)}, "21 tags; Alibaba Cloud takes at most 20"),
        ({"": "v"}, "tag '': keys have 1 to 128 characters, values at most 128"),
        ({"k": "v" * 129}, "tag 'k': keys have 1 to 128 characters, values at most 128"),
        ({"acs:nas": "x"}, "tag 'acs:nas': keys that begin with aliyun or acs: belong to Alibaba Cloud"),
        ({"Aliyun-x": "x"}, "tag 'Aliyun-x': keys that begin with aliyun or acs: belong to Alibaba Cloud"),
        ({"k": "https://x"}, "tag 'k': http:// and https:// are not allowed in tags"),
    ],
)
def test_tags(tags: dict[str, str], reason: str) -> None:
    assert refused_tags(tags) == reason


@pytest.mark.parametrize(
    ("cidr", "reason"),
    [
        ("10.0.0.0/8", ""),
        ("172.16.0.0/12", ""),
        ("192.168.7.0/24", ""),
        ("10.0.0.0/33", "must be a network, for example 10.0.0.0/16"),
        ("fd00::/64", "must be IPv4: only some file systems take IPv6 rules (NAS CreateAccessRule)"),
        ("0.0.0.0/0", "must be the cluster's private network: stored data is reachable from it"),
        ("8.8.8.0/24", "must be the cluster's private network: stored data is reachable from it"),
        ("10.0.0.0/7", "must be the cluster's private network: stored data is reachable from it"),
    ],
)
def test_networks(cidr: str, reason: str) -> None:
    assert refused_cidr(cidr) == reason


@given(st.ip_addresses(v=4).filter(lambda address: not address.is_private))
def test_no_public_address_is_let_in(address: object) -> None:
    assert refused_cidr(f"{address}/32") != ""


@pytest.mark.parametrize("name", ["k8s", "kotaemon-prod_1", "a" * 64])
def test_names_in_the_account(name: str) -> None:
    assert refused_cloud_name(name) == ""


@pytest.mark.parametrize("name", ["ab", "1kotaemon", "a" * 65, "kotaemon.prod"])
def test_refused_names_in_the_account(name: str) -> None:
    assert refused_cloud_name(name) == "must have 3 to 64 letters, digits, '-' or '_' and begin with a letter"


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("key-hzz6540example", ""),
        ("1234abcd-12ab-34cd-56ef-1234567890ab", ""),
        ("alias/kotaemon", "is an alias; disks and file systems take the key's id (kms ListAliases shows it)"),
        (
            "acs:kms:cn-hangzhou:1234567890:key/key-hzz6540example",
            "is an ARN; disks and file systems take the key's id, the part after key/",
        ),
        ("", "must be the id of a KMS key, for example key-hzz6540example or 1234abcd-12ab-34cd-56ef-1234567890ab"),
        (
            "ServiceKey",
            "must be the id of a KMS key, for example key-hzz6540example or 1234abcd-12ab-34cd-56ef-1234567890ab",
        ),
    ],
)
def test_key_ids(key: str, reason: str) -> None:
    assert refused_key_id(key) == reason


@pytest.mark.parametrize(
    ("alias", "reason"),
    [
        ("alias/kotaemon-prod", ""),
        ("kotaemon", "must be alias/ and 1 to 249 letters, digits, '-', '_' or '/'"),
        ("alias/", "must be alias/ and 1 to 249 letters, digits, '-', '_' or '/'"),
        ("alias/acs/ecs", "alias/acs belongs to Alibaba Cloud's own keys"),
    ],
)
def test_aliases(alias: str, reason: str) -> None:
    assert refused_alias(alias) == reason


@pytest.mark.parametrize(
    ("days", "in_instance", "reason"),
    [
        (365, False, ""),
        (90, True, ""),
        (90, False, "90 days; a key outside a KMS instance rotates every 365 days only"),
        (6, True, "6 days; KMS takes 7 to 365"),
        (366, True, "366 days; KMS takes 7 to 365"),
    ],
)
def test_rotation(days: int, in_instance: bool, reason: str) -> None:
    assert refused_rotation(days, in_instance=in_instance) == reason


@pytest.mark.parametrize(
    ("days", "reason"), [(7, ""), (366, ""), (6, "6 days; KMS takes 7 to 366"), (367, "367 days; KMS takes 7 to 366")]
)
def test_deletion_window(days: int, reason: str) -> None:
    assert refused_window(days) == reason


HERE, THERE = "cn-hangzhou-h", "cn-hangzhou-i"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (("pg.x4.medium.2c", 50, 14, [HERE, THERE]), ""),
        (("pg.x2.large.2c", 20, 7, None), ""),
        (
            ("pg.n2.2c.2m", 50, 14, [HERE, THERE]),
            "instance type 'pg.n2.2c.2m': only dedicated types (pg.x...) can be encrypted with a key of yours",
        ),
        (
            ("pg.x4.medium.1", 50, 14, [HERE, THERE]),
            "instance type 'pg.x4.medium.1' is not one of the high-availability edition with cloud disks (...2c)",
        ),
        (("pg.x4.medium.2c", 52, 14, [HERE, THERE]), "52 GiB; RDS takes 20 to 64,000 GiB in steps of 5"),
        (("pg.x4.medium.2c", 15, 14, [HERE, THERE]), "15 GiB; RDS takes 20 to 64,000 GiB in steps of 5"),
        (("pg.x4.medium.2c", 50, 6, [HERE, THERE]), "backups are kept 6 days; RDS takes 7 to 730"),
        (("pg.x4.medium.2c", 50, 731, [HERE, THERE]), "backups are kept 731 days; RDS takes 7 to 730"),
        (("pg.x4.medium.2c", 50, 14, [HERE, HERE]), "primary and standby need two different zones"),
        (("pg.x4.medium.2c", 50, 14, [HERE]), "primary and standby need two different zones"),
    ],
)
def test_database(asked: tuple[str, int, int, list[str] | None], reason: str) -> None:
    assert refused_database(*asked) == reason


def test_addons() -> None:
    assert refused_addon("csi-plugin") == ""
    assert refused_addon("terway-eniip") == (
        "is no storage add-on; allowed: csi-plugin, csi-provisioner, managed-csiprovisioner, storage-operator, "
        "cnfs-nas-daemon"
    )
