"""Every create call that our arguments turn into, built with the request models of Alibaba Cloud's own SDKs.

The mapping from Pulumi's inputs to API parameters is the provider's (terraform-provider-alicloud:
resource_alicloud_*.go) and stands here only. A model takes no parameter that the API does not have; the value sets are
read from the texts of the models, which are those of the API reference.
"""

import base64
import copy
import inspect
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

pytest.importorskip("alibabacloud_nas20170626", reason="needs requirements-cloud-api.txt: make cloud-api")

from alibabacloud_cms20190101 import models as cms
from alibabacloud_ecs20140526 import models as ecs
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_kms20160120 import models as kms
from alibabacloud_nas20170626 import models as nas
from alibabacloud_rds20140815 import models as rds

from components.essd_rules import Disk, DiskType, PerformanceLevel, baseline_iops, refused_disk
from components.file.nas_rules import STORAGE_TYPES, NasEncryption, NasKind, NasSquash
from components.nfs_server.ecs_rules import USER_DATA_BYTES
from plan.recorder import Run
from stacks import program
from tests.unit.stacks.platforms.test_alicloud import Account, with_disks
from tests.unit.stacks.platforms.test_alicloud_settings import config

Inputs = Mapping[str, Any]


def tags(inputs: Inputs, kind: Any) -> list[Any] | None:
    return [kind(key=k, value=v) for k, v in inputs["tags"].items()] if inputs.get("tags") else None


def key(inputs: Inputs) -> Any:
    return kms.CreateKeyRequest(
        dkmsinstance_id=inputs.get("dkmsInstanceId"),
        description=inputs["description"],
        key_spec=inputs["keySpec"],
        key_usage=inputs["keyUsage"],
        enable_automatic_rotation=inputs["automaticRotation"] == "Enabled",
        rotation_interval=inputs["rotationInterval"],
        tags=json.dumps([{"TagKey": k, "TagValue": v} for k, v in inputs["tags"].items()]),
    )


def alias(inputs: Inputs) -> Any:
    return kms.CreateAliasRequest(alias_name=inputs["aliasName"], key_id=inputs["keyId"])


def disk(inputs: Inputs) -> Any:
    return ecs.CreateDiskRequest(
        region_id="cn-hangzhou",
        zone_id=inputs["zoneId"],
        disk_category=inputs["category"],
        size=inputs["size"],
        encrypted=inputs["encrypted"],
        kmskey_id=inputs["kmsKeyId"],
        disk_name=inputs["diskName"],
        tag=tags(inputs, ecs.CreateDiskRequestTag),
    )


def snapshot_policy(inputs: Inputs) -> Any:
    return ecs.CreateAutoSnapshotPolicyRequest(
        region_id="cn-hangzhou",
        auto_snapshot_policy_name=inputs["autoSnapshotPolicyName"],
        repeat_weekdays=json.dumps(inputs["repeatWeekdays"]),
        time_points=json.dumps(inputs["timePoints"]),
        retention_days=inputs["retentionDays"],
        tag=tags(inputs, ecs.CreateAutoSnapshotPolicyRequestTag),
    )


def interface(inputs: Inputs) -> Any:
    return ecs.CreateNetworkInterfaceRequest(
        region_id="cn-hangzhou",
        v_switch_id=inputs["vswitchId"],
        security_group_ids=inputs["securityGroupIds"],
        network_interface_name=inputs["networkInterfaceName"],
        description=inputs["description"],
        delete_on_release=inputs["deleteOnRelease"],
        tag=tags(inputs, ecs.CreateNetworkInterfaceRequestTag),
    )


def security_group(inputs: Inputs) -> Any:
    return ecs.CreateSecurityGroupRequest(
        region_id="cn-hangzhou",
        vpc_id=inputs["vpcId"],
        security_group_name=inputs["securityGroupName"],
        description=inputs["description"],
        tag=tags(inputs, ecs.CreateSecurityGroupRequestTag),
    )


