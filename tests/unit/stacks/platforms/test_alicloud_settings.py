"""The section `kotaemon:alicloud` and its kinds of claim: every mistake in its exact words."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.contract import Platform
from stacks.kinds.nas import NasClaim
from stacks.settings import load
from stacks.settings.settings import Settings

ROOT = Path(__file__).parents[4]


def example(name: str) -> dict[str, Any]:
    """The values of an example stack file, without the namespace of their keys."""
    document = yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())
    return {key.removeprefix("kotaemon:"): value for key, value in document["config"].items()}


def config(values: dict[str, Any]) -> dict[str, str]:
    """As Pulumi hands it to a program."""
    names = {key: key if ":" in key else f"kotaemon:{key}" for key in values}
    return {names[k]: v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}


def settings(values: dict[str, Any]) -> Settings:
    return load.load(config(values), set(), "Pulumi.x.yaml")


def errors(values: dict[str, Any]) -> list[str]:
    with pytest.raises(load.SettingsError) as caught:
        settings(values)
    return caught.value.errors


def with_section(name: str = "alicloud-single", **changes: Any) -> dict[str, Any]:
    """An example with other values in the section; None takes a key away."""
    values = copy.deepcopy(example(name))
    section = {**values["alicloud"], **changes}
    values["alicloud"] = {key: value for key, value in section.items() if value is not None}
    return values


def with_claim(**claim: Any) -> dict[str, Any]:
    """The single-writer example with one claim `c` of these values."""
    return {**example("alicloud-single"), "storage": {"claims": {"c": claim}}}


@pytest.mark.parametrize("name", ["alicloud-single", "alicloud-scaled"])
def test_the_examples(name: str) -> None:
    section = settings(example(name)).alicloud
    assert section is not None
    assert section.zones == ["cn-hangzhou-h", "cn-hangzhou-i", "cn-hangzhou-k"]


def test_the_section_is_needed() -> None:
    values = example("alicloud-single")
    del values["alicloud"]
    assert errors(values) == ["kotaemon:alicloud: missing; platform alicloud needs this section"]


@pytest.mark.parametrize("kind", ["essd", "ecs-disk", "nas"])
def test_its_kinds_are_for_its_platform(kind: str) -> None:
    values = {"platform": "private", "storage": {"claims": {"c": {"kind": kind}}}}
    assert errors(values) == [f"kotaemon:storage: claims.c: kind {kind} is for platform alicloud, not private"]


def test_kinds_of_others_are_not() -> None:
    assert errors(with_claim(kind="ebs")) == ["kotaemon:storage: claims.c: kind ebs is for platform aws, not alicloud"]


REGIONS = [
    ("cn-beijing", "cn-beijing-l"),
    ("cn-hongkong", "cn-hongkong-b"),
    ("ap-southeast-1", "ap-southeast-1a"),
    ("eu-central-1", "eu-central-1a"),
    ("us-west-1", "us-west-1a"),
    ("me-east-1", "me-east-1a"),
    ("rus-west-1", "rus-west-1a"),
    ("cn-shanghai-finance-1", "cn-shanghai-finance-1f"),
    ("cn-north-2-gov-1", "cn-north-2-gov-1b"),
]


@pytest.mark.parametrize(("region", "zone"), REGIONS)
def test_a_stack_in_every_kind_of_region(region: str, zone: str) -> None:
    values = with_section(region=region, vswitches={zone: "vsw-a"})
    values["storage"]["claims"]["files"]["zone"] = zone
    section = settings(values).alicloud
    assert section is not None
    assert section.zones == [zone]


WAYS = (
    "serviceKey: true (the key that each service keeps for the account, which the policy customer-key refuses "
    "until policy.json lets it), keyId: <id> (a key that exists), "
    "or key: {instanceId: kst-...} (a new key in a KMS instance)"
)
SECTION = [
    ({"region": "hangzhou"}, "region: 'hangzhou' must be a region of Alibaba Cloud, for example cn-hangzhou"),
    ({"vpcId": "bp1"}, "vpcId: 'bp1' must be the id of a VPC, for example vpc-bp1example"),
    (
        {"vswitches": {"cn-hangzhou-h": "bp1"}},
        "vswitches.cn-hangzhou-h: 'bp1' must be the id of a vSwitch, for example vsw-bp1example",
    ),
    (
        {"vswitches": {"eu-central-1a": "vsw-a"}},
        "vswitches.eu-central-1a is not a zone of region cn-hangzhou; its zones are called cn-hangzhou-a, "
        "cn-hangzhou-b and so on",
    ),
    (
        {"vswitches": {"h": "vsw-a"}},
        "vswitches.h: 'h' must be a zone of Alibaba Cloud, for example cn-hangzhou-h or ap-southeast-1a",
    ),
    (
        {"vswitches": {"cn-beijing-h": "vsw-a"}},
        "vswitches.cn-beijing-h is not a zone of region cn-hangzhou; its zones are called cn-hangzhou-a, "
        "cn-hangzhou-b and so on",
    ),
    (
        {"region": "ap-southeast-1", "vswitches": {"ap-southeast-1-a": "vsw-a"}},
        "vswitches.ap-southeast-1-a is not a zone of region ap-southeast-1; its zones are called ap-southeast-1a, "
        "ap-southeast-1b and so on",
    ),
    (
        {"clusterCidrs": ["0.0.0.0/0"]},
        "clusterCidrs: ['0.0.0.0/0'] holds '0.0.0.0/0', which must be the cluster's private network: stored data is "
        "reachable from it",
    ),
    ({"clusterId": "c1"}, "clusterId: 'c1' must be the id of an ACK cluster: c and 32 hexadecimal digits"),
    (
        {"clusterId": None, "apiServer": "https://192.168.0.251:6443"},
        "apiServer is for clusterId, whose credentials it goes with; leave it out",
    ),
    ({"clusterStack": "prod"}, "clusterStack: 'prod' must be the full name of a stack: organization/project/stack"),
    (
        {"clusterStack": "organization/cluster/prod"},
        "clusterId and clusterStack both name the cluster; leave one out",
    ),
    (
        {"key": None, "keyId": "alias/kotaemon"},
        "keyId: 'alias/kotaemon' is an alias; disks and file systems take the key's id (kms ListAliases shows it)",
    ),
    (
        {"key": {"regionDefault": True, "alias": "kotaemon"}},
        "key: alias: 'kotaemon' must be alias/ and 1 to 249 letters, digits, '-', '_' or '/'",
    ),
    (
        {"key": {"regionDefault": True, "rotationDays": 90}},
        "key: rotationDays: 90 days; a key outside a KMS instance rotates every 365 days only",
    ),
    (
        {"key": {}},
        "key: say where the key is made: instanceId: kst-..., a KMS instance of yours, or regionDefault: true, the one "
        "default key of the account in the region",
    ),
    (
        {"key": {"instanceId": "hzz62"}},
        "key.instanceId: 'hzz62' must be the id of a KMS instance, for example kst-hzz62example",
    ),
    (
        {"key": None},
        f"key: missing; write one of {WAYS}. For a key that an earlier release made, write "
        "key: {regionDefault: true, rotationDays: 365}",
    ),
    ({"serviceKey": True}, f"key: given more than once; write one of {WAYS}"),
    ({"key": {"regionDefault": True, "deletionWindowDays": 3}}, "key: deletionWindowDays: 3 days; KMS takes 7 to 366"),
    (
        {"resourceGroupId": "default"},
        "resourceGroupId: 'default' must be the id of a resource group, for example rg-acfmexample",
    ),
    (
        {"tags": {"acs:x": "y"}},
        "tags: tag 'acs:x': keys that begin with aliyun or acs: belong to Alibaba Cloud",
    ),
    (
        {"serviceRoles": ["oss"]},
        "serviceRoles.0: 'oss' is not allowed; allowed: disk, nas, nas-backup, vault, database",
    ),
    (
        {"addons": {"terway": None}},
        "addons: holds 'terway', which is no storage add-on; allowed: csi-plugin, csi-provisioner, "
        "managed-csiprovisioner, storage-operator, cnfs-nas-daemon",
    ),
    (
        {"clusterId": None, "addons": {"csi-plugin": None}},
        "addons: needs clusterId, through which the installed add-ons are found; add clusterId",
    ),
    (
        {"database": {}},
        "database: only the profile scaled uses a database, and this stack has profile single-writer; leave it out",
    ),
]


@pytest.mark.parametrize(("changes", "message"), SECTION, ids=[json.dumps(changes) for changes, _ in SECTION])
def test_wrong_sections(changes: dict[str, Any], message: str) -> None:
    found = errors(with_section(**changes))
    assert len(found) == 1
    assert found[0].removeprefix("kotaemon:alicloud.").removeprefix("kotaemon:alicloud: ") == message


DATABASES = [
    ({"instanceType": "pg.n2.2c.2m"}, "instance type 'pg.n2.2c.2m': only dedicated types (pg.x...) can be encrypted"),
    ({"size": "51Gi"}, "51 GiB; RDS takes 20 to 64,000 GiB in steps of 5"),
    ({"backupDays": 3}, "backups are kept 3 days; RDS takes 7 to 730"),
    ({"maxSize": "50Gi"}, "the disk may grow to 50 GiB; this must be more than its 50 GiB, and 64,000 at most"),
    ({"maintenanceWindow": "2am"}, "must be a daily window of an hour in UTC, for example 18:00Z-19:00Z"),
    ({"zones": ["cn-hangzhou-h", "cn-hangzhou-h"]}, "primary and standby need two different zones"),
    (
        {"zones": ["cn-hangzhou-h", "cn-hangzhou-j"]},
        "database.zones: 'cn-hangzhou-j' has no vSwitch; zones with one: cn-hangzhou-h, cn-hangzhou-i, cn-hangzhou-k",
    ),
]


@pytest.mark.parametrize(("changes", "message"), DATABASES, ids=[message for _, message in DATABASES])
def test_wrong_databases(changes: dict[str, Any], message: str) -> None:
    found = errors(with_section("alicloud-scaled", database=changes))
    assert len(found) == 1
    assert message in found[0]


def test_a_database_is_not_made_with_the_service_key() -> None:
    assert errors(with_section("alicloud-scaled", key=None, serviceKey=True)) == [
        "kotaemon:alicloud: serviceKey: RDS makes an encrypted instance only with the id of a key; give keyId or key"
    ]


def test_a_file_system_with_its_own_key_needs_one() -> None:
    values = with_section(key=None, serviceKey=True)
    values["storage"]["claims"]["files"]["encryption"] = "own-key"
    assert errors(values) == [
        "kotaemon:storage.claims.files.encryption: own-key needs a key, and kotaemon:alicloud.serviceKey is true; "
        "leave encryption out"
    ]


def test_a_database_needs_two_zones() -> None:
    one = {"cn-hangzhou-h": "vsw-h"}
    assert errors(with_section("alicloud-scaled", vswitches=one)) == [
        "kotaemon:alicloud: database: primary and standby need two zones, and vswitches has one"
    ]


CLAIMS = [
    (
        {"kind": "essd", "types": ["cloud_ssd"]},
        "types: ['cloud_ssd'] holds 'cloud_ssd', which is not allowed: is the previous generation and not sold for new "
        "instance families; use cloud_auto, cloud_essd",
    ),
    ({"kind": "essd", "size": "10Gi"}, "cloud_essd PL1 has 20 to 65536 GiB; the claim has 10 GiB"),
    (
        {"kind": "essd", "types": ["cloud_essd"], "performanceLevel": "PL3"},
        "cloud_essd PL3 has 1261 to 65536 GiB; the claim has 20 GiB",
    ),
    (
        {"kind": "essd", "performanceLevel": "PL9"},
        "performanceLevel: 'PL9' is not allowed; allowed: PL0, PL1, PL2, PL3; did you mean PL3?",
    ),
    (
        {"kind": "essd", "provisionedIops": 20000},
        "20000 provisioned IOPS; a disk of 20 GiB takes 1 to 17000: min{1,000 x size - baseline of 3000, 50,000}",
    ),
    (
        {"kind": "essd", "attributesClass": True},
        "attributes_class: with exactly one type; a disk changes into one category",
    ),
    (
        {"kind": "ecs-disk", "type": "cloud_efficiency"},
        "type: 'cloud_efficiency' is the previous generation and slow; use cloud_auto, cloud_essd",
    ),
    (
        {"kind": "ecs-disk", "type": "cloud_regional_disk_auto"},
        "cloud_regional_disk_auto: the provider cannot make it; use a claim of kind essd",
    ),
    ({"kind": "ecs-disk", "snapshotDays": 0}, "snapshotDays: 0 snapshots are kept 0 days; ECS takes 1 to 65536"),
    (
        {"kind": "nas", "fileSystem": "cpfs"},
        "fileSystem: 'cpfs' cannot be encrypted with a key of yours (CreateFileSystem: EncryptType is for standard and "
        "extreme); mount one that exists through its NFS protocol service with a claim of kind nfs",
    ),
    (
        {"kind": "nas", "squash": "all_squash"},
        "squash: 'all_squash' makes everybody nobody, so the role folders could not belong to the pods; use no_squash or "
        "root_squash",
    ),
    (
        {"kind": "nas", "infrequentAccessDays": 30},
        "a lifecycle to Infrequent Access is not available for encrypted file systems, and this one is always encrypted "
        "(NAS FAQ about advanced management features); put cold data into OSS",
    ),
    ({"kind": "nas", "protocol": "4.2"}, "protocol: '4.2' is not allowed; allowed: 3, 4.0; did you mean 4.0?"),
    (
        {"kind": "nas", "fileSystem": "extreme", "protocol": "4.0"},
        "an extreme file system speaks NFSv3 only, not 4.0",
    ),
    ({"kind": "nas", "encryption": "none"}, "encryption: 'none' is not allowed; allowed: own-key, nas-key"),
]


@pytest.mark.parametrize(("claim", "message"), CLAIMS, ids=[json.dumps(claim) for claim, _ in CLAIMS])
def test_wrong_claims(claim: dict[str, Any], message: str) -> None:
    found = errors(with_claim(**claim))
    assert len(found) == 1
    where = "kotaemon:storage.claims.c"
    assert found[0].removeprefix(f"{where}.").removeprefix(f"{where}: ") == message


@pytest.mark.parametrize(
    ("kind", "key", "zone"), [("nas", "zone", "z"), ("ecs-disk", "zone", "z"), ("essd", "zones", ["z"])]
)
def test_zones_without_a_vswitch(kind: str, key: str, zone: Any) -> None:
    wrong = ["cn-hangzhou-j"] if isinstance(zone, list) else "cn-hangzhou-j"
    assert errors(with_claim(**{"kind": kind, key: wrong})) == [
        f"kotaemon:storage.claims.c.{key}: 'cn-hangzhou-j' has no vSwitch; zones with one: "
        "cn-hangzhou-h, cn-hangzhou-i, cn-hangzhou-k"
    ]


def test_the_old_built_in_class_is_answered() -> None:
    values = with_claim(kind="storage-class", storageClass="alicloud-disk-ssd")
    assert errors(values) == [
        "kotaemon:storage.claims.c.storageClass: 'alicloud-disk-ssd' is unencrypted, binds before the pod is placed and "
        "deletes with the claim, and its disks are not sold for new instance families; use a claim of kind essd"
    ]


def test_secrets_are_not_shown() -> None:
    values = example("alicloud-scaled")
    values["stores"]["vectorStore"] |= {"url": "x", "apiKey": "hunter2"}
    assert "hunter2" not in str(errors(values))


@pytest.mark.parametrize(("given", "meant"), [(3, "3"), ("3", "3"), (4, "4.0"), (4.0, "4.0"), ("4.0", "4.0")])
def test_versions_need_no_quotes(given: Any, meant: str) -> None:
    claim = settings(with_claim(kind="nas", protocol=given)).storage.claims["c"]
    assert isinstance(claim, NasClaim)
    assert claim.protocol == meant


def test_database_versions_need_no_quotes() -> None:
    section = settings(with_section("alicloud-scaled", database={"version": 17})).alicloud
    assert section is not None
    assert section.database is not None
    assert section.database.version == "17.0"


@pytest.mark.parametrize("name", ["alicloud-single", "alicloud-scaled"])
def test_the_examples_as_the_plan_reads_them(name: str) -> None:
    values, secret = load.from_file(ROOT / f"Pulumi.{name}.yaml")
    assert load.load(values, set(secret), "x").platform == Platform.ALICLOUD
    assert secret == [], "examples preview as they stand: nobody can decrypt a placeholder"


def test_the_scaled_profile_needs_its_stores() -> None:
    values = with_section("alicloud-scaled", database=None)
    assert errors(values) == ["kotaemon:stores.database: missing; the profile scaled needs it"]
    del values["stores"]
    assert errors(values) == [
        "kotaemon:stores.database: missing; the profile scaled needs it",
        "kotaemon:stores.vectorStore: missing; the profile scaled needs it",
    ]


def test_two_databases_are_one_too_many() -> None:
    values = example("alicloud-scaled")
    values["stores"]["database"] = {"kind": "bundled", "storageClass": "fast"}
    assert errors(values) == [
        "kotaemon:stores.database: the section of the platform has a database as well; leave one of them out"
    ]
