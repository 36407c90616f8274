"""Cases of the rules about encryption at rest."""

from typing import Any

from policy.resource import UNKNOWN
from tests.policy.cases.case import Case, one
from tests.policy.resources import EBS_CLASS, KEY, RDS, STORAGE_CLASS, changed, resource

RDS_TYPE = "aws:rds/instance:Instance"
BUCKET = "aws:s3/bucket:Bucket"
SSE = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LUSTRE = "aws:fsx/lustreFileSystem:LustreFileSystem"
NAS = "alicloud:nas/fileSystem:FileSystem"


def kms(key: Any) -> list[dict[str, Any]]:
    return [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key}}]


CASES = [
    one("customer-key", "compliant class", STORAGE_CLASS, EBS_CLASS),
    one("customer-key", "unknown key", STORAGE_CLASS, changed(EBS_CLASS, "parameters/kmsKeyId", UNKNOWN)),
    one("customer-key", "class of somebody else", STORAGE_CLASS, {"provisioner": "rancher.io/local-path"}),
    one(
        "customer-key",
        "class without a key",
        STORAGE_CLASS,
        changed(EBS_CLASS, "parameters/kmsKeyId"),
        "parameters.kmsKeyId is missing, so the provider takes a key of its own; name your key",
    ),
    one(
        "customer-key",
        "class without anything",
        STORAGE_CLASS,
        changed(EBS_CLASS, "parameters"),
        "parameters.encrypted is missing; it must be true",
        "parameters.kmsKeyId is missing, so the provider takes a key of its own; name your key",
    ),
    one(
        "customer-key",
        "key of AWS",
        LUSTRE,
        {"kmsKeyId": "arn:aws:kms:eu-central-1:111122223333:alias/aws/fsx"},
        "kmsKeyId is arn:aws:kms:eu-central-1:111122223333:alias/aws/fsx, a key of the provider that you can neither "
        "revoke nor share; name your key",
    ),
    one("customer-key", "compliant NAS", NAS, {"encryptType": 2.0, "kmsKeyId": "key-1"}),
    one(
        "customer-key",
        "NAS's own key",
        NAS,
        {"encryptType": 1.0, "kmsKeyId": "key-1"},
        "encryptType is 1.0; it must be 2",
    ),
    one(
        "customer-key",
        "database in plain text",
        RDS_TYPE,
        changed(RDS, "storageEncrypted", False),
        "storageEncrypted is false; it must be true",
    ),
    one("customer-key", "replica", RDS_TYPE, {"replicateSourceDb": "other"}),
    one("customer-key", "configured key", LUSTRE, {"kmsKeyId": KEY}, keys=["arn:aws:kms:*:111122223333:key/*"]),
    one(
        "customer-key",
        "another key than configured",
        LUSTRE,
        {"kmsKeyId": KEY},
        f"kmsKeyId is {KEY}; the configuration allows arn:aws:kms:*:999999999999:key/*",
        keys=["arn:aws:kms:*:999999999999:key/*"],
    ),
    one("bucket-key", "inline", BUCKET, {"serverSideEncryptionConfiguration": {"rule": kms(KEY)[0]}}),
    one(
        "bucket-key",
        "missing",
        BUCKET,
        {},
        "has no encryption with a key of your own: add a server-side encryption with KMS and its key",
    ),
    Case(
        "bucket-key",
        "beside it, by its URN",
        [resource(BUCKET, {}, urn="u"), resource(SSE, {"bucket": UNKNOWN, "rules": kms(KEY)}, depends_on=("u",))],
        [],
    ),
    Case(
        "bucket-key",
        "beside it, by its name",
        [resource(BUCKET, {"bucket": "b"}), resource(SSE, {"bucket": "b", "rules": kms(KEY)})],
        [],
    ),
    Case(
        "bucket-key",
        "beside another one",
        [resource(BUCKET, {}, urn="u"), resource(SSE, {"bucket": UNKNOWN, "rules": kms(KEY)}, depends_on=("v",))],
        ["has no encryption with a key of your own: add a server-side encryption with KMS and its key"],
    ),
    one(
        "bucket-key",
        "keys of OSS",
        "alicloud:oss/bucket:Bucket",
        {"serverSideEncryptionRule": {"sseAlgorithm": "AES256"}},
        "is encrypted by AES256, with keys of the provider; it must be KMS with your key",
    ),
    one(
        "bucket-key",
        "configured",
        BUCKET,
        {"serverSideEncryptionConfiguration": {"rule": kms("key-2")[0]}},
        "kmsMasterKeyId is key-2; the configuration allows key-1",
        keys=["key-1"],
    ),
]