def rule(inputs: Inputs) -> Any:
    return ecs.AuthorizeSecurityGroupRequest(
        region_id="cn-hangzhou",
        security_group_id=inputs["securityGroupId"],
        ip_protocol=inputs["ipProtocol"],
        port_range=inputs["portRange"],
        source_cidr_ip=inputs["cidrIp"],
        nic_type=inputs["nicType"],
        policy=inputs["policy"],
        priority=str(inputs["priority"]),
    )


def machine(inputs: Inputs) -> Any:
    """The interface is the only thing that is said of the network (resource_alicloud_instance.go)."""
    primary = ecs.RunInstancesRequestNetworkInterface(
        instance_type="Primary", network_interface_id=inputs["networkInterfaceId"]
    )
    return ecs.RunInstancesRequest(
        region_id="cn-hangzhou",
        zone_id=inputs["availabilityZone"],
        instance_name=inputs["instanceName"],
        instance_type=inputs["instanceType"],
        image_id=inputs["imageId"],
        network_interface=[primary],
        instance_charge_type=inputs["instanceChargeType"],
        system_disk=ecs.RunInstancesRequestSystemDisk(
            category=inputs["systemDiskCategory"],
            size=str(inputs["systemDiskSize"]),
            encrypted=inputs["systemDiskEncrypted"],
            kmskey_id=inputs["systemDiskKmsKeyId"],
        ),
        user_data=base64.b64encode(inputs["userData"].encode()).decode(),
        tag=tags(inputs, ecs.RunInstancesRequestTag),
    )


def attached(inputs: Inputs) -> Any:
    return ecs.AttachDiskRequest(
        disk_id=inputs["diskId"],
        instance_id=inputs["instanceId"],
        delete_with_instance=inputs["deleteWithInstance"],
    )


def file_system(inputs: Inputs) -> Any:
    return nas.CreateFileSystemRequest(
        file_system_type=inputs["fileSystemType"],
        protocol_type=inputs["protocolType"],
        storage_type=inputs["storageType"],
        zone_id=inputs["zoneId"],
        encrypt_type=inputs["encryptType"],
        kms_key_id=inputs["kmsKeyId"],
        description=inputs["description"],
        tag=tags(inputs, nas.CreateFileSystemRequestTag),
    )


def access_group(inputs: Inputs) -> Any:
    return nas.CreateAccessGroupRequest(
        access_group_name=inputs["accessGroupName"],
        access_group_type=inputs["accessGroupType"],
        file_system_type=inputs["fileSystemType"],
    )


def access_rule(inputs: Inputs) -> Any:
    return nas.CreateAccessRuleRequest(
        access_group_name=inputs["accessGroupName"],
        file_system_type=inputs["fileSystemType"],
        source_cidr_ip=inputs["sourceCidrIp"],
        rwaccess_type=inputs["rwAccessType"],
        user_access_type=inputs["userAccessType"],
        priority=inputs["priority"],
    )


def mount_target(inputs: Inputs) -> Any:
    return nas.CreateMountTargetRequest(
        file_system_id=inputs["fileSystemId"],
        access_group_name=inputs["accessGroupName"],
        network_type=inputs["networkType"],
        vpc_id=inputs["vpcId"],
        v_switch_id=inputs["vswitchId"],
    )


def vault(inputs: Inputs) -> Any:
    return hbr.CreateVaultRequest(
        vault_region_id="cn-hangzhou",
        vault_name=inputs["vaultName"],
        vault_type=inputs["vaultType"],
        vault_storage_class=inputs["vaultStorageClass"],
        encrypt_type=inputs["encryptType"],
        kms_key_id=inputs["kmsKeyId"],
        description=inputs["description"],
    )


def backup_plan(inputs: Inputs) -> Any:
    return hbr.CreateBackupPlanRequest(
        source_type="NAS",
        plan_name=inputs["nasBackupPlanName"],
        vault_id=inputs["vaultId"],
        file_system_id=inputs["fileSystemId"],
        backup_type=inputs["backupType"],
        path=inputs["paths"],
        retention=int(inputs["retention"]),
        schedule=inputs["schedule"],
    )


