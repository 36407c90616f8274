"""The KMS key of a stack: its policy statement by statement, and what is refused."""

import json

import pulumi
import pytest

from components.encryption.aws import (
    AwsKey,
    AwsKeyArgs,
    KeyService,
    alias_refused,
    existing_key,
    key_policy,
    key_state_refused,
    rotation_refused,
)
from plan.recorder import Echo

ACCOUNT = "111122223333"
DRIVER = f"arn:aws:iam::{ACCOUNT}:role/ebs-csi"
SCALING = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def made_policy(pulumi_run, **extra) -> dict:
    args = AwsKeyArgs(account=ACCOUNT, region=extra.pop("region", "eu-central-1"), alias="alias/kotaemon", **extra)
    run = pulumi_run(lambda: AwsKey("key", args) and None)
    return json.loads(run.one("aws:kms/key:Key").inputs["policy"])


def statements(policy: dict) -> dict[str, dict]:
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_the_account_always_manages_the_key(pulumi_run):
    policy = made_policy(pulumi_run)
    assert policy == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AccountManagesTheKey",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }


def test_the_driver_gets_the_least(pulumi_run):
    found = statements(made_policy(pulumi_run, volume_roles=[DRIVER]))
    assert set(found) == {"AccountManagesTheKey", "VolumesUseTheKey", "VolumesGrantTheKeyToAwsServices"}
    assert found["VolumesUseTheKey"] == {
        "Sid": "VolumesUseTheKey",
        "Effect": "Allow",
        "Principal": {"AWS": [DRIVER]},
        "Resource": "*",
        "Action": ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"],
    }
    assert found["VolumesGrantTheKeyToAwsServices"] == {
        "Sid": "VolumesGrantTheKeyToAwsServices",
        "Effect": "Allow",
        "Principal": {"AWS": [DRIVER]},
        "Resource": "*",
        "Action": ["kms:CreateGrant"],
        "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
    }


def test_node_disks_need_more(pulumi_run):
    found = statements(made_policy(pulumi_run, instance_roles=[SCALING]))
    assert found["NodesUseTheKey"]["Principal"] == {"AWS": [SCALING]}
    assert found["NodesUseTheKey"]["Action"] == [
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncrypt*",
        "kms:GenerateDataKey*",
        "kms:DescribeKey",
    ]
    grants = found["NodesGrantTheKeyToAwsServices"]
    assert grants["Action"] == ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
    assert grants["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_services_use_the_key_only_for_the_account(pulumi_run):
    found = statements(made_policy(pulumi_run, services=[KeyService.EFS, KeyService.FSX]))
    statement = found["ServicesUseTheKeyForTheAccount"]
    assert statement["Condition"] == {
        "StringEquals": {
            "kms:ViaService": ["elasticfilesystem.eu-central-1.amazonaws.com", "fsx.eu-central-1.amazonaws.com"],
            "kms:CallerAccount": ACCOUNT,
        }
    }
    assert "kms:*" not in statement["Action"]


def test_another_account_uses_the_key_and_grants_it_to_services_only(pulumi_run):
    found = statements(made_policy(pulumi_run, copies_to=["444455556666"]))
    other = {"AWS": ["arn:aws:iam::444455556666:root"]}
    assert found["OtherAccountsUseTheKey"]["Principal"] == other
    assert "kms:CreateGrant" not in found["OtherAccountsUseTheKey"]["Action"]
    grants = found["OtherAccountsGrantTheKeyToAwsServices"]
    assert (grants["Principal"], grants["Action"]) == (other, ["kms:CreateGrant"])
    assert grants["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_a_role_of_another_account_encrypts_copies_through_s3_and_reads_none(pulumi_run):
    role = "arn:aws:iam::444455556666:role/replication"
    statement = statements(made_policy(pulumi_run, replica_roles=[role]))["CopiesOfBucketsOfOtherAccounts"]
    assert statement["Principal"] == {"AWS": [role]}
    assert statement["Action"] == ["kms:Encrypt", "kms:GenerateDataKey"]
    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}}


def test_china_has_its_own_partition(pulumi_run):
    found = statements(made_policy(pulumi_run, region="cn-north-1", services=[KeyService.EFS]))
    assert found["AccountManagesTheKey"]["Principal"] == {"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"}
    via = found["ServicesUseTheKeyForTheAccount"]["Condition"]["StringEquals"]["kms:ViaService"]
    assert via == ["elasticfilesystem.cn-north-1.amazonaws.com.cn"]


