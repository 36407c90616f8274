"""A KMS key on AWS that disks, file systems, databases and backups can really use."""

import json
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, TypedDict

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import kms
from typing_extensions import NotRequired

from ..aws import dns_suffix, key_arn_refused, partition, tags_refused
from ..refusal import because, refuse, require

_ALIAS = re.compile(r"alias/[a-zA-Z0-9/_-]{1,250}")


class KeyService(str, Enum):
    """Services that use the key on behalf of the account: the first part of their host name in `kms:ViaService`."""

    EFS = "elasticfilesystem"
    FSX = "fsx"
    RDS = "rds"
    SECRETS_MANAGER = "secretsmanager"
    BACKUP = "backup"
    EC2 = "ec2"
    """Whoever of the account starts an instance, attaches a disk or makes a snapshot: no role of a driver does it."""
    S3 = "s3"
    """Only for a key of another account: in the key's own account IAM decides who may read a bucket."""


class AwsKeyArgs(TypedDict):
    """Arguments of AwsKey."""

    account: Input[str]
    """Account of the stack, 12 digits."""
    region: str
    """Region of the storage; a key never leaves its own."""
    alias: str
    """`alias/<name>`, for people; unique in account and region. Storage is always given the key's ARN."""
    volume_roles: NotRequired[Sequence[Input[str]]]
    """ARNs of the roles that make and attach encrypted volumes: that of the EBS CSI driver. They must exist: KMS
    refuses a policy that names an unknown role. Default none."""
    instance_roles: NotRequired[Sequence[Input[str]]]
    """ARNs of the roles that start nodes with encrypted disks: the auto-scaling role, or the cluster's role of EKS
    Auto Mode. Default none."""
    services: NotRequired[Sequence[KeyService]]
    """Services that use the key for the account. Default none."""
    copies_to: NotRequired[Sequence[Input[str]]]
    """Other accounts, 12 digits each, into which AWS Backup copies what the key encrypts. Default none."""
    replica_roles: NotRequired[Sequence[Input[str]]]
    """ARNs of roles of other accounts with which S3 writes copies of a bucket under this key. They must exist. Default
    none."""
    rotation_days: NotRequired[int]
    """Days between rotations, 90 to 2560; default 365. Old versions stay usable, so data needs no new encryption."""
    tags: NotRequired[Mapping[str, str]]
    """Added to the key."""
    protect: NotRequired[bool]
    """Refuse to delete the key; default true. It is kept on deletion in any case: without it all data is lost."""


def alias_refused(alias: str) -> str:
    """Why KMS would refuse an alias (API CreateAlias, AliasName)."""
    if not _ALIAS.fullmatch(alias):
        return f"{alias!r} must be alias/ and 1 to 250 letters, digits, '-', '_' or '/'"
    return f"{alias!r}: alias/aws belongs to AWS's own keys" if alias.startswith("alias/aws") else ""


def rotation_refused(days: int) -> str:
    """Why KMS would refuse a rotation period (API EnableKeyRotation, RotationPeriodInDays)."""
    return "" if 90 <= days <= 2560 else f"{days} days; KMS takes 90 to 2560"


def check(name: str, args: AwsKeyArgs) -> list[str]:
    """Mistakes in the arguments of AwsKey(name, args); none: it can be made."""
    return [
        *because("alias", alias_refused(args["alias"])),
        *because("rotation_days", rotation_refused(int(args.get("rotation_days", 365)))),
        *because("tags", tags_refused(args.get("tags", {}))),
    ]


_USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]


