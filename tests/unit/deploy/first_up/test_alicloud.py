"""Each assumption about an account of Alibaba Cloud, in an account that is so and in one that is not."""

from typing import Any

import pytest

from deploy.first_up import alicloud
from deploy.first_up.findings import Verdict, ask
from deploy.first_up.reading import Absent
from tests.unit.deploy.first_up.accounts import ALI_TYPES, Cloud, alicloud_account, alicloud_settings, asked


def found(cloud: Cloud, **section: Any) -> dict[str, tuple[Verdict, str]]:
    findings = ask(alicloud.checks(asked(alicloud_settings(**section), ALI_TYPES), cloud))
    return {f"{f.point}; {f.assumed}": (f.verdict, f"{f.seen} -> {f.then}") for f in findings}


def differing(cloud: Cloud, **section: Any) -> dict[str, str]:
    return {key: said for key, (verdict, said) in found(cloud, **section).items() if verdict is Verdict.DIFFERS}


def without_role(*names: str) -> Any:
    return lambda p: Absent("ErrorCode: EntityNotExist.Role") if p["RoleName"] in names else {"Role": p}


def test_an_account_that_is_as_assumed() -> None:
    verdicts = found(alicloud_account())
    assert {verdict for verdict, _ in verdicts.values()} == {Verdict.HOLDS}, verdicts
    assert len(verdicts) == 21, list(verdicts)


def test_prices_are_told_for_a_price_file() -> None:
    cloud = alicloud_account()
    _, disk = found(cloud)["prices: disks; claims.disk: 20 GiB of cloud_auto has a price"]
    assert disk.startswith(
        "0.00300 USD an hour, so 0.1095 a GiB and month (ecs.cloud_auto.storage); list price 0.00400"
    )
    _, database = found(cloud)["prices: database; pg.x4.medium.2c with 50 GiB has a price"]
    assert database.startswith("0.25000 USD an hour; list price")
    asked_for = {operation: parameters for service, operation, parameters in cloud.calls if service == "ecs"}
    assert asked_for["DescribePrice"] == {
        "RegionId": "cn-hangzhou",
        "ResourceType": "disk",
        "DataDisk.1.Category": "cloud_auto",
        "DataDisk.1.Size": 20,
    }


def test_a_price_of_nothing_is_no_price() -> None:
    cloud = alicloud_account()
    nothing = {"Currency": "USD", "OriginalPrice": 0, "TradePrice": 0}
    cloud.answers["ecs", "DescribePrice"] = {"PriceInfo": {"Price": nothing}}
    assert list(differing(cloud)) == ["prices: disks; claims.disk: 20 GiB of cloud_auto has a price"]


@pytest.mark.parametrize(
    ("answer", "value", "point", "said"),
    [
        (("sts", "GetCallerIdentity"), {"AccountId": "6543210987654321"}, "account", "6543210987654321"),
        (
            ("vpc", "DescribeVSwitches"),
            {
                "VSwitches": {
                    "VSwitch": [
                        {"VSwitchId": "vsw-bp1exampleh", "ZoneId": "cn-hangzhou-k"},
                        {"VSwitchId": "vsw-bp1examplei", "ZoneId": "cn-hangzhou-i"},
                    ]
                }
            },
            "zones",
            "{cn-hangzhou-k: vsw-bp1exampleh}",
        ),
        (
            ("cs", "DescribeClusterDetail"),
            {"region_id": "cn-beijing", "vpc_id": "vpc-x", "state": "running", "current_version": "1"},
            "cluster",
            "cn-beijing",
        ),
        (
            ("cs", "ListClusterAddonInstances"),
            {"addons": [{"name": "csi-plugin", "version": "v1.33.1-aliyun.1", "state": "active"}]},
            "drivers",
            "not installed",
        ),
        (
            ("kms", "DescribeKey"),
            {
                "KeyMetadata": {
                    "KeyState": "Disabled",
                    "KeyUsage": "ENCRYPT/DECRYPT",
                    "KeySpec": "Aliyun_AES_256",
                    "Creator": "1",
                }
            },
            "keys: existing",
            "Disabled",
        ),
        (("kms", "DescribeKey"), Absent("Forbidden.KeyNotFound"), "keys: existing", "no such key"),
        (
            ("nas", "DescribeZones"),
            {"Zones": {"Zone": [{"ZoneId": "cn-hangzhou-h", "Performance": {"Protocol": ["smb"]}}]}},
            "NAS: zones",
            "Performance there: smb",
        ),
        (("rds", "DescribeAvailableClasses"), {"DBInstanceClasses": []}, "databases: class", "0 classes"),
        (("ram", "GetRole"), without_role("AliyunCSManagedCsiPluginRole"), "drivers: roles", "ram.console.aliyun.com"),
        (
            ("ram", "GetRole"),
            without_role("AliyunECSDiskEncryptDefaultRole"),
            "service roles",
            "serviceRoles: [disk]",
        ),
    ],
)
def test_an_account_that_is_not(answer: tuple[str, str], value: Any, point: str, said: str) -> None:
    cloud = alicloud_account()
    cloud.answers[answer] = value
    ((key, words),) = differing(cloud).items()
    assert key.startswith(f"{point};")
    assert said in words


def test_a_type_of_disk_that_a_zone_does_not_sell() -> None:
    cloud = alicloud_account()
    cloud.answers["ecs", "DescribeZones"]["Zones"]["Zone"][1]["AvailableDiskCategories"] = {"DiskCategories": ["cloud"]}
    ((key, said),) = differing(cloud).items()
    assert "in cn-hangzhou-i" in key
    assert said.startswith("cloud ->")


def test_a_role_that_the_stack_would_make_again() -> None:
    ((key, said),) = differing(alicloud_account(), serviceRoles=["nas"]).items()
    assert "AliyunServiceRoleForNasEncryption is not there yet" in key
    assert "leave nas out" in said


def test_a_version_of_an_addon_that_is_not_the_stacks() -> None:
    ((key, said),) = differing(alicloud_account(), addons={"csi-plugin": "v1.30.0"}).items()
    assert key == "drivers: version; csi-plugin v1.30.0"
    assert "v1.33.1-aliyun.1" in said


def test_services_with_their_own_keys_need_no_roles_for_keys() -> None:
    section: dict[str, Any] = {"keyId": None, "serviceKey": True, "database": None}
    settings = alicloud_settings(**section)
    settings["alicloud"] = {k: v for k, v in settings["alicloud"].items() if v is not None}
    settings |= {"profile": "single-writer"}
    del settings["stores"]
    cloud = alicloud_account()
    ask(alicloud.checks(asked(settings, set()), cloud))
    roles = {p["RoleName"] for _, operation, p in cloud.calls if operation == "GetRole"}
    assert not {role for role in roles if "Encrypt" in role}
    assert "AliyunCSManagedCsiRole" in roles


def test_a_kms_instance_that_is_not_there() -> None:
    new: dict[str, Any] = {"keyId": None, "key": {"instanceId": "kst-other"}}
    settings = alicloud_settings(**new)
    del settings["alicloud"]["keyId"]
    findings = ask(alicloud.checks(asked(settings, ALI_TYPES), alicloud_account()))
    (bad,) = [one for one in findings if one.verdict is Verdict.DIFFERS]
    assert bad.point == "keys: kinds"
    assert "kst-hzz62example" in bad.seen
