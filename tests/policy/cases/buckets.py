"""Cases of the rules about buckets."""

from policy.resource import UNKNOWN
from tests.policy.cases.case import one

BUCKET = "aws:s3/bucket:Bucket"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
CASES = [
    one("no-public-bucket", "compliant", BUCKET, {"acl": "private"}),
    one("no-public-bucket", "missing", BUCKET, {}),
    one(
        "no-public-bucket",
        "ACL",
        "aws:s3/bucketAcl:BucketAcl",
        {"acl": "public-read"},
        "acl is public-read; it must be private",
    ),
    one(
        "no-public-bucket",
        "ACL of OSS",
        "alicloud:oss/bucketAcl:BucketAcl",
        {"acl": "public-read-write"},
        "acl is public-read-write; it must be private",
    ),
    one(
        "no-public-bucket",
        "block with a hole",
        BLOCK,
        {"blockPublicAcls": True, "blockPublicPolicy": False, "ignorePublicAcls": True},
        "blockPublicPolicy is false; it must be true",
        "restrictPublicBuckets is missing, which means false; it must be true",
    ),
    one(
        "no-public-bucket",
        "policy",
        "aws:s3/bucketPolicy:BucketPolicy",
        {"policy": '{"Statement": {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "s3:GetObject"}}'},
        "policy allows s3:GetObject to everybody, without a condition",
    ),
    one("no-public-bucket", "unknown policy", "aws:s3/bucketPolicy:BucketPolicy", {"policy": UNKNOWN}),
    one("no-public-bucket", "configured", BUCKET, {"bucket": "site-prod", "acl": "public-read"}, public=["site-*"]),
]
