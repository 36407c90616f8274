"""A bucket that is copied: what S3 and OSS may do in their roles, the rules, and what is refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from components.object.oss_replication import OssReplication, OssReplicationArgs, replication_policy
from components.object.oss_replication import check as check_oss
from components.object.s3 import bucket_policy
from components.object.s3_replication import (
    S3Replication,
    S3ReplicationArgs,
    S3ReplicationRole,
    S3ReplicationRoleArgs,
    check,
)
from components.object.s3_replication import replication_policy as s3_policy

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
COPY_KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE = "arn:aws:iam::111122223333:role/copies"


def s3(**changes: Any) -> S3ReplicationArgs:
    values: Any = {
        "bucket_name": "acme-cold",
        "region": "eu-central-1",
        "key_arn": KEY,
        "role_name": "copies",
        "role_arn": ROLE,
        "copy_name": "acme-copy",
        "copy_region": "eu-west-1",
        "copy_key_arn": COPY_KEY,
    }
    return S3ReplicationArgs(**{**values, **changes})


def oss(**changes: Any) -> OssReplicationArgs:
    values: Any = {
        "bucket_name": "acme-cold",
        "region": "cn-hangzhou",
        "copy_name": "acme-copy",
        "copy_region": "cn-shanghai",
        "role_name": "kotaemon-copies",
    }
    return OssReplicationArgs(**{**values, **changes})


def kept(run: Any) -> bool:
    made = [r for r in run.registrations if r.custom and not r.type.startswith("pulumi:")]
    return bool(made) and all((one.protect, one.retain_on_delete) == (True, True) for one in made)


def test_s3_reads_one_bucket_and_writes_the_other(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: S3Replication("copy", s3()) and None)
    assert kept(run)
    rule = run.one("aws:s3/bucketReplicationConfig:BucketReplicationConfig").inputs
    assert (rule["bucket"], rule["role"]) == ("acme-cold", ROLE)
    policy = json.loads(run.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    assert policy == s3_policy(s3(), KEY, COPY_KEY)
    for statement in policy["Statement"]:
        [resource] = {str(statement["Resource"])}
        assert resource not in ("*", "arn:aws:s3:::*"), statement
        assert all("*" not in action for action in statement["Action"])
    keys = {s["Resource"]: s for s in policy["Statement"] if s["Resource"].startswith("arn:aws:kms")}
    assert keys[KEY]["Action"] == ["kms:Decrypt"]
    assert keys[COPY_KEY]["Action"] == ["kms:Encrypt", "kms:GenerateDataKey"]
    for key, region, bucket in ((KEY, "eu-central-1", "acme-cold"), (COPY_KEY, "eu-west-1", "acme-copy")):
        assert keys[key]["Condition"]["StringEquals"] == {"kms:ViaService": f"s3.{region}.amazonaws.com"}
        context = keys[key]["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"]
        assert context == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]


def test_s3_alone_takes_the_role(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: S3ReplicationRole("copy", S3ReplicationRoleArgs()) and None)
    assert kept(run)
    [statement] = json.loads(run.one("aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}


def test_the_bucket_of_another_account_lets_the_role_write_copies_and_nothing_else() -> None:
    own = bucket_policy("acme-copy", KEY, "eu-west-1")["Statement"]
    found = bucket_policy("acme-copy", KEY, "eu-west-1", ROLE)["Statement"]
    assert found[:-1] == own
    assert found[-1]["Principal"] == {"AWS": ROLE}
    assert {action.partition(":")[2] for action in found[-1]["Action"]} == {
        "ReplicateObject",
        "ReplicateDelete",
        "ReplicateTags",
        "ObjectOwnerOverrideToBucketOwner",
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"copy_name": "acme-cold"}, "is the bucket itself"),
        ({"copy_name": "Acme"}, "3 to 63 lower-case"),
        ({"copy_region": "eu-central-1"}, "is the region of the bucket itself"),
        ({"copy_region": "cn-north-1"}, "copies nothing between partitions"),
    ],
)
def test_s3_nonsense(changes: dict[str, Any], words: str) -> None:
    assert [line for line in check("copy", s3(**changes)) if words in line]


def test_the_same_region_of_another_account_is_another_place() -> None:
    assert check("copy", s3(copy_region="eu-central-1", copy_account="444455556666")) == []


def test_oss_deletes_nothing_in_the_copy(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: OssReplication("copy", oss(copy_key_id="key-sh1")) and None)
    assert kept(run)
    rule = run.one("alicloud:oss/bucketReplication:BucketReplication").inputs
    assert rule["action"] == "PUT"
    assert rule["syncRole"] == "kotaemon-copies"
    assert rule["encryptionConfiguration"] == {"replicaKmsKeyId": "key-sh1"}
    statements = json.loads(replication_policy("acme-cold", "acme-copy"))["Statement"]
    allowed = {action for statement in statements for action in statement["Action"]}
    assert allowed == {"oss:ReplicateList", "oss:ReplicateGet", "oss:ReplicatePut"}
    [written] = [s["Resource"] for s in statements if "oss:ReplicatePut" in s["Action"]]
    assert written == ["acs:oss:*:*:acme-copy", "acs:oss:*:*:acme-copy/*"]


def test_without_a_key_oss_takes_the_one_it_keeps(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: OssReplication("copy", oss()) and None)
    rule = run.one("alicloud:oss/bucketReplication:BucketReplication").inputs
    assert rule.get("encryptionConfiguration") is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"copy_name": "acme-cold"}, "is the bucket itself"),
        ({"copy_region": "cn-hangzhou"}, "is the region of the bucket itself"),
    ],
)
def test_oss_nonsense(changes: dict[str, Any], words: str) -> None:
    assert [line for line in check_oss("copy", oss(**changes)) if words in line]
