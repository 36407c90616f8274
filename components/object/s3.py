"""An S3 bucket: encrypted with a key of your own, versioned, private, reached by TLS only, and never emptied."""

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import s3
from typing_extensions import NotRequired

from ..aws import partition, tags_refused
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


class S3BucketArgs(TypedDict):
    """Arguments of S3Bucket."""

    bucket_name: str
    """Name of the bucket: unique in all of AWS, and never changed."""
    key_arn: Input[str]
    """Full ARN of the KMS key that encrypts every object. Objects keep the key that they were written with."""
    region: str
    """Region of the bucket."""
    lifecycle: NotRequired[Lifecycle]
    """Prefix -> from when on its objects are in a cheaper class; default: `files/` in STANDARD_IA after 30 days."""
    version_days: NotRequired[int]
    """Days for which earlier versions of an object, and deleted objects, can be taken back; default 30."""
    replica_role: NotRequired[Input[str]]
    """ARN of a role of another account with which S3 writes copies into this bucket. Default: none."""
    tags: NotRequired[Mapping[str, str]]
    """Added to the bucket."""
    protect: NotRequired[bool]
    """Refuse to delete the bucket and its settings; default true. They are kept on deletion in any case."""


def check(name: str, args: S3BucketArgs) -> list[str]:
    """Mistakes in the arguments of S3Bucket(name, args); none: it can be made."""
    rules = args.get("lifecycle", {}).items()
    return [
        *because(f"bucket_name: {args['bucket_name']!r}", name_refused(args["bucket_name"])),
        *because("version_days", version_days_refused(int(args.get("version_days", VERSION_DAYS)))),
        *(
            found
            for prefix, rule in rules
            for found in because(
                f"lifecycle {prefix!r}",
                prefix_refused(prefix) if prefix else "",
                lifecycle_refused(prefix, rule, BucketDialect.S3),
            )
        ),
        *because("tags", tags_refused(args.get("tags", {}))),
    ]


def bucket_policy(bucket: str, key_arn: Any, region: str, replica_role: Any = None) -> dict[str, Any]:
    """TLS only; no other key; and nobody deletes a version: what was deleted or overwritten can be taken back until the
    lifecycle, which no policy stops, ends it (S3 user guide, "Using S3 Versioning" and "Protecting data with SSE-KMS").

    `replica_role`: role of another account that writes copies here (S3 user guide, "Configuring replication for buckets
    in different accounts", read 29 November 2026).
    """
    arn = f"arn:{partition(region)}:s3:::{bucket}"
    nobody = {"Effect": "Deny", "Principal": "*"}
    header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "NothingWithoutTls",
                **nobody,
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                # A request without the header gets the bucket's key.
                "Sid": "NoOtherKey",
                **nobody,
                "Action": "s3:PutObject",
                "Resource": f"{arn}/*",
                "Condition": {"StringNotEquals": {header: key_arn}, "Null": {header: "false"}},
            },
            {
                "Sid": "NoOtherEncryption",
                **nobody,
                "Action": "s3:PutObject",
                "Resource": f"{arn}/*",
                "Condition": {
                    "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
                    "Null": {"s3:x-amz-server-side-encryption": "false"},
                },
            },
            {"Sid": "NobodyDeletesAVersion", **nobody, "Action": "s3:DeleteObjectVersion", "Resource": f"{arn}/*"},
            *([_replicas(arn, replica_role)] if replica_role else []),
        ],
    }


def _replicas(arn: str, role: Any) -> dict[str, Any]:
    return {
        "Sid": "CopiesOfAnotherAccount",
        "Effect": "Allow",
        "Principal": {"AWS": role},
        "Action": [
            "s3:ReplicateObject",
            "s3:ReplicateDelete",
            "s3:ReplicateTags",
            "s3:ObjectOwnerOverrideToBucketOwner",
        ],
        "Resource": f"{arn}/*",
    }


