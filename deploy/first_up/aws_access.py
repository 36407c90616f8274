"""Whether keys and permissions of an AWS account are as a stack assumes."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from components.encryption.aws import key_state_refused
from deploy.first_up.asked import Asked
from deploy.first_up.findings import Check, Finding, Verdict, finding, unread
from deploy.first_up.reading import Absent, Read
from stacks import permissions
from stacks.platforms.aws.settings import AwsSettings

AT_ONCE = 50
"""Actions in one simulation: the parameters stay small enough for a command line."""


def checks(asked: Asked, section: AwsSettings, read: Read) -> list[Check]:
    """Questions about the key, about who runs `pulumi up`, and about the roles of others that storage needs."""
    found = [Check("permissions", "the policy of docs/permissions is enough", lambda: _permissions(asked, read))]
    if section.key_arn is not None:
        arn = section.key_arn
        found.append(Check("keys: existing", "the key can encrypt", lambda: _key(section, arn, read)))
    if section.auto_mode and section.auto_mode_tags and (section.cluster or section.cluster_role):
        found.append(Check("Auto Mode: tags", "the cluster's role may set tags", lambda: _tags(section, read)))
    if section.key_for_nodes and not section.auto_mode:
        found.append(Check("keys: nodes", "the role of auto-scaling is there", lambda: _scaling_role(read)))
    return found


def _permissions(asked: Asked, read: Read) -> Iterator[Finding]:
    table = permissions.table("aws")
    wanted = sorted({*table["lookups"], *(a for kind in asked.types for a in table["types"].get(kind, ()))})
    who = principal(read("sts", "GetCallerIdentity")["Arn"], read)
    decisions = {a: d for part in _parts(wanted) for a, d in _simulated(who, part, read)}
    forbidden = sorted(action for action, decision in decisions.items() if decision == "explicitDeny")
    unsure = sorted(action for action, decision in decisions.items() if decision == "implicitDeny")
    assumed = f"{len(wanted)} actions are allowed"
    if forbidden:
        yield finding("permissions", assumed, False, f"forbidden: {', '.join(forbidden)}", "ask who forbids them")
    elif unsure:
        yield unread(
            "permissions",
            assumed,
            f"not allowed for any resource: {', '.join(unsure)}",
            "right where your policy names resources, as docs/permissions/aws-1.json does, or has conditions; else add "
            "it, and aws-2.json",
        )
    else:
        yield Finding("permissions", assumed, Verdict.HOLDS, f"all of them, for {who}")


def principal(arn: str, read: Read) -> str:
    """ARN of the user or role behind the credentials: a simulation takes no session (IAM SimulatePrincipalPolicy)."""
    if ":assumed-role/" not in arn:
        return arn
    name = arn.split("/")[1]
    return read("iam", "GetRole", RoleName=name)["Role"]["Arn"]


def _parts(actions: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(actions), AT_ONCE):
        yield actions[start : start + AT_ONCE]


def _simulated(who: str, actions: Sequence[str], read: Read, **more: Any) -> list[tuple[str, str]]:
    answer = read("iam", "SimulatePrincipalPolicy", PolicySourceArn=who, ActionNames=list(actions), **more)
    return [(result["EvalActionName"], result["EvalDecision"]) for result in answer["EvaluationResults"]]


def _key(section: AwsSettings, arn: str, read: Read) -> Iterator[Finding]:
    told = read("kms", "DescribeKey", KeyId=arn)["KeyMetadata"]
    reason = key_state_refused(told["KeyState"], told["KeyUsage"], told["KeySpec"], told["KeyManager"])
    yield finding("keys: existing", "the key can encrypt", not reason, reason or "enabled, symmetric, of a customer")
    assumed = "the key's policy admits the account or the driver's role"
    caller = read("sts", "GetCallerIdentity")["Account"]
    if told["AWSAccountId"] != caller:
        yield unread("keys: of another account", assumed, "the policy can only be read in the key's own account")
        return
    policy = json.loads(read("kms", "GetKeyPolicy", KeyId=arn, PolicyName="default")["Policy"])
    role = section.drivers.ebs.role
    named = [p for p in _admitted(policy) if p in ("*", caller, role) or p.endswith(":root")]
    yield finding(
        "keys: policy",
        assumed,
        bool(named),
        f"admitted: {', '.join(_admitted(policy)) or 'nobody'}",
        "add the statement of KMS's default policy for the account, or one for the role",
    )


def _admitted(policy: Any) -> list[str]:
    found: list[str] = []
    for statement in policy["Statement"]:
        principals = statement.get("Principal", {})
        named = principals if isinstance(principals, str) else principals.get("AWS", [])
        if statement["Effect"] == "Allow":
            found += [named] if isinstance(named, str) else named
    return sorted(set(found))


def _tags(section: AwsSettings, read: Read) -> Iterator[Finding]:
    role = section.cluster_role or read("eks", "DescribeCluster", name=section.cluster)["cluster"]["roleArn"]
    name = section.cluster or "cluster"
    context = [
        {"ContextKeyName": "aws:RequestTag/eks:eks-cluster-name", "ContextKeyValues": [name]},
        {"ContextKeyName": "aws:PrincipalTag/eks:eks-cluster-name", "ContextKeyValues": [name]},
        {"ContextKeyName": "aws:TagKeys", "ContextKeyValues": ["eks:eks-cluster-name", "app"]},
    ]
    for entry in context:
        entry["ContextKeyType"] = "stringList" if entry["ContextKeyName"] == "aws:TagKeys" else "string"
    volume = f"arn:{role.split(':')[1]}:ec2:{section.region}:{role.split(':')[4]}:volume/*"
    found = _simulated(role, ["ec2:CreateVolume"], read, ContextEntries=context, ResourceArns=[volume])
    decision = dict(found).get("ec2:CreateVolume", "no answer")
    yield finding(
        "Auto Mode: tags",
        "the cluster's role may make volumes with tags of yours",
        decision == "allowed",
        f"ec2:CreateVolume: {decision}",
        "add the statement that a run prints (docs/clouds.md, Auto Mode: tags), or leave autoModeTags out",
    )


def _scaling_role(read: Read) -> Iterator[Finding]:
    name = "AWSServiceRoleForAutoScaling"
    try:
        read("iam", "GetRole", RoleName=name)
        there = True
    except Absent:
        there = False
    yield finding(
        "keys: nodes",
        f"{name} is there, as the key's policy names it",
        there,
        "it is there" if there else "there is no such role",
        "aws iam create-service-linked-role --aws-service-name autoscaling.amazonaws.com",
    )