@pytest.mark.parametrize("services", [[], list(KeyService)])
@pytest.mark.parametrize("roles", [[], [DRIVER]])
def test_nobody_but_the_account_gets_everything(pulumi_run, services, roles):
    """Whoever is named without a condition is named in full; `*` always comes with the account."""
    policy = made_policy(pulumi_run, volume_roles=roles, instance_roles=roles, services=services)
    for statement in policy["Statement"][1:]:
        assert statement["Action"] != "kms:*"
        if statement["Principal"] == {"AWS": "*"}:
            assert statement["Condition"]["StringEquals"]["kms:CallerAccount"] == ACCOUNT


def test_the_key_is_kept_and_rotated(pulumi_run):
    args = AwsKeyArgs(account=ACCOUNT, region="eu-central-1", alias="alias/kotaemon", tags={"team": "search"})
    run = pulumi_run(lambda: AwsKey("key", args) and None)
    key = run.one("aws:kms/key:Key")
    assert (key.name, key.protect, key.retain_on_delete) == ("key-key", True, True)
    assert key.inputs["enableKeyRotation"] is True
    assert key.inputs["rotationPeriodInDays"] == 365
    assert key.inputs["deletionWindowInDays"] == 30
    assert key.inputs["tags"] == {"team": "search"}
    assert run.one("aws:kms/alias:Alias").inputs["name"] == "alias/kotaemon"
    assert [parent.type for parent in run.parents(key)] == ["kotaemon:index:AwsKey"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"alias": "kotaemon"},
            "AwsKey 'key': alias: 'kotaemon' must be alias/ and 1 to 250 letters, digits, '-', '_' or '/'",
        ),
        ({"alias": "alias/aws/ebs"}, "AwsKey 'key': alias: 'alias/aws/ebs': alias/aws belongs to AWS's own keys"),
        ({"rotation_days": 89}, "AwsKey 'key': rotation_days: 89 days; KMS takes 90 to 2560"),
        ({"tags": {"aws:x": ""}}, "AwsKey 'key': tags: tag 'aws:x': keys that begin with aws: belong to AWS"),
    ],
)
def test_mistakes(pulumi_run, change, message):
    args = AwsKeyArgs(**{"account": ACCOUNT, "region": "eu-central-1", "alias": "alias/kotaemon", **change})
    with pytest.raises(pulumi.RunError) as error:
        pulumi_run(lambda: AwsKey("key", args) and None)
    assert str(error.value) == message


def test_limits_of_kms():
    assert alias_refused("alias/a") == ""
    assert [rotation_refused(days) for days in (90, 2560)] == ["", ""]
    assert rotation_refused(2561) == "2561 days; KMS takes 90 to 2560"


def test_without_roles_there_is_no_empty_principal():
    """KMS refuses a policy with an empty list of principals."""
    assert len(key_policy(ACCOUNT, "eu-central-1")["Statement"]) == 1


class Kms(Echo):
    def __init__(self, **changes):
        super().__init__()
        self.key = {
            "arn": KEY,
            "keyState": "Enabled",
            "keyUsage": "ENCRYPT_DECRYPT",
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "keyManager": "CUSTOMER",
            **changes,
        }

    def call(self, args):
        assert args.token == "aws:kms/getKey:getKey"
        assert args.args["keyId"] == KEY
        return self.key, []


def test_an_existing_key_is_read(pulumi_run):
    run = pulumi_run(lambda: {"arn": existing_key(KEY, "eu-central-1")}, resources=Kms())
    assert run.outputs["arn"].value == KEY


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"keyState": "PendingDeletion"}, "its state is PendingDeletion; it must be Enabled"),
        (
            {"keyUsage": "SIGN_VERIFY", "customerMasterKeySpec": "RSA_4096"},
            "it is a key for SIGN_VERIFY of type RSA_4096; storage needs a symmetric key for ENCRYPT_DECRYPT",
        ),
        ({"keyManager": "AWS"}, "it is an AWS managed key; storage needs a key of your own"),
    ],
)
def test_an_unusable_key_is_refused(pulumi_run, changes, reason):
    with pytest.raises(pulumi.RunError) as error:
        pulumi_run(lambda: existing_key(KEY, "eu-central-1") and None, resources=Kms(**changes))
    assert str(error.value) == f"KMS key {KEY}: {reason}"


def test_a_key_of_another_region_is_not_even_read():
    with pytest.raises(pulumi.RunError, match="is a key of region eu-central-1; storage in us-east-1"):
        existing_key(KEY, "us-east-1")


def test_a_usable_key():
    assert key_state_refused("Enabled", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "CUSTOMER") == ""
