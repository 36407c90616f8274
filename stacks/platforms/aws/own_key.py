"""What the policy of a key of the user's own has to say: read in a preview, and printed where it is missing.

The provider's function `aws.kms.getKey` tells no policy. Cloud Control does, for keys of the own account: its handler
calls kms:GetKeyPolicy with the rights of whoever runs it.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi import InvokeOptions, Output

from stacks.platforms import asking

if TYPE_CHECKING:
    from components.encryption.aws import AwsKeyArgs

READ = "aws:cloudcontrol/getResource:getResource"
"""Function of the provider that tells the properties of a resource."""
_KEY = "kotaemon:aws.keyArn"


def tell(arn: str, args: "AwsKeyArgs", opts: InvokeOptions) -> None:
    """Print the statements that the policy of the key lacks, or has to have where it cannot be read."""
    volumes, nodes = Output.all(*args.get("volume_roles", ())), Output.all(*args.get("instance_roles", ()))
    owner = arn.split(":")[4]

    async def read(account: str) -> Mapping[str, Any]:
        return await _policy(arn, args["region"], opts) if owner == account else {}

    policy = Output.from_input(args["account"]).apply(read)
    Output.all(args["account"], volumes, nodes, policy).apply(lambda known: _said(arn, args, *known))


def _said(arn: str, args: "AwsKeyArgs", account: str, volumes: list[str], nodes: list[str], read: Any) -> None:
    from components.aws import dns_suffix
    from components.encryption.aws import key_policy
    from components.encryption.key_policy import lacking

    region, services = args["region"], args.get("services", ())
    whole = key_policy(account, region, volume_roles=volumes, instance_roles=nodes, services=services)
    needed = whole["Statement"][1:]  # the first one manages the key, which its owner does
    if arn.split(":")[4] != account:
        if needed:
            _warn(f"the key is of another account, so its policy has to have these statements: {json.dumps(needed)}")
    elif "reason" in read:
        _warn(f"the policy of the key was not read ({read['reason']}), so nobody knows whether it lets storage use it")
    elif read and (missing := lacking(read["policy"], account, f"ec2.{region}.{dns_suffix(region)}", needed)):
        _warn(f"the policy of the key lacks these statements, or says them in other words: {json.dumps(missing)}")


def _warn(line: str) -> None:
    pulumi.log.warn(f"{_KEY}: {line}")


async def _policy(arn: str, region: str, opts: InvokeOptions) -> Mapping[str, Any]:
    """`policy`, or the `reason` why it was not read; nothing where no provider answers, as in a plan."""
    asked = {"typeName": "AWS::KMS::Key", "identifier": arn.rpartition("/")[2], "region": region}
    try:
        found = await asking.ask(READ, asked, opts)
        policy = json.loads(found["properties"])["KeyPolicy"] if found is not None else None
    except asking.NoAnswer as error:  # the key itself was read, and is usable
        return {"reason": error.line}
    except (KeyError, ValueError):
        return {"reason": "the answer of Cloud Control holds none"}
    if policy is None:
        return {}
    return {"policy": json.loads(policy) if isinstance(policy, str) else policy}
