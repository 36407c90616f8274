"""RAM roles for service accounts (RRSA): pods reach OSS without a static key."""

import json
from typing import TypedDict

import pulumi
import pulumi_alicloud as alicloud
from pulumi import Input, Output, ResourceOptions
from typing_extensions import NotRequired

from ..refusal import refuse

READ = ("oss:GetObject", "oss:ListObjects")
WRITE = ("oss:PutObject", "oss:DeleteObject", "oss:AbortMultipartUpload", "oss:ListParts")


class OssRoleArgs(TypedDict):
    """Arguments of OssRole."""

    role_name: str
    """Name of the role; unique in the account."""
    oidc_issuer: Input[str]
    """Issuer of the cluster's tokens (ACK: RRSA OIDC, provider URL)."""
    oidc_provider_arn: Input[str]
    """`acs:ram::<account>:oidc-provider/ack-rrsa-<cluster id>`, made when RRSA is switched on."""
    namespace: str
    """Namespace of the service account."""
    service_account: str
    """The one service account that may take the role."""
    bucket: str
    """Bucket that the role may read and write."""
    prefix: NotRequired[str]
    """Folder in the bucket, without a leading slash; default: all of it."""
    read_only: NotRequired[bool]
    """Whether the role may only read; default false."""
    key_id: NotRequired[Input[str]]
    """Id of the KMS key of the bucket, which the role may then use; default or empty: the key that OSS keeps."""
    protect: NotRequired[bool]
    """Refuse to delete the role and keep it on deletion, for a role by which data is mounted; default false."""


def trust_document(issuer: str, provider_arn: str, namespace: str, service_account: str) -> str:
    """Who may take the role: this service account of this cluster, and nobody else (ACK: use RRSA)."""
    condition = {
        "oidc:aud": "sts.aliyuncs.com",
        "oidc:iss": issuer,
        "oidc:sub": f"system:serviceaccount:{namespace}:{service_account}",
    }
    statement = {
        "Action": "sts:AssumeRole",
        "Effect": "Allow",
        "Principal": {"Federated": [provider_arn]},
        "Condition": {"StringEquals": condition},
    }
    return json.dumps({"Version": "1", "Statement": [statement]})


def bucket_document(bucket: str, prefix: str, *, read_only: bool, key_id: str = "") -> str:
    """What the role may do: list the bucket, read (and write) objects under the prefix, and use the bucket's key."""
    actions = list(READ if read_only else READ + WRITE)
    resources = [f"acs:oss:*:*:{bucket}", f"acs:oss:*:*:{bucket}/{prefix}*"]
    statements = [{"Effect": "Allow", "Action": actions, "Resource": resources}]
    if key_id:
        # OSS encrypts in the name of whoever writes (OSS, "Server-side encryption": permissions for SSE-KMS).
        use = ["kms:DescribeKey", "kms:Decrypt", *([] if read_only else ["kms:GenerateDataKey"])]
        statements.append({"Effect": "Allow", "Action": use, "Resource": [f"acs:kms:*:*:key/{key_id}"]})
    return json.dumps({"Version": "1", "Statement": statements})


def check(name: str, args: OssRoleArgs) -> list[str]:
    """Mistakes in the arguments of OssRole(name, args); none: it can be made."""
    prefix = args.get("prefix", "")
    if prefix.startswith("/") or "*" in prefix + args["bucket"]:
        return [f"prefix: {prefix!r} must be a folder without '/' before it and '*'"]
    return []


class OssRole(pulumi.ComponentResource):
    """A role that one service account takes to reach one bucket."""

    role_name: Output[str]
    """Name of the role: `roleName` of an OSS volume with `authType: rrsa`."""

    def __init__(self, name: str, args: OssRoleArgs, opts: ResourceOptions | None = None) -> None:
        refuse("OssRole", name, check(name, args))
        super().__init__("kotaemon:index:OssRole", name, None, opts)
        prefix = args.get("prefix", "")
        kept = args.get("protect")
        child = ResourceOptions(parent=self, protect=kept, retain_on_delete=kept)
        role = alicloud.ram.Role(
            f"{name}-role",
            role_name=args["role_name"],
            assume_role_policy_document=Output.all(args["oidc_issuer"], args["oidc_provider_arn"]).apply(
                lambda known: trust_document(known[0], known[1], args["namespace"], args["service_account"])
            ),
            opts=child,
        )
        policy = alicloud.ram.Policy(
            f"{name}-policy",
            policy_name=args["role_name"],
            policy_document=Output.from_input(args.get("key_id", "")).apply(
                lambda key: bucket_document(
                    args["bucket"], prefix, read_only=args.get("read_only", False), key_id=key or ""
                )
            ),
            opts=child,
        )
        attached = alicloud.ram.RolePolicyAttachment(
            f"{name}-attached",
            role_name=role.role_name.apply(lambda given: given or args["role_name"]),
            policy_name=policy.policy_name.apply(lambda given: given or args["role_name"]),
            policy_type="Custom",
            opts=child,
        )
        # Known once the role can do something.
        self.role_name = attached.role_name
        self.register_outputs({"role_name": self.role_name})
