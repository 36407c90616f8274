"""OSS replication: what is written to a bucket is written to a second one, in another region of the account."""

import json
from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_alicloud as alicloud
from pulumi import Input, Output, ResourceOptions
from typing_extensions import NotRequired

from ..alicloud import oss_location, refused_tags
from ..contract import BucketDialect
from ..refusal import because, refuse
from .rules import copy_refused

KMS_POLICY = "AliyunKMSCryptoUserAccess"
"""System policy with which OSS uses the keys of the two buckets (OSS, "Cross-region replication within the same
account", read 29 November 2026)."""


class OssReplicationArgs(TypedDict):
    """Arguments of OssReplication."""

    bucket_name: str
    """Name of the bucket that is copied. Both buckets must have versions, or neither (OSS, "Data replication with
    versioning"); those of OssBucket have."""
    bucket: NotRequired[Input[str]]
    """The same name, known once the versions are on; default: `bucket_name`."""
    region: str
    """Region of that bucket, for example cn-hangzhou."""
    copy_name: str
    """Name of the bucket that gets the copies."""
    copy: NotRequired[Input[str]]
    """The same name, known once the versions are on; default: `copy_name`."""
    copy_region: str
    """Region of that bucket."""
    copy_key_id: NotRequired[Input[str]]
    """Id of the KMS key that encrypts the copies, of `copy_region`; default or empty: the key that OSS keeps there for
    the account."""
    role_name: str
    """Name of the RAM role with which OSS copies, and of its policy; unique in the account."""
    tags: NotRequired[Mapping[str, str]]
    """Added to the role."""
    protect: NotRequired[bool]
    """Refuse to delete role and rule; default true. They are kept on deletion in any case."""


def check(name: str, args: OssReplicationArgs) -> list[str]:
    """Mistakes in the arguments of OssReplication(name, args); none: it can be made."""
    same = args["copy_region"] == args["region"]
    return [
        *because("copy_name", copy_refused(args["bucket_name"], args["copy_name"], BucketDialect.OSS)),
        *because(
            "copy_region",
            f"{args['copy_region']!r} is the region of the bucket itself; a copy is in another region" if same else "",
        ),
        *because("tags", refused_tags(args.get("tags", {}))),
    ]


def trust_policy() -> str:
    """OSS alone takes the role."""
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": ["oss.aliyuncs.com"]}}
    return json.dumps({"Version": "1", "Statement": [statement]})


def replication_policy(bucket: str, copy: str) -> str:
    """What OSS may do in the role (OSS, "Permissions of data replication", read 29 November 2026). Nothing is deleted:
    the rule copies writes and marks of deletions."""

    def allowed(actions: list[str], name: str) -> dict[str, object]:
        return {"Effect": "Allow", "Action": actions, "Resource": [f"acs:oss:*:*:{name}", f"acs:oss:*:*:{name}/*"]}

    read = ["oss:ReplicateList", "oss:ReplicateGet"]
    return json.dumps(
        {"Version": "1", "Statement": [allowed(read, bucket), allowed([*read, "oss:ReplicatePut"], copy)]}
    )


def replication_rule(args: OssReplicationArgs, role_name: Input[str]) -> alicloud.oss.BucketReplicationArgs:
    """The whole bucket with what is in it already. `PUT` copies writes, and the marks that deletions leave in a bucket
    with versions; the deletion of a version never reaches the copy (OSS, "Replication behavior in special scenarios",
    17 January 2026)."""
    key = Output.from_input(args.get("copy_key_id", ""))
    return alicloud.oss.BucketReplicationArgs(
        bucket=args.get("bucket", args["bucket_name"]),
        action="PUT",
        historical_object_replication="enabled",
        destination=alicloud.oss.BucketReplicationDestinationArgs(
            bucket=args.get("copy", args["copy_name"]),
            location=oss_location(args["copy_region"]),
            transfer_type="internal",
        ),
        sync_role=role_name,
        source_selection_criteria=alicloud.oss.BucketReplicationSourceSelectionCriteriaArgs(
            sse_kms_encrypted_objects=alicloud.oss.BucketReplicationSourceSelectionCriteriaSseKmsEncryptedObjectsArgs(
                status="Enabled"
            )
        ),
        encryption_configuration=key.apply(
            lambda known: (
                alicloud.oss.BucketReplicationEncryptionConfigurationArgs(replica_kms_key_id=known) if known else None
            )
        ),
    )


class OssReplication(pulumi.ComponentResource):
    """The role with which OSS copies, and the rule. What was written before is copied as well."""

    def __init__(self, name: str, args: OssReplicationArgs, opts: ResourceOptions | None = None) -> None:
        refuse("OssReplication", name, check(name, args))
        super().__init__("kotaemon:index:OssReplication", name, None, opts)
        protect = args.get("protect", True)
        kept = ResourceOptions(parent=self, protect=protect, retain_on_delete=True)
        role = alicloud.ram.Role(
            f"{name}-role",
            role_name=args["role_name"],
            description="OSS copies a bucket to another region",
            assume_role_policy_document=trust_policy(),
            tags=args.get("tags"),
            opts=kept,
        )
        policy = alicloud.ram.Policy(
            f"{name}-policy",
            policy_name=args["role_name"],
            policy_document=replication_policy(args["bucket_name"], args["copy_name"]),
            opts=kept,
        )
        role_name = role.role_name.apply(lambda given: given or args["role_name"])
        own = alicloud.ram.RolePolicyAttachment(
            f"{name}-own",
            role_name=role_name,
            policy_name=policy.policy_name.apply(lambda given: given or args["role_name"]),
            policy_type="Custom",
            opts=kept,
        )
        keys = alicloud.ram.RolePolicyAttachment(
            f"{name}-keys", role_name=role_name, policy_name=KMS_POLICY, policy_type="System", opts=kept
        )
        alicloud.oss.BucketReplication(
            f"{name}-rule",
            args=replication_rule(args, role_name),
            opts=ResourceOptions(parent=self, protect=protect, retain_on_delete=True, depends_on=[own, keys]),
        )
        self.register_outputs({})
