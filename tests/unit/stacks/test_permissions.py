"""The policies for whoever runs `pulumi up`: every type of resource is in them, and nothing is allowed that none needs."""

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


@pytest.mark.parametrize("platform", permissions.PLATFORMS)
def test_the_policy_is_up_to_date_and_allows_every_action_once(platform: str) -> None:
    file = permissions.FOLDER / f"{platform}.json"
    assert file.read_text() == permissions.text(platform), "run `make schema`"
    allowed = [action for statement in json.loads(file.read_text())["Statement"] for action in statement["Action"]]
    assert sorted(allowed) == permissions.actions(permissions.table(platform))


@pytest.mark.parametrize("platform", permissions.PLATFORMS)
def test_nothing_is_allowed_on_everything_but_reading(platform: str) -> None:
    free = permissions.table(platform)["any_resource"]
    for statement in permissions.policy(platform)["Statement"]:
        assert not any("*" in action for action in statement["Action"])
        if "*" in statement["Resource"]:
            assert all(
                re.search(":(Describe|List|Get)", action) for action in statement["Action"] if action not in free
            )
        else:
            assert all(
                "<account>" in one or "<bucket>" in one or one.endswith(("::snapshot/*", "::image/*"))
                for one in statement["Resource"]
            )
