"""An OSS bucket: encrypted with KMS, versioned, private, reached by TLS only, and never emptied."""

import json
from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
import pulumi_alicloud as alicloud
from pulumi import Input, Output, ResourceOptions
from typing_extensions import NotRequired

from ..alicloud import refused_tags
from ..contract import BucketDialect
from ..refusal import because, refuse
from .rules import (
    ABORT_DAYS,
    Lifecycle,
    lifecycle_refused,
    name_refused,
    prefix_refused,
    rule_ids,
    usual_lifecycle,
    version_days_refused,
)

VERSION_DAYS = 30
"""Days for which an earlier version of an object is kept, unless the arguments say otherwise."""


class OssBucketArgs(TypedDict):
    """Arguments of OssBucket."""

    bucket_name: str
    """Name of the bucket: unique in all of OSS, and never changed."""
    key_id: NotRequired[Input[str]]
    """Id of the KMS key that encrypts every object; default or empty: the key that OSS keeps for the account. Objects
    keep the key that they were written with."""
    lifecycle: NotRequired[Lifecycle]
    """Prefix -> from when on its objects are in a cheaper class; default: `files/` in IA after 30 days."""
    version_days: NotRequired[int]
    """Days for which earlier versions of an object, and deleted objects, can be taken back; default 30."""
    one_zone: NotRequired[bool]
    """Keep the data in one zone (LRS): cheaper, lost with it. Default false: three zones (ZRS)."""
    resource_group_id: NotRequired[str]
    """Resource group of the bucket; default: the account's default group."""
    tags: NotRequired[Mapping[str, str]]
    """Added to the bucket."""
    protect: NotRequired[bool]
    """Refuse to delete the bucket and its settings; default true. They are kept on deletion in any case."""


def check(name: str, args: OssBucketArgs) -> list[str]:
    """Mistakes in the arguments of OssBucket(name, args); none: it can be made."""
    return [
        *because(f"bucket_name: {args['bucket_name']!r}", name_refused(args["bucket_name"], BucketDialect.OSS)),
        *because("version_days", version_days_refused(int(args.get("version_days", VERSION_DAYS)))),
        *(
            found
            for prefix, rule in args.get("lifecycle", {}).items()
            for found in because(
                f"lifecycle {prefix!r}",
                prefix_refused(prefix) if prefix else "",
                lifecycle_refused(prefix, rule, BucketDialect.OSS),
            )
        ),
        *because("tags", refused_tags(args.get("tags", {}))),
    ]


def bucket_policy(bucket: str) -> str:
    """TLS only, and nobody deletes a version: what was deleted or overwritten can be taken back until the lifecycle,
    which no policy stops, ends it (OSS, "Bucket policy": condition acs:SecureTransport)."""
    whole = [f"acs:oss:*:*:{bucket}", f"acs:oss:*:*:{bucket}/*"]
    nobody: dict[str, Any] = {"Effect": "Deny", "Principal": ["*"], "Resource": whole}
    statements = [
        {**nobody, "Action": ["oss:*"], "Condition": {"Bool": {"acs:SecureTransport": ["false"]}}},
        {**nobody, "Action": ["oss:DeleteObjectVersion"]},
    ]
    return json.dumps({"Version": "1", "Statement": statements})


def lifecycle_rules(lifecycle: Lifecycle, version_days: int) -> list[alicloud.oss.BucketLifecycleRuleArgs]:
    """Earlier versions and unfinished uploads end in the whole bucket; objects below a prefix become cheaper.

    OSS refuses two rules of one bucket that do the same to an object, unless the bucket allows it; these do not.
    """
    whole = alicloud.oss.BucketLifecycleRuleArgs(
        id="versions-and-uploads",
        enabled=True,
        prefix="",
        noncurrent_version_expirations=[
            alicloud.oss.BucketLifecycleRuleNoncurrentVersionExpirationArgs(days=version_days)
        ],
        expirations=[alicloud.oss.BucketLifecycleRuleExpirationArgs(expired_object_delete_marker=True)],
        abort_multipart_uploads=[alicloud.oss.BucketLifecycleRuleAbortMultipartUploadArgs(days=ABORT_DAYS)],
    )
    return [
        whole,
        *(
            alicloud.oss.BucketLifecycleRuleArgs(
                id=rule_ids(lifecycle)[prefix],
                enabled=True,
                prefix=prefix,
                transitions=[
                    alicloud.oss.BucketLifecycleRuleTransitionArgs(
                        days=rule["days"], storage_class=rule["storage_class"]
                    )
                ],
            )
            for prefix, rule in sorted(lifecycle.items())
        ),
    ]


def bucket_args(args: OssBucketArgs) -> alicloud.oss.BucketArgs:
    """The bucket with its lifecycle, which the provider has inside of it."""
    return alicloud.oss.BucketArgs(
        bucket=args["bucket_name"],
        storage_class="Standard",
        redundancy_type="LRS" if args.get("one_zone", False) else "ZRS",
        lifecycle_rules=lifecycle_rules(
            args.get("lifecycle", usual_lifecycle(BucketDialect.OSS)), int(args.get("version_days", VERSION_DAYS))
        ),
        # A rule for a prefix and the one for the whole bucket are about the same objects, in different actions.
        lifecycle_rule_allow_same_action_overlap=True,
        resource_group_id=args.get("resource_group_id"),
        tags=args.get("tags"),
    )


class OssBucket(pulumi.ComponentResource):
    """A bucket with its key, versions, policy and lifecycle. All of it is kept on deletion."""

    bucket: Output[str]
    """Name of the bucket, known once everything that guards it is there."""

    def __init__(self, name: str, args: OssBucketArgs, opts: ResourceOptions | None = None) -> None:
        refuse("OssBucket", name, check(name, args))
        super().__init__("kotaemon:index:OssBucket", name, None, opts)
        kept = ResourceOptions(parent=self, protect=args.get("protect", True), retain_on_delete=True)
        made = alicloud.oss.Bucket(f"{name}-bucket", args=bucket_args(args), opts=kept)
        key = Output.from_input(args.get("key_id", "")).apply(lambda given: given or None)
        guards = [
            alicloud.oss.BucketVersioning(f"{name}-versioning", bucket=made.id, status="Enabled", opts=kept),
            alicloud.oss.BucketAcl(f"{name}-acl", bucket=made.id, acl="private", opts=kept),
            alicloud.oss.BucketPublicAccessBlock(
                f"{name}-private", bucket=made.id, block_public_access=True, opts=kept
            ),
            alicloud.oss.BucketServerSideEncryption(
                f"{name}-encryption",
                bucket=made.id,
                sse_algorithm="KMS",
                kms_master_key_id=key,
                opts=kept,
            ),
            alicloud.oss.BucketPolicy(
                f"{name}-policy", bucket=made.id, policy=bucket_policy(args["bucket_name"]), opts=kept
            ),
        ]
        self.bucket = Output.all(made.id, *(guard.id for guard in guards)).apply(lambda known: str(known[0]))
        self.register_outputs({"bucket": self.bucket})
