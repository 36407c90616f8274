"""The role by which one service account reaches one bucket: every statement."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.ack.rrsa import READ, WRITE, OssRole, OssRoleArgs, bucket_document, trust_document

ISSUER = "https://oidc-ack-cn-hangzhou.oss-cn-hangzhou.aliyuncs.com/c1"
PROVIDER = "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1"


def arguments(**changes: Any) -> OssRoleArgs:
    fixed = {
        "role_name": "kotaemon-cold",
        "oidc_issuer": ISSUER,
        "oidc_provider_arn": PROVIDER,
        "namespace": "kotaemon",
        "service_account": "archiver",
        "bucket": "kotaemon-cold",
    }
    return OssRoleArgs(**{**fixed, **changes})


def test_one_service_account_and_nobody_else() -> None:
    assert json.loads(trust_document(ISSUER, PROVIDER, "kotaemon", "archiver")) == {
        "Version": "1",
        "Statement": [
            {
                "Action": "sts:AssumeRole",
                "Effect": "Allow",
                "Principal": {"Federated": [PROVIDER]},
                "Condition": {
                    "StringEquals": {
                        "oidc:aud": "sts.aliyuncs.com",
                        "oidc:iss": ISSUER,
                        "oidc:sub": "system:serviceaccount:kotaemon:archiver",
                    }
                },
            }
        ],
    }


@pytest.mark.parametrize(("read_only", "actions"), [(True, [*READ]), (False, [*READ, *WRITE])])
def test_one_bucket(read_only: bool, actions: list[str]) -> None:
    assert json.loads(bucket_document("cold", "eval/", read_only=read_only)) == {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": actions,
                "Resource": ["acs:oss:*:*:cold", "acs:oss:*:*:cold/eval/*"],
            }
        ],
    }


def test_objects(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: {"role": OssRole("cold", arguments(prefix="eval/")).role_name})
    role, policy = run.one("alicloud:ram/role:Role"), run.one("alicloud:ram/policy:Policy")
    assert role.inputs["assumeRolePolicyDocument"] == trust_document(ISSUER, PROVIDER, "kotaemon", "archiver")
    assert policy.inputs["policyDocument"] == bucket_document("kotaemon-cold", "eval/", read_only=False)
    attached = run.one("alicloud:ram/rolePolicyAttachment:RolePolicyAttachment")
    assert attached.inputs == {"roleName": "kotaemon-cold", "policyName": "kotaemon-cold", "policyType": "Custom"}
    assert run.outputs["role"].value == "kotaemon-cold"


@pytest.mark.parametrize("prefix", ["/eval", "*"])
def test_wrong_prefix(pulumi_run: Callable[..., Any], prefix: str) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        pulumi_run(lambda: OssRole("cold", arguments(prefix=prefix)) and None)
    assert str(refused.value) == (f"OssRole 'cold': prefix: {prefix!r} must be a folder without '/' before it and '*'")
