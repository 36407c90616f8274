"""The policies for whoever runs `pulumi up`: every type of resource is in them, and nothing is allowed that none needs."""

import ast
import json
import re
from pathlib import Path

import pytest

from stacks import permissions

ROOT = Path(__file__).parents[3]
TYPES = r"\b(?:{}):[a-zA-Z0-9]+/[a-zA-Z0-9]+:[A-Z][A-Za-z0-9]+"


def registered(platform: str) -> set[str]:
    """Types that the examples register, and those that the tests of components and stacks expect."""
    tests = [*(ROOT / "tests/unit/components").rglob("*.py"), *(ROOT / "tests/unit/stacks/platforms").rglob("*.py")]
    files = [*(ROOT / "tests/unit/plan/golden/urns").glob("*.txt"), *tests]
    return {found for file in files for found in re.findall(TYPES.format(platform), file.read_text())}


@pytest.mark.parametrize("platform", permissions.PLATFORMS)
def test_every_type_that_is_registered_is_in_the_table(platform: str) -> None:
    found = registered(platform)
    assert len(found) >= 15
    assert found - set(permissions.table(platform)["types"]) == set()


@pytest.mark.parametrize("platform", permissions.PLATFORMS)
def test_no_type_is_in_the_table_that_nothing_registers(platform: str) -> None:
    assert set(permissions.table(platform)["types"]) - registered(platform) == set()


def test_the_policies_are_up_to_date() -> None:
    there = {path.name: path.read_text() for path in permissions.FOLDER.glob("*.json")}
    assert there == permissions.files(), "run `make schema`"


@pytest.mark.parametrize("name", permissions.files())
def test_a_file_is_small_enough_for_one_managed_policy(name: str) -> None:
    """With the longest names that may stand for region, account, bucket and boundary (IAM: 6,144 characters)."""
    longest = {
        "<partition>": "aws-us-gov",
        "<region>": "ap-southeast-1",
        "<account>": "111122223333",
        "<bucket>": "b" * 63,
        permissions.BOUNDARY: "arn:aws-us-gov:iam::111122223333:policy/" + "p" * 128,
    }
    content = permissions.files()[name]
    for word, stands in longest.items():
        content = content.replace(word, stands)
    assert permissions.size(json.loads(content)) <= 6144


def test_the_parts_are_the_whole() -> None:
    for platform, bounded in (("aws", False), ("aws", True), ("alicloud", False)):
        name = f"{platform}-boundary" if bounded else platform
        parts = [
            json.loads(text) for file, text in permissions.files().items() if re.fullmatch(rf"{name}(-\d)?\.json", file)
        ]
        assert [s for part in parts for s in part["Statement"]] == permissions.policy(platform, bounded=bounded)[
            "Statement"
        ]


@pytest.mark.parametrize("platform", permissions.PLATFORMS)
def test_the_policy_allows_every_action_once(platform: str) -> None:
    allowed = [action for statement in permissions.policy(platform)["Statement"] for action in statement["Action"]]
    assert sorted(allowed) == permissions.actions(permissions.table(platform))


@pytest.mark.parametrize("name", permissions.files())
def test_no_action_is_a_pattern_and_no_resource_is_everything_but_for_what_takes_none(name: str) -> None:
    """What takes none is in the list of the table, from the Service Authorization Reference."""
    found = permissions.table(name.partition(".")[0].partition("-")[0])
    for statement in json.loads((permissions.FOLDER / name).read_text())["Statement"]:
        assert not any("*" in action for action in statement["Action"])
        if statement["Resource"] == ["*"]:
            listed = set(found["any_resource"])
            assert all(
                one in listed or (found.get("reads_any_resource") and permissions.reads(one))
                for one in statement["Action"]
            )
        else:
            assert all(
                "<account>" in one or "<bucket>" in one or one.endswith(("::snapshot/*", "::image/*"))
                for one in statement["Resource"]
            )


def test_on_aws_reading_is_about_named_resources_too() -> None:
    """These take a resource (Service Authorization Reference), so they are not in the statement for everything."""
    everything, *named = permissions.policy("aws")["Statement"]
    asked = {"kms:DescribeKey", "iam:GetRole", "s3:GetBucketPolicy", "rds:DescribeDBInstances", "eks:DescribeCluster"}
    assert not asked & set(everything["Action"])
    assert asked <= {action for statement in named for action in statement["Action"]}


def test_what_takes_no_resource_is_not_asked_for_by_one() -> None:
    """IAM refuses such an action where a statement names resources: a first file system, a first snapshot schedule."""
    everything = permissions.policy("aws")["Statement"][0]
    assert {"elasticfilesystem:CreateFileSystem", "dlm:CreateLifecyclePolicy", "kms:CreateKey"} <= set(
        everything["Action"]
    )


def test_roles_are_made_and_changed_only_with_the_boundary() -> None:
    statements = {one["Sid"]: one for one in permissions.policy("aws", bounded=True)["Statement"]}
    bounded, stays = statements["RolesWithTheBoundary"], statements["TheBoundaryStays"]
    assert bounded["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": permissions.BOUNDARY}}
    changing = {"iam:CreateRole", "iam:AttachRolePolicy", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"}
    assert changing <= set(bounded["Action"])
    assert (stays["Effect"], stays["Action"]) == ("Deny", ["iam:DeleteRolePermissionsBoundary"])
    free = {a for one in statements.values() if one not in (bounded, stays) for a in one["Action"]}
    assert not free & {*bounded["Action"], *stays["Action"]}
    assert free | {*bounded["Action"], *stays["Action"]} == set(permissions.actions(permissions.table("aws")))


def test_every_iam_role_of_the_components_takes_the_boundary() -> None:
    made = [
        (path.name, call)
        for path in (ROOT / "components").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "iam.Role"
    ]
    assert {name for name, _ in made} == {
        "driver.py",
        "aws_instance.py",
        "s3_files.py",
        "s3_replication.py",
        "vault.py",
    }
    assert [name for name, call in made if "permissions_boundary" not in {word.arg for word in call.keywords}] == []
