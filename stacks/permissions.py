"""Writes the policies for whoever runs `pulumi up`, from docs/permissions/<platform>.yaml.

Run it with `python -m stacks.permissions`, or with `make schema`.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "docs/permissions"
PLATFORMS = ("aws", "alicloud")
BOUNDARY = "<boundary>"
"""Stands for the ARN of the permissions boundary, for whoever may make IAM roles with it only."""
LARGEST = 5500
"""Characters in one file. A managed policy of AWS has 6,144 at most, white space not counted (IAM user guide, "IAM and
AWS STS quotas"); what stands for region, account and bucket is replaced by something longer."""
_VERSION = {"aws": "2012-10-17", "alicloud": "1"}
_READS = ("Describe", "List", "Get")
"""First words of actions that only read."""


def table(platform: str) -> Mapping[str, Any]:
    """What each type of resource needs, as the file says it."""
    return yaml.safe_load((FOLDER / f"{platform}.yaml").read_text())


def actions(found: Mapping[str, Any]) -> list[str]:
    """Every action of a table, once."""
    of_types: Iterable[list[str]] = found["types"].values()
    return sorted({*found["lookups"], *(action for each in of_types for action in each)})


def policy(platform: str, *, bounded: bool = False) -> dict[str, Any]:
    """The policy of a platform: one statement for what takes no resource, and one for each service.

    `bounded`: IAM roles only with the permissions boundary, which nobody takes from them again.
    """
    found = table(platform)
    free, conditional = _free(found), set(found["boundary"]) if bounded else set[str]()
    never = set(found["never_with_boundary"]) if bounded else set[str]()
    named = [one for one in actions(found) if one not in free | conditional | never]
    statements = [_statement("NoResource", free, ["*"])]
    for service, resources in found["resources"].items():
        allowed = [action for action in named if action.startswith(f"{service}:")]
        statements.append(_statement(service.capitalize(), allowed, resources))
    if bounded:
        roles, equals = found["resources"]["iam"], {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}
        statements.append({**_statement("RolesWithTheBoundary", conditional, roles), "Condition": equals})
        statements.append({**_statement("TheBoundaryStays", never, roles), "Effect": "Deny"})
    return {"Version": _VERSION[platform], "Statement": statements}


def files() -> dict[str, str]:
    """Every file that is written: name -> content. A policy that is too large for one is in several, to be attached
    together."""
    wanted = {**{platform: policy(platform) for platform in PLATFORMS}, "aws-boundary": policy("aws", bounded=True)}
    found: dict[str, str] = {}
    for name, whole in wanted.items():
        parts = _parts(whole)
        names = (
            [f"{name}.json"] if len(parts) == 1 else [f"{name}-{number}.json" for number in range(1, len(parts) + 1)]
        )
        found |= {file: json.dumps(part, indent=2) + "\n" for file, part in zip(names, parts, strict=True)}
    return found


def size(document: Mapping[str, Any]) -> int:
    """Characters of a policy as the clouds count them: without white space."""
    return len(json.dumps(document, separators=(",", ":")))


def _parts(whole: Mapping[str, Any]) -> list[dict[str, Any]]:
    parts = [{**whole, "Statement": list[Any]()}]
    for statement in whole["Statement"]:
        if size({**whole, "Statement": [*parts[-1]["Statement"], statement]}) > LARGEST:
            parts.append({**whole, "Statement": []})
        parts[-1]["Statement"].append(statement)
    return parts


def reads(action: str) -> bool:
    """Whether an action only reads."""
    return action.partition(":")[2].startswith(_READS)


def _free(found: Mapping[str, Any]) -> set[str]:
    """Actions that are allowed whatever they are about."""
    reading = {action for action in actions(found) if reads(action)} if found.get("reads_any_resource") else set[str]()
    return {*found["any_resource"], *reading}


def _statement(name: str, allowed: Iterable[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": name, "Effect": "Allow", "Action": sorted(allowed), "Resource": resources}


if __name__ == "__main__":
    for _old in FOLDER.glob("*.json"):
        _old.unlink()
    for _name, _content in files().items():
        (FOLDER / _name).write_text(_content)