def lifecycle_rules(lifecycle: Lifecycle, version_days: int) -> list[s3.BucketLifecycleConfigurationRuleArgs]:
    """Earlier versions and unfinished uploads end in the whole bucket; objects below a prefix become cheaper."""
    whole = s3.BucketLifecycleConfigurationRuleArgs(
        id="versions-and-uploads",
        status="Enabled",
        filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        noncurrent_version_expiration=s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=version_days
        ),
        # The mark of a deletion is of no use once no version is left behind it.
        expiration=s3.BucketLifecycleConfigurationRuleExpirationArgs(expired_object_delete_marker=True),
        abort_incomplete_multipart_upload=s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=ABORT_DAYS
        ),
    )
    return [
        whole,
        *(
            s3.BucketLifecycleConfigurationRuleArgs(
                id=rule_ids(lifecycle)[prefix],
                status="Enabled",
                filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=prefix),
                transitions=[
                    s3.BucketLifecycleConfigurationRuleTransitionArgs(
                        days=rule["days"], storage_class=rule["storage_class"]
                    )
                ],
            )
            for prefix, rule in sorted(lifecycle.items())
        ),
    ]


class S3Bucket(pulumi.ComponentResource):
    """A bucket with its key, versions, policy and lifecycle. All of it is kept on deletion."""

    bucket: Output[str]
    """Name of the bucket, known once everything that guards it is there."""

    def __init__(self, name: str, args: S3BucketArgs, opts: ResourceOptions | None = None) -> None:
        refuse("S3Bucket", name, check(name, args))
        super().__init__("kotaemon:index:S3Bucket", name, None, opts)
        protect = args.get("protect", True)
        made = s3.Bucket(
            f"{name}-bucket",
            bucket=args["bucket_name"],
            tags=args.get("tags"),
            opts=ResourceOptions(parent=self, protect=protect, retain_on_delete=True),
        )
        guards = self._guards(name, args, made)
        self.bucket = Output.all(made.bucket, *(guard.id for guard in guards)).apply(lambda known: str(known[0]))
        self.register_outputs({"bucket": self.bucket})

    def _guards(self, name: str, args: S3BucketArgs, made: s3.Bucket) -> list[pulumi.CustomResource]:
        """What guards the bucket: deleting one of them would open it, so each is kept as the bucket is."""
        kept = ResourceOptions(parent=self, protect=args.get("protect", True), retain_on_delete=True)
        versioning = s3.BucketVersioning(
            f"{name}-versioning",
            bucket=made.id,
            versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=kept,
        )
        private = s3.BucketPublicAccessBlock(
            f"{name}-private",
            bucket=made.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=kept,
        )
        return [
            versioning,
            private,
            s3.BucketOwnershipControls(
                f"{name}-ownership",
                bucket=made.id,
                rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
                opts=kept,
            ),
            s3.BucketServerSideEncryptionConfiguration(
                f"{name}-encryption",
                bucket=made.id,
                rules=[
                    s3.BucketServerSideEncryptionConfigurationRuleArgs(
                        apply_server_side_encryption_by_default=(
                            s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                                sse_algorithm="aws:kms", kms_master_key_id=args["key_arn"]
                            )
                        ),
                        bucket_key_enabled=True,  # one request to KMS for many objects (S3: bucket keys)
                    )
                ],
                opts=kept,
            ),
            s3.BucketPolicy(
                f"{name}-policy",
                bucket=made.id,
                policy=Output.json_dumps(
                    bucket_policy(args["bucket_name"], args["key_arn"], args["region"], args.get("replica_role"))
                ),
                # Two changes of one bucket's policies at once are refused (S3: OperationAborted).
                opts=pulumi.ResourceOptions(
                    parent=self, protect=args.get("protect", True), retain_on_delete=True, depends_on=[private]
                ),
            ),
            s3.BucketLifecycleConfiguration(
                f"{name}-lifecycle",
                bucket=made.id,
                rules=lifecycle_rules(
                    args.get("lifecycle", usual_lifecycle(BucketDialect.S3)),
                    int(args.get("version_days", VERSION_DAYS)),
                ),
                # Rules about earlier versions need versioning (terraform-provider-aws: bucket_lifecycle_configuration).
                opts=pulumi.ResourceOptions(
                    parent=self, protect=args.get("protect", True), retain_on_delete=True, depends_on=[versioning]
                ),
            ),
        ]