def database(inputs: Inputs) -> Any:
    return rds.CreateDBInstanceRequest(
        region_id="cn-hangzhou",
        engine=inputs["engine"],
        engine_version=inputs["engineVersion"],
        category=inputs["category"],
        dbinstance_class=inputs["instanceType"],
        dbinstance_storage=inputs["instanceStorage"],
        dbinstance_storage_type=inputs["dbInstanceStorageType"],
        dbinstance_net_type="Intranet",
        pay_type=inputs["instanceChargeType"],
        zone_id=inputs["zoneId"],
        zone_id_slave_1=inputs["zoneIdSlaveA"],
        vpcid=inputs["vpcId"],
        v_switch_id=inputs["vswitchId"],
        security_iplist=",".join(inputs["securityIps"]),
        encryption_key=inputs["encryptionKey"],
        deletion_protection=inputs["deletionProtection"],
        tag=tags(inputs, rds.CreateDBInstanceRequestTag),
    )


def account(inputs: Inputs) -> Any:
    return rds.CreateAccountRequest(
        dbinstance_id=inputs["dbInstanceId"],
        account_name=inputs["accountName"],
        account_password=inputs["accountPassword"],
        account_type=inputs["accountType"],
    )


def alarm(inputs: Inputs) -> Any:
    warn = inputs["escalationsWarn"]
    operators = {">": "GreaterThanThreshold"}  # convertCmsAlarmComparisonOperator of the provider
    return cms.PutResourceMetricRuleRequest(
        rule_id="pulumi-1",  # the provider's own
        rule_name=inputs["name"],
        namespace=inputs["project"],
        metric_name=inputs["metric"],
        resources=inputs["metricDimensions"],
        contact_groups=",".join(inputs["contactGroups"]),
        period=str(int(inputs["period"])),
        silence_time=int(inputs["silenceTime"]),
        escalations=cms.PutResourceMetricRuleRequestEscalations(
            warn=cms.PutResourceMetricRuleRequestEscalationsWarn(
                comparison_operator=operators[warn["comparisonOperator"]],
                statistics=warn["statistics"],
                threshold=warn["threshold"],
                times=int(warn["times"]),
            )
        ),
        labels=[
            cms.PutResourceMetricRuleRequestLabels(key=key, value=value)
            for key, value in inputs.get("tags", {}).items()
        ],
    )


CALLS: dict[str, Callable[[Inputs], Any]] = {
    "alicloud:kms/key:Key": key,
    "alicloud:kms/alias:Alias": alias,
    "alicloud:ecs/ecsDisk:EcsDisk": disk,
    "alicloud:ecs/autoSnapshotPolicy:AutoSnapshotPolicy": snapshot_policy,
    "alicloud:ecs/ecsNetworkInterface:EcsNetworkInterface": interface,
    "alicloud:ecs/securityGroup:SecurityGroup": security_group,
    "alicloud:ecs/securityGroupRule:SecurityGroupRule": rule,
    "alicloud:ecs/instance:Instance": machine,
    "alicloud:ecs/ecsDiskAttachment:EcsDiskAttachment": attached,
    "alicloud:nas/fileSystem:FileSystem": file_system,
    "alicloud:nas/accessGroup:AccessGroup": access_group,
    "alicloud:nas/accessRule:AccessRule": access_rule,
    "alicloud:nas/mountTarget:MountTarget": mount_target,
    "alicloud:hbr/vault:Vault": vault,
    "alicloud:hbr/nasBackupPlan:NasBackupPlan": backup_plan,
    "alicloud:cms/alarm:Alarm": alarm,
    "alicloud:rds/instance:Instance": database,
    "alicloud:rds/rdsAccount:RdsAccount": account,
}
OTHER_CALLS = {
    "alicloud:ecs/ecsAutoSnapshotPolicyAttachment:EcsAutoSnapshotPolicyAttachment",
    "alicloud:rds/backupPolicy:BackupPolicy",
    "alicloud:rds/database:Database",
    "alicloud:rds/accountPrivilege:AccountPrivilege",
}
"""Calls of two or three strings, without a value set."""


