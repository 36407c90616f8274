"""The rule that no bucket is public."""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from policy.resource import Resource, items, known
from policy.rule import Config, Level, Rule, each

_ACLS = {
    "aws:s3/bucket:Bucket": "acl",
    "aws:s3/bucketV2:BucketV2": "acl",
    "aws:s3/bucketAcl:BucketAcl": "acl",
    "alicloud:oss/bucket:Bucket": "acl",
    "alicloud:oss/bucketAcl:BucketAcl": "acl",
}
_BLOCKS = {
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    ),
    "alicloud:oss/bucketPublicAccessBlock:BucketPublicAccessBlock": ("blockPublicAccess",),
}
_POLICIES = ("aws:s3/bucketPolicy:BucketPolicy", "alicloud:oss/bucketPolicy:BucketPolicy")


def _public_bucket(resource: Resource, config: Config) -> Iterator[str]:
    inputs = resource.inputs
    bucket = str(inputs.get("bucket", resource.name))
    if any(fnmatchcase(bucket, pattern) for pattern in config.get("public", [])):
        return
    acl = inputs.get(_ACLS.get(resource.type, ""))
    if known(acl) and str(acl) not in ("private", "log-delivery-write", "bucket-owner-full-control"):
        yield f"acl is {acl}; it must be private"
    for key in _BLOCKS.get(resource.type, ()):
        # Each of the four settings defaults to false, so a block that leaves one out does not close that way.
        if inputs.get(key) in (None, False):
            yield f"{key} is {'false' if inputs.get(key) is False else 'missing, which means false'}; it must be true"
    if resource.type in _POLICIES:
        yield from _policy(inputs.get("policy"))


def _policy(text: Any) -> Iterator[str]:
    if not known(text):
        return
    try:
        policy: Any = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        yield "policy is not JSON, so it cannot be checked whom it allows"
        return
    statements = policy.get("Statement", []) if isinstance(policy, dict) else []
    for statement in items(statements) or [statements]:
        if not isinstance(statement, dict) or statement.get("Effect") != "Allow" or statement.get("Condition"):
            continue
        principal = statement.get("Principal")
        named = principal.get("AWS") if isinstance(principal, dict) else principal
        if "*" in (items(named) or [named]):
            yield f"policy allows {statement.get('Action', '?')} to everybody, without a condition"


NO_PUBLIC_BUCKET = Rule(
    name="no-public-bucket",
    level=Level.MANDATORY,
    summary="No bucket is public through its ACL, its policy or a missing public access block.",
    blind="Policies of the whole account, and who is in a named principal. For those: Checkov, or the access "
    "analyzer of the cloud.",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
    check=each(_public_bucket),
    settings={
        "public": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Names of buckets that may be public, with the wildcards * and ?; default: none.",
        }
    },
)
