"""S3 replication: what is written to a bucket is written to a second one, in another region or account."""

import json
from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import iam, s3
from typing_extensions import NotRequired

from ..aws import dns_suffix, partition, tags_refused
from ..refusal import because, refuse
from .rules import copy_refused


class S3ReplicationRoleArgs(TypedDict):
    """Arguments of S3ReplicationRole."""

    permissions_boundary: NotRequired[Input[str]]
    """ARN of the IAM policy that is the permissions boundary of the role; default none."""
    tags: NotRequired[Mapping[str, str]]
    """Added to the role."""
    protect: NotRequired[bool]
    """Refuse to delete the role; default true. It is kept on deletion in any case: replication stops without it."""


class S3ReplicationArgs(TypedDict):
    """Arguments of S3Replication."""

    bucket_name: str
    """Name of the bucket that is copied. It must have versions, as every bucket of S3Bucket has."""
    bucket: NotRequired[Input[str]]
    """The same name, known once the versions are on; default: `bucket_name`."""
    region: str
    """Region of that bucket."""
    key_arn: Input[str]
    """Full ARN of its KMS key."""
    role_name: Input[str]
    """Name of the role with which S3 copies (S3ReplicationRole)."""
    role_arn: Input[str]
    """ARN of that role."""
    copy_name: str
    """Name of the bucket that gets the copies, with versions as well."""
    copy: NotRequired[Input[str]]
    """The same name, known once the versions are on; default: `copy_name`."""
    copy_region: str
    """Region of that bucket."""
    copy_key_arn: Input[str]
    """Full ARN of the KMS key that encrypts the copies; of `copy_region`."""
    copy_account: NotRequired[Input[str]]
    """Account of the copies, which then owns them; default: that of the bucket."""
    protect: NotRequired[bool]
    """Refuse to delete the rule; default true. It is kept on deletion in any case."""


def check(name: str, args: S3ReplicationArgs) -> list[str]:
    """Mistakes in the arguments of S3Replication(name, args); none: it can be made."""
    other_account = "copy_account" in args
    return [
        *because("copy_name", copy_refused(args["bucket_name"], args["copy_name"])),
        *because(
            "copy_region",
            f"{args['copy_region']!r} is the region of the bucket itself; a copy is in another region or account"
            if args["copy_region"] == args["region"] and not other_account
            else "",
        ),
        *because(
            "copy_region",
            f"{args['copy_region']!r} is in partition {partition(args['copy_region'])}, the bucket in "
            f"{partition(args['region'])}; S3 copies nothing between partitions"
            if partition(args["copy_region"]) != partition(args["region"])
            else "",
        ),
    ]


def check_role(name: str, args: S3ReplicationRoleArgs) -> list[str]:
    """Mistakes in the arguments of S3ReplicationRole(name, args); none: it can be made."""
    return because("tags", tags_refused(args.get("tags", {})))


def trust_policy() -> dict[str, Any]:
    """S3 alone takes the role (S3 user guide, "Setting up permissions for live replication", read 29 November 2026)."""
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def replication_policy(args: S3ReplicationArgs, key_arn: Any, copy_key_arn: Any) -> dict[str, Any]:
    """What S3 may do in the role: read versions here, write copies there, each key through S3 in its region and for the
    objects or the bucket alone (S3 user guide, "Setting up permissions for live replication" and "Replicating encrypted
    objects", read 29 November 2026; with a bucket key the encryption context is the bucket's ARN)."""
    arn, copy = (f"arn:{partition(args['region'])}:s3:::{name}" for name in (args["bucket_name"], args["copy_name"]))
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ReadTheRule",
                "Effect": "Allow",
                "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
                "Resource": arn,
            },
            {
                "Sid": "ReadVersions",
                "Effect": "Allow",
                "Action": [
                    "s3:GetObjectVersionForReplication",
                    "s3:GetObjectVersionAcl",
                    "s3:GetObjectVersionTagging",
                ],
                "Resource": f"{arn}/*",
            },
            {
                "Sid": "WriteCopies",
                "Effect": "Allow",
                "Action": [
                    "s3:ReplicateObject",
                    "s3:ReplicateDelete",
                    "s3:ReplicateTags",
                    *(["s3:ObjectOwnerOverrideToBucketOwner"] if "copy_account" in args else []),
                ],
                "Resource": f"{copy}/*",
            },
            _key_statement("Decrypt", ["kms:Decrypt"], key_arn, args["region"], arn),
            # GenerateDataKey is what a bucket key of the copy asks for.
            _key_statement("Encrypt", ["kms:Encrypt", "kms:GenerateDataKey"], copy_key_arn, args["copy_region"], copy),
        ],
    }