@pytest.fixture(scope="module")
def made() -> Run:
    """The scaled example with a disk of each kind and an NFS server: every resource that the platform has."""
    from plan.recorder import run_program

    values = copy.deepcopy(with_disks())
    values["alicloud"]["alarms"] = {"contactGroups": ["on-call"]}
    values["storage"]["claims"]["served"] = {"kind": "nfs-on-disk", "clients": ["10.0.0.0/16"]}
    return run_program(program.main, Account(), config=config(values), stack="prod")


def text(model: Any) -> str:
    """What the API reference says of a request."""
    return re.sub(r"\s*#\s*", " ", inspect.getsource(model))


def test_no_create_call_is_left_out(made: Run) -> None:
    ours = {r.type for r in made.registrations if r.type.startswith("alicloud:")}
    assert ours == {*CALLS, *OTHER_CALLS}


@pytest.mark.parametrize("kind", CALLS)
def test_the_api_has_every_parameter(made: Run, kind: str) -> None:
    for resource in made.of(kind):
        request = CALLS[kind](resource.inputs)
        request.validate()
        sent = request.to_map()
        assert None not in sent.values()
        assert type(request)().from_map(sent).to_map() == sent


@pytest.mark.parametrize("kind", CALLS)
def test_no_input_is_lost_on_the_way(made: Run, kind: str) -> None:
    """What the mapping above leaves out is set by another call of the provider, and named here."""
    later = {
        "pendingWindowInDays",  # ScheduleKeyDeletion
        "deletionProtection",  # SetDeletionProtection, of a key
        "deletionProtectionDescription",
        "recycleBin",  # EnableRecycleBin
        "paymentType",  # CreateDisk makes pay-as-you-go disks only
        "deleteWithInstance",  # ModifyDiskAttribute
        "deleteAutoSnapshot",
        "instanceName",  # ModifyDBInstanceDescription
        "sslAction",  # ModifyDBInstanceSSL
        "caType",
        "autoUpgradeMinorVersion",  # ModifyDBInstanceAutoUpgradeMinorVersion
        "tags" if kind == "alicloud:hbr/vault:Vault" else "",  # TagResources
        "type" if kind == "alicloud:ecs/ecsDisk:EcsDisk" else "",  # ResizeDisk
        "type" if kind == "alicloud:ecs/securityGroupRule:SecurityGroupRule" else "",  # the name of the call
        "innerAccessPolicy",  # ModifySecurityGroupPolicy
        "maintenanceAction",  # ModifyInstanceMaintenanceAttributes
        "userData",  # in base64
    }
    for resource in made.of(kind):
        inputs = dict(resource.inputs)
        sent = json.dumps(CALLS[kind](inputs).to_map()).replace("GreaterThanThreshold", ">")
        for name, value in inputs.items():
            if name in later or value is None:
                continue
            for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]:
                part = int(part) if isinstance(part, float) and part.is_integer() else part
                needle = (
                    "true"
                    if part == "Enabled"
                    else json.dumps(part)
                    if isinstance(part, bool)
                    else json.dumps(str(part))[1:-1]
                )
                assert needle in sent, (name, part)