def key_policy(
    account: str,
    region: str,
    *,
    volume_roles: Sequence[str] = (),
    instance_roles: Sequence[str] = (),
    services: Sequence[KeyService] = (),
    copies_to: Sequence[str] = (),
    replica_roles: Sequence[str] = (),
) -> dict[str, Any]:
    """The key policy: the account's root, so that the key can always be managed, and who needs the key for what."""
    statements: list[dict[str, Any]] = [
        {
            # Without it a key whose last user is gone can never be managed or deleted again (KMS, default key policy).
            "Sid": "AccountManagesTheKey",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{partition(region)}:iam::{account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ]
    if volume_roles:
        # The least that volumes need (aws-ebs-csi-driver docs/install.md).
        actions = ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"]
        statements += _role_statements("Volumes", list(volume_roles), actions, ["kms:CreateGrant"])
    if instance_roles:
        # What EC2 Auto Scaling and EKS Auto Mode ask for (key-policy-requirements-EBS-encryption; auto-kms).
        grants = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
        statements += _role_statements("Nodes", list(instance_roles), _USE, grants)
    if services:
        statements.append(_services_statement(account, region, services))
    if copies_to:
        # AWS Backup encrypts a copy anew in the account that gets it, which needs the key of the original for that
        # ("Creating backup copies across AWS accounts": share the customer managed key; read 29 November 2026).
        others = [f"arn:{partition(region)}:iam::{other}:root" for other in copies_to]
        statements += _role_statements("OtherAccounts", others, _USE, ["kms:CreateGrant"])
    if replica_roles:
        statements.append(_replicas_statement(region, list(replica_roles)))
    return {"Version": "2012-10-17", "Statement": statements}


def _role_statements(name: str, roles: list[str], use: list[str], grants: list[str]) -> list[dict[str, Any]]:
    allowed = {"Effect": "Allow", "Principal": {"AWS": roles}, "Resource": "*"}
    return [
        {"Sid": f"{name}UseTheKey", **allowed, "Action": use},
        {
            # Attaching a volume needs a grant as well (kubernetes/kubernetes#62171), and the role may give one to AWS
            # services only.
            "Sid": f"{name}GrantTheKeyToAwsServices",
            **allowed,
            "Action": grants,
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    ]


def _services_statement(account: str, region: str, services: Sequence[KeyService]) -> dict[str, Any]:
    hosts = [f"{service.value}.{region}.{dns_suffix(region)}" for service in services]
    return {
        # Whoever of the account may use the service uses the key through it, and in no other way.
        "Sid": "ServicesUseTheKeyForTheAccount",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [*_USE, "kms:CreateGrant"],
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:ViaService": hosts, "kms:CallerAccount": account}},
    }


def _replicas_statement(region: str, roles: list[str]) -> dict[str, Any]:
    return {
        # S3 user guide, "Replicating encrypted objects", read 29 November 2026.
        "Sid": "CopiesOfBucketsOfOtherAccounts",
        "Effect": "Allow",
        "Principal": {"AWS": roles},
        "Action": ["kms:Encrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:ViaService": f"s3.{region}.{dns_suffix(region)}"}},
    }


class AwsKey(pulumi.ComponentResource):
    """A symmetric KMS key with rotation, an alias and a policy; 30 days in which a deletion can be taken back."""

    arn: Output[str]
    """Full ARN, the only form that every kind of storage takes."""

    def __init__(self, name: str, args: AwsKeyArgs, opts: ResourceOptions | None = None) -> None:
        refuse("AwsKey", name, check(name, args))
        super().__init__("kotaemon:index:AwsKey", name, None, opts)
        region, services = args["region"], args.get("services", ())
        who = ("volume_roles", "instance_roles", "copies_to", "replica_roles")
        policy = Output.all(args["account"], *(Output.all(*args.get(one, ())) for one in who)).apply(
            lambda known: json.dumps(
                key_policy(known[0], region, services=services, **dict(zip(who, known[1:], strict=True)))
            )
        )
        key = kms.Key(
            f"{name}-key",
            description="Storage of Kotaemon: disks, file systems, databases, backups",
            enable_key_rotation=True,
            rotation_period_in_days=int(args.get("rotation_days", 365)),
            deletion_window_in_days=30,
            policy=policy,
            tags=args.get("tags"),
            opts=ResourceOptions(parent=self, protect=args.get("protect", True), retain_on_delete=True),
        )
        kms.Alias(f"{name}-alias", name=args["alias"], target_key_id=key.key_id, opts=ResourceOptions(parent=self))
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})


def key_state_refused(state: str, usage: str, spec: str, manager: str) -> str:
    """Why an existing key cannot encrypt storage, from what KMS DescribeKey tells about it."""
    if state != "Enabled":
        return f"its state is {state}; it must be Enabled"
    if usage != "ENCRYPT_DECRYPT" or spec != "SYMMETRIC_DEFAULT":
        return f"it is a key for {usage} of type {spec}; storage needs a symmetric key for ENCRYPT_DECRYPT"
    if manager != "CUSTOMER":
        # The policy of an AWS managed key cannot be changed, so no driver of the cluster can be given access to it.
        return "it is an AWS managed key; storage needs a key of your own"
    return ""


def existing_key(arn: str, region: str, opts: pulumi.InvokeOptions | None = None) -> Output[str]:
    """The ARN of an existing key, once it was read and found usable. Raises pulumi.RunError.

    Its policy is not looked at here: it must let the account's IAM policies decide (the default policy of KMS does), or
    name the roles itself; for another account than the key's it has to name them (KMS developer guide, "Allowing users
    in other accounts to use a KMS key"). See key_policy.py.
    """
    require(f"KMS key {arn}", key_arn_refused(arn, region))

    def checked(key: kms.GetKeyResult) -> str:
        require(
            f"KMS key {arn}",
            key_state_refused(key.key_state, key.key_usage, key.customer_master_key_spec, key.key_manager),
        )
        return key.arn

    return kms.get_key_output(key_id=arn, opts=opts).apply(checked)
