"""An S3 bucket: every setting that keeps data private, encrypted and there."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.object.rules import Cheaper
from components.object.s3 import S3Bucket, S3BucketArgs, bucket_policy, check

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
GUARDS = {
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
}


def arguments(**changes: Any) -> S3BucketArgs:
    values: Any = {"bucket_name": "acme-cold", "key_arn": KEY, "region": "eu-central-1"}
    return S3BucketArgs(**{**values, **changes})


@pytest.fixture
def run(pulumi_run: Callable[..., Any]) -> Any:
    return pulumi_run(lambda: {"name": S3Bucket("bucket", arguments(tags={"team": "search"})).bucket})


def test_all_of_it_is_protected_and_kept(run: Any) -> None:
    made = [r for r in run.registrations if r.custom and not r.type.startswith("pulumi:")]
    assert {r.type for r in made} == {"aws:s3/bucket:Bucket", *GUARDS}
    for one in made:
        assert (one.protect, one.retain_on_delete) == (True, True), one.name


def test_the_bucket_has_the_name_and_is_never_emptied(run: Any) -> None:
    assert run.one("aws:s3/bucket:Bucket").inputs == {"bucket": "acme-cold", "tags": {"team": "search"}}
    assert run.outputs["name"].value == "acme-cold"


def test_encrypted_with_the_key_and_few_requests_to_it(run: Any) -> None:
    found = run.one("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration").inputs
    assert found["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
            "bucketKeyEnabled": True,
        }
    ]


def test_private_versioned_and_without_acls(run: Any) -> None:
    block = run.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs
    assert {key: block[key] for key in block if key != "bucket"} == dict.fromkeys(
        ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
    )
    versioning = run.one("aws:s3/bucketVersioning:BucketVersioning").inputs
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    owner = run.one("aws:s3/bucketOwnershipControls:BucketOwnershipControls").inputs
    assert owner["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_the_policy_denies_and_allows_nobody_anything(run: Any) -> None:
    policy = json.loads(run.one("aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])
    assert policy == bucket_policy("acme-cold", KEY, "eu-central-1")
    assert {statement["Effect"] for statement in policy["Statement"]} == {"Deny"}
    by_name = {statement["Sid"]: statement for statement in policy["Statement"]}
    assert by_name["NothingWithoutTls"]["Resource"] == ["arn:aws:s3:::acme-cold", "arn:aws:s3:::acme-cold/*"]
    assert by_name["NothingWithoutTls"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    # A request that names no key gets the bucket's own, so the header has to be there for a refusal.
    assert by_name["NoOtherKey"]["Condition"]["Null"] == {"s3:x-amz-server-side-encryption-aws-kms-key-id": "false"}
    assert by_name["NobodyDeletesAVersion"]["Action"] == "s3:DeleteObjectVersion"
    assert "Condition" not in by_name["NobodyDeletesAVersion"]


def test_the_partition_of_the_region() -> None:
    assert bucket_policy("b", KEY, "cn-north-1")["Statement"][0]["Resource"][0] == "arn:aws-cn:s3:::b"


def test_the_lifecycle(pulumi_run: Callable[..., Any]) -> None:
    given = {
        "files/": Cheaper(days=30, storage_class="GLACIER_IR"),
        "backups/": Cheaper(days=90, storage_class="DEEP_ARCHIVE"),
    }
    run = pulumi_run(lambda: S3Bucket("bucket", arguments(lifecycle=given, version_days=7)) and None)
    rules = run.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs["rules"]
    assert rules == [
        {
            "id": "versions-and-uploads",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrentVersionExpiration": {"noncurrentDays": 7},
            "expiration": {"expiredObjectDeleteMarker": True},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        },
        {
            "id": "cheaper-backups",
            "status": "Enabled",
            "filter": {"prefix": "backups/"},
            "transitions": [{"days": 90, "storageClass": "DEEP_ARCHIVE"}],
        },
        {
            "id": "cheaper-files",
            "status": "Enabled",
            "filter": {"prefix": "files/"},
            "transitions": [{"days": 30, "storageClass": "GLACIER_IR"}],
        },
    ]


def test_unprotected_it_is_still_kept(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: S3Bucket("bucket", arguments(protect=False)) and None)
    assert {(r.protect, r.retain_on_delete) for r in run.registrations if r.type.startswith("aws:s3/")} == {
        (False, True)
    }


def test_mistakes_are_found_all_at_once() -> None:
    found = check(
        "bucket",
        arguments(
            bucket_name="Cold",
            version_days=0,
            lifecycle={"files": Cheaper(days=1, storage_class="GLACIER")},
            tags={"aws:mine": "1"},
        ),
    )
    assert [line.split(":")[0] for line in found] == [
        "bucket_name",
        "version_days",
        "lifecycle 'files'",
        "lifecycle 'files'",
        "tags",
    ]


def test_a_mistake_registers_nothing(pulumi_run: Callable[..., Any]) -> None:
    with pytest.raises(pulumi.RunError, match="S3Bucket 'bucket': bucket_name: 'x': must have 3 to 63"):
        pulumi_run(lambda: S3Bucket("bucket", arguments(bucket_name="x")) and None)
