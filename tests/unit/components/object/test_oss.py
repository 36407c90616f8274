"""An OSS bucket: every setting that keeps data private, encrypted and there."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from components.object.oss import OssBucket, OssBucketArgs, bucket_policy, check
from components.object.rules import Cheaper

GUARDS = {
    "alicloud:oss/bucketVersioning:BucketVersioning",
    "alicloud:oss/bucketAcl:BucketAcl",
    "alicloud:oss/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "alicloud:oss/bucketServerSideEncryption:BucketServerSideEncryption",
    "alicloud:oss/bucketPolicy:BucketPolicy",
}


def arguments(**changes: Any) -> OssBucketArgs:
    values: Any = {"bucket_name": "acme-cold", "key_id": "key-hzz1"}
    return OssBucketArgs(**{**values, **changes})


@pytest.fixture
def run(pulumi_run: Callable[..., Any]) -> Any:
    return pulumi_run(lambda: OssBucket("bucket", arguments()) and None)


def test_all_of_it_is_protected_and_kept(run: Any) -> None:
    made = [r for r in run.registrations if r.custom and not r.type.startswith("pulumi:")]
    assert {r.type for r in made} == {"alicloud:oss/bucket:Bucket", *GUARDS}
    for one in made:
        assert (one.protect, one.retain_on_delete) == (True, True), one.name


def test_private_versioned_and_encrypted(run: Any) -> None:
    assert run.one("alicloud:oss/bucketVersioning:BucketVersioning").inputs["status"] == "Enabled"
    assert run.one("alicloud:oss/bucketAcl:BucketAcl").inputs["acl"] == "private"
    assert run.one("alicloud:oss/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs["blockPublicAccess"] is True
    encryption = run.one("alicloud:oss/bucketServerSideEncryption:BucketServerSideEncryption").inputs
    assert (encryption["sseAlgorithm"], encryption["kmsMasterKeyId"]) == ("KMS", "key-hzz1")


def test_without_a_key_oss_takes_the_one_it_keeps(pulumi_run: Callable[..., Any]) -> None:
    run = pulumi_run(lambda: OssBucket("bucket", arguments(key_id="")) and None)
    encryption = run.one("alicloud:oss/bucketServerSideEncryption:BucketServerSideEncryption").inputs
    assert encryption["sseAlgorithm"] == "KMS"
    assert encryption.get("kmsMasterKeyId") is None


def test_the_policy_denies_and_allows_nobody_anything() -> None:
    plain, versions = json.loads(bucket_policy("acme-cold"))["Statement"]
    assert {plain["Effect"], versions["Effect"]} == {"Deny"}
    assert plain["Condition"] == {"Bool": {"acs:SecureTransport": ["false"]}}
    assert plain["Resource"] == ["acs:oss:*:*:acme-cold", "acs:oss:*:*:acme-cold/*"]
    assert versions["Action"] == ["oss:DeleteObjectVersion"]
    assert "Condition" not in versions


@pytest.mark.parametrize(("one_zone", "kept_in"), [(False, "ZRS"), (True, "LRS")])
def test_the_bucket(pulumi_run: Callable[..., Any], one_zone: bool, kept_in: str) -> None:
    given = {"files/": Cheaper(days=60, storage_class="IA")}
    run = pulumi_run(lambda: OssBucket("bucket", arguments(lifecycle=given, one_zone=one_zone)) and None)
    found = run.one("alicloud:oss/bucket:Bucket").inputs
    assert (found["bucket"], found["storageClass"], found["redundancyType"]) == ("acme-cold", "Standard", kept_in)
    assert "forceDestroy" not in found
    whole, files = found["lifecycleRules"]
    assert whole == {
        "id": "versions-and-uploads",
        "enabled": True,
        "prefix": "",
        "noncurrentVersionExpirations": [{"days": 30}],
        "expirations": [{"expiredObjectDeleteMarker": True}],
        "abortMultipartUploads": [{"days": 7}],
    }
    assert files["transitions"] == [{"days": 60, "storageClass": "IA"}]
    assert files["prefix"] == "files/"


def test_mistakes_are_found_all_at_once() -> None:
    wrong = {"files/": Cheaper(days=1, storage_class="ColdArchive")}
    found = check("bucket", arguments(bucket_name="Cold", lifecycle=wrong, tags={"acs:mine": "1"}, version_days=0))
    assert [line.split(":")[0] for line in found] == ["bucket_name", "version_days", "lifecycle 'files/'", "tags"]