VALUES = [
    *[(ecs.CreateDiskRequest, kind.value) for kind in DiskType],
    *[(ecs.CreateDiskRequest, level.value) for level in PerformanceLevel],
    *[(nas.CreateFileSystemRequest, kind.value) for kind in NasKind],
    *[(nas.CreateFileSystemRequest, storage.value) for storages in STORAGE_TYPES.values() for storage in storages],
    *[(nas.CreateAccessRuleRequest, squash.value) for squash in NasSquash],
    (ecs.RunInstancesRequest, "PostPaid"),
    (ecs.ModifyInstanceMaintenanceAttributesRequest, "AutoRecover"),
    (ecs.ModifySecurityGroupPolicyRequest, "Drop"),
    (nas.CreateAccessRuleRequest, "RDWR"),
    (nas.CreateAccessGroupRequest, "Vpc"),
    (kms.CreateKeyRequest, "ENCRYPT/DECRYPT"),
    (hbr.CreateVaultRequest, "KMS"),
    (hbr.CreateBackupPlanRequest, "COMPLETE"),
    (cms.PutResourceMetricRuleRequest, "KEEP_LAST_STATE (default)"),
    (cms.PutResourceMetricRuleRequest, "86400"),
    (rds.CreateDBInstanceRequest, "HighAvailability"),
    (rds.CreateDBInstanceRequest, "cloud_essd"),
    *[(rds.CreateDBInstanceRequest, version) for version in ("14.0", "15.0", "16.0", "17.0")],
]


@pytest.mark.parametrize(("model", "value"), VALUES, ids=[f"{model.__name__}-{value}" for model, value in VALUES])
def test_values_are_documented(model: Any, value: str) -> None:
    assert re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", text(model))


SIZES = {
    r"PL0: 1 to 65,536": Disk(1, [DiskType.ESSD], PerformanceLevel.PL0),
    r"PL1: 20 to 65,536": Disk(20, [DiskType.ESSD], PerformanceLevel.PL1),
    r"PL2: 461 to 65,536": Disk(461, [DiskType.ESSD], PerformanceLevel.PL2),
    r"PL3: 1,261 to 65,536": Disk(1261, [DiskType.ESSD], PerformanceLevel.PL3),
    r"cloud_auto: 1 to 65,536": Disk(1, [DiskType.AUTO]),
    r"cloud_regional_disk_auto: 10 to 65,536": Disk(10, [DiskType.REGIONAL]),
}


@pytest.mark.parametrize(("documented", "smallest"), SIZES.items(), ids=list(SIZES))
def test_sizes_are_those_of_the_api(documented: str, smallest: Disk) -> None:
    assert documented in text(ecs.CreateDiskRequest)
    assert refused_disk(smallest) == ""
    assert refused_disk(Disk(smallest.size_gib - 1, smallest.types, smallest.level)) != ""
    assert refused_disk(Disk(65536, smallest.types, smallest.level)) == ""
    assert refused_disk(Disk(65537, smallest.types, smallest.level)) != ""


def test_the_baseline_is_that_of_the_api() -> None:
    assert "max{min{1,800 + 50 \u00d7 Capacity, 50,000}, 3,000}" in text(ecs.CreateDiskRequest)
    assert [baseline_iops(size) for size in (1, 40, 1000)] == [3000, 3800, 50_000]


def test_user_data_and_a_kept_interface_are_as_the_rules_say() -> None:
    """The API's text says of an interface's id that it is for secondary ones; docs/nfs-on-disk.md says what speaks for
    a primary one."""
    assert "The size of instance user data cannot exceed 32 KB before Base64 encoding." in text(ecs.RunInstancesRequest)
    assert USER_DATA_BYTES == 32 * 1024
    assert "false: The ENI is retained." in text(ecs.CreateNetworkInterfaceRequest)


def test_a_key_of_yours_is_possible_on_general_purpose_nas() -> None:
    """The provider's own text says extreme only; the API says otherwise, and the provider passes it on."""
    said = text(nas.CreateFileSystemRequest)
    assert "2: Custom key. Supported when FileSystemType is set to standard or extreme." in said
    assert "General-purpose NAS file systems: The custom key (KMS) feature is supported in all regions." in said
    assert {kind.value for kind in NasEncryption} == {"own-key", "nas-key"}


def test_users_may_not_set_the_tags_of_services() -> None:
    assert "The tag key cannot start with aliyun or acs:." in text(kms.CreateKeyRequest)
