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
_VERSION = {"aws": "2012-10-17", "alicloud": "1"}
_READS = ("Describe", "List", "Get")
"""First words of actions that only read. Most of them take no resource."""


def table(platform: str) -> Mapping[str, Any]:
    """What each type of resource needs, as the file says it."""
    return yaml.safe_load((FOLDER / f"{platform}.yaml").read_text())


def actions(found: Mapping[str, Any]) -> list[str]:
    """Every action of a table, once."""
    of_types: Iterable[list[str]] = found["types"].values()
    return sorted({*found["lookups"], *(action for each in of_types for action in each)})


def policy(platform: str) -> dict[str, Any]:
    """The policy of a platform: one statement that reads, and one for each service that changes something."""
    found = table(platform)
    free = found["any_resource"]
    all_actions = actions(found)
    reads = [action for action in all_actions if _reads(action)]
    statements = [_statement("Read", [*reads, *free], ["*"])]
    for service, resources in found["resources"].items():
        changes = [a for a in all_actions if a.startswith(f"{service}:") and not _reads(a) and a not in free]
        statements.append(_statement(f"Change{service.capitalize()}", changes, resources))
    return {"Version": _VERSION[platform], "Statement": statements}


def text(platform: str) -> str:
    """The policy as the file has it."""
    return json.dumps(policy(platform), indent=2) + "\n"


def _reads(action: str) -> bool:
    return action.partition(":")[2].startswith(_READS)


def _statement(name: str, allowed: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": name, "Effect": "Allow", "Action": sorted(allowed), "Resource": resources}


if __name__ == "__main__":
    for one in PLATFORMS:
        (FOLDER / f"{one}.json").write_text(text(one))
