"""The KMS key, its alias, and the roles by which services use it."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.encryption.alicloud import (
    AlicloudKey,
    AlicloudKeyArgs,
    ServiceRole,
    ServiceRoles,
    ServiceRolesArgs,
    existing_key,
    key_args,
    trust_policy,
)
from plan.recorder import Echo

KEY = "alicloud:kms/key:Key"
ROLE = "alicloud:ram/role:Role"
LINKED = "alicloud:resourcemanager/serviceLinkedRole:ServiceLinkedRole"


def arguments(**changes: Any) -> AlicloudKeyArgs:
    return AlicloudKeyArgs(**{"alias": "alias/kotaemon-prod", **changes})


def test_the_key(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: {"id": AlicloudKey("key", arguments(tags={"app": "kotaemon"})).key_id})
    assert run.one(KEY).inputs == {
        "description": "Kotaemon storage: all its data is encrypted with this key",
        "keySpec": "Aliyun_AES_256",
        "keyUsage": "ENCRYPT/DECRYPT",
        "automaticRotation": "Disabled",
        "pendingWindowInDays": 30,
        "deletionProtection": "Enabled",
        "deletionProtectionDescription": "Kotaemon's disks, file systems and backups cannot be read without it",
        "tags": {"app": "kotaemon"},
    }
    assert run.outputs["id"].value == "key-key-id"
    assert run.one("alicloud:kms/alias:Alias").inputs == {"aliasName": "alias/kotaemon-prod", "keyId": "key-key-id"}


def test_no_tag_that_only_services_may_set() -> None:
    assert key_args(arguments()).tags == {}


@pytest.mark.parametrize("protect", [True, False])
def test_the_key_is_kept_in_any_case(pulumi_run: Callable[..., Any], protect: bool) -> None:
    run = pulumi_run(lambda: AlicloudKey("key", arguments(protect=protect)) and None)
    key, alias = run.one(KEY), run.one("alicloud:kms/alias:Alias")
    assert (key.protect, key.retain_on_delete) == (protect, True)
    assert not alias.retain_on_delete
    assert [[p.name for p in run.parents(child)] for child in (key, alias)] == [["key"], ["key"]]


def test_a_key_in_an_instance_rotates_as_often_as_wanted(pulumi_run: Callable[..., Any]) -> None:
    args = arguments(instance_id="kst-hzz62example", rotation_days=90, deletion_window_days=7)
    made = pulumi_run(lambda: AlicloudKey("key", args) and None).one(KEY).inputs
    assert (made["dkmsInstanceId"], made["rotationInterval"], made["pendingWindowInDays"]) == (
        "kst-hzz62example",
        "90d",
        7,
    )


USABLE = {
    "keyId": "key-1",
    "status": "Enabled",
    "keyUsage": "ENCRYPT/DECRYPT",
    "keySpec": "Aliyun_AES_256",
    "creator": "1512666876910000",
}


class Keys(Echo):
    """An account with one key."""

    def __init__(self, key: dict[str, str]) -> None:
        super().__init__()
        self.key = key

    def call(self, args: Any) -> Any:
        assert (args.token, args.args["ids"]) == ("alicloud:kms/getKeys:getKeys", ["key-1"])
        return {"keys": [self.key]}, []


def use(pulumi_run: Callable[..., Any], disks_only: bool, **changes: str) -> Any:
    def program() -> Any:
        return {"id": existing_key("key-1", "cn-hangzhou", disks_only=disks_only)}

    return pulumi_run(program, resources=Keys({**USABLE, **changes})).outputs["id"].value


@pytest.mark.parametrize(("spec", "disks_only"), [("Aliyun_AES_256", False), ("Aliyun_SM4", True)])
def test_a_key_that_can_be_used(pulumi_run: Callable[..., Any], spec: str, disks_only: bool) -> None:
    assert use(pulumi_run, disks_only, keySpec=spec) == "key-1"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"status": "PendingDeletion"}, "its state is PendingDeletion; it must be Enabled"),
        ({"keyUsage": "SIGN/VERIFY"}, "it is a key for SIGN/VERIFY; storage needs one for ENCRYPT/DECRYPT"),
        ({"keySpec": "Aliyun_SM4"}, "its specification is Aliyun_SM4; what this stack makes takes Aliyun_AES_256"),
        (
            {"creator": "Ecs"},
            "it is the service key of Ecs, which no other service may use; leave keyId out and write serviceKey: true",
        ),
        (
            {"keyId": "key-2"},
            "there is no such key in region cn-hangzhou, or the credentials may not see it (kms:ListKeys, DescribeKey)",
        ),
    ],
)
def test_a_key_that_cannot(pulumi_run: Callable[..., Any], changes: dict[str, str], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        use(pulumi_run, False, **changes)
    assert str(refused.value) == f"KMS key key-1: {message}"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"alias": "kotaemon"},
            "AlicloudKey 'key': alias 'kotaemon': must be alias/ and 1 to 249 letters, digits, '-', '_' or '/'",
        ),
        (
            {"rotation_days": 90},
            "AlicloudKey 'key': rotation_days: 90 days; a key outside a KMS instance rotates every 365 days only",
        ),
        ({"deletion_window_days": 5}, "AlicloudKey 'key': deletion_window_days: 5 days; KMS takes 7 to 366"),
        (
            {"tags": {"acs:nas:instance-encryption": "true"}},
            "AlicloudKey 'key': tags: tag 'acs:nas:instance-encryption': keys that begin with aliyun or acs: belong to "
            "Alibaba Cloud",
        ),
    ],
)
def test_wrong_arguments(pulumi_run: Callable[..., Any], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        pulumi_run(lambda: AlicloudKey("key", arguments(**changes)) and None)
    assert str(refused.value) == message


LINKED_SERVICES = {
    ServiceRole.NAS: "encryption.nas.aliyuncs.com",
    ServiceRole.NAS_BACKUP: "nasbackup.hbr.aliyuncs.com",
    ServiceRole.VAULT: "vaultencryption.hbr.aliyuncs.com",
}
ASSUMED = {
    ServiceRole.DISK: ("AliyunECSDiskEncryptDefaultRole", "AliyunECSDiskEncryptRolePolicy", "ecs.aliyuncs.com"),
    ServiceRole.DATABASE: (
        "AliyunRDSInstanceEncryptionDefaultRole",
        "AliyunRDSInstanceEncryptionRolePolicy",
        "rds.aliyuncs.com",
    ),
}


def test_every_role_is_covered_here() -> None:
    assert {*LINKED_SERVICES, *ASSUMED} == set(ServiceRole)


@pytest.mark.parametrize(("role", "service"), LINKED_SERVICES.items())
def test_service_linked_roles(pulumi_run: Callable[..., Any], role: ServiceRole, service: str) -> None:
    run = pulumi_run(lambda: ServiceRoles("roles", ServiceRolesArgs(roles=[role])) and None)
    made = run.one(LINKED)
    assert (made.inputs, made.retain_on_delete) == ({"serviceName": service}, True)


@pytest.mark.parametrize(("role", "expected"), ASSUMED.items())
def test_roles_that_a_service_assumes(
    pulumi_run: Callable[..., Any], role: ServiceRole, expected: tuple[str, str, str]
) -> None:
    run = pulumi_run(lambda: ServiceRoles("roles", ServiceRolesArgs(roles=[role])) and None)
    name, policy, service = expected
    made = run.one(ROLE)
    assert made.inputs["roleName"] == name
    assert made.inputs["assumeRolePolicyDocument"] == trust_policy(service)
    attached = run.one("alicloud:ram/rolePolicyAttachment:RolePolicyAttachment")
    assert attached.inputs == {"roleName": name, "policyName": policy, "policyType": "System"}
    assert made.retain_on_delete
    assert attached.retain_on_delete


def test_only_the_service_may_take_the_role() -> None:
    document = json.loads(trust_policy("ecs.aliyuncs.com"))
    assert document == {
        "Version": "1",
        "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": ["ecs.aliyuncs.com"]}}],
    }


def test_nothing_reads_an_unknown(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(
        lambda: {
            "id": AlicloudKey("key", arguments()).key_id,
            "roles": ServiceRoles("roles", ServiceRolesArgs(roles=list(ServiceRole))) and None,
        },
        preview=True,
    )
    assert len(run.of(LINKED)) == 3
    assert len(run.of(ROLE)) == 2