def _key_statement(name: str, actions: list[str], key_arn: Any, region: str, bucket_arn: str) -> dict[str, Any]:
    return {
        "Sid": f"{name}ThroughS3",
        "Effect": "Allow",
        "Action": actions,
        "Resource": key_arn,
        "Condition": {
            "StringEquals": {"kms:ViaService": f"s3.{region}.{dns_suffix(region)}"},
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket_arn, f"{bucket_arn}/*"]},
        },
    }


def replication_rule(args: S3ReplicationArgs) -> s3.BucketReplicationConfigRuleArgs:
    """The whole bucket, encrypted objects too, and marks of deletions: what is deleted here can be taken back there for
    as long as versions are kept. Without the marks, what restic's retention removed would stay there for ever."""
    enabled = "Enabled"
    destination = s3.BucketReplicationConfigRuleDestinationArgs(
        bucket=Output.concat(f"arn:{partition(args['copy_region'])}:s3:::", args.get("copy", args["copy_name"])),
        encryption_configuration=s3.BucketReplicationConfigRuleDestinationEncryptionConfigurationArgs(
            replica_kms_key_id=args["copy_key_arn"]
        ),
    )
    if "copy_account" in args:
        destination.account = args["copy_account"]
        destination.access_control_translation = s3.BucketReplicationConfigRuleDestinationAccessControlTranslationArgs(
            owner="Destination"
        )
    return s3.BucketReplicationConfigRuleArgs(
        id="everything",
        status=enabled,
        priority=1,
        filter=s3.BucketReplicationConfigRuleFilterArgs(prefix=""),
        delete_marker_replication=s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs(status=enabled),
        source_selection_criteria=s3.BucketReplicationConfigRuleSourceSelectionCriteriaArgs(
            sse_kms_encrypted_objects=(
                s3.BucketReplicationConfigRuleSourceSelectionCriteriaSseKmsEncryptedObjectsArgs(status=enabled)
            )
        ),
        destination=destination,
    )


class S3ReplicationRole(pulumi.ComponentResource):
    """The role with which S3 copies. It is made before the key of the copies, whose policy may have to name it."""

    arn: Output[str]
    role_name: Output[str]

    def __init__(self, name: str, args: S3ReplicationRoleArgs, opts: ResourceOptions | None = None) -> None:
        refuse("S3ReplicationRole", name, check_role(name, args))
        super().__init__("kotaemon:index:S3ReplicationRole", name, None, opts)
        role = iam.Role(
            f"{name}-role",
            description="S3 copies a bucket to another region or account",
            assume_role_policy=json.dumps(trust_policy()),
            permissions_boundary=args.get("permissions_boundary"),
            tags=args.get("tags"),
            opts=ResourceOptions(parent=self, protect=args.get("protect", True), retain_on_delete=True),
        )
        self.arn, self.role_name = role.arn, role.name
        self.register_outputs({"arn": self.arn, "roleName": self.role_name})


class S3Replication(pulumi.ComponentResource):
    """The right of the role, and the rule by which S3 copies everything that is written from now on."""

    def __init__(self, name: str, args: S3ReplicationArgs, opts: ResourceOptions | None = None) -> None:
        refuse("S3Replication", name, check(name, args))
        super().__init__("kotaemon:index:S3Replication", name, None, opts)
        protect = args.get("protect", True)
        policy = iam.RolePolicy(
            f"{name}-policy",
            role=args["role_name"],
            policy=Output.all(args["key_arn"], args["copy_key_arn"]).apply(
                lambda keys: json.dumps(replication_policy(args, *keys))
            ),
            opts=ResourceOptions(parent=self, protect=protect, retain_on_delete=True),
        )
        s3.BucketReplicationConfig(
            f"{name}-rule",
            bucket=args.get("bucket", args["bucket_name"]),
            role=args["role_arn"],
            rules=[replication_rule(args)],
            opts=ResourceOptions(parent=self, protect=protect, retain_on_delete=True, depends_on=[policy]),
        )
        self.register_outputs({})
