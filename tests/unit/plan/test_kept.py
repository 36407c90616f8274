"""What stays when a stack is taken down, in every example and variant; and the stack file lines find all of it again.

After a wanted change: `KOTAEMON_RENEW_GOLDEN=1 python -m pytest tests/unit/plan/test_kept.py`.
"""

import os
from pathlib import Path

import pytest

from stacks import existing
from tests.unit.plan.kept import CASES, case, with_lines

FOLDER = Path(__file__).parent / "golden" / "kept"
GUARDS = {
    "aws:efs/backupPolicy:BackupPolicy",
    "aws:efs/fileSystemPolicy:FileSystemPolicy",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:eks/addon:Addon",
    "aws:rds/subnetGroup:SubnetGroup",
    "alicloud:hbr/nasBackupPlan:NasBackupPlan",
    "alicloud:ecs/autoSnapshotPolicy:AutoSnapshotPolicy",
    "alicloud:ecs/ecsAutoSnapshotPolicyAttachment:EcsAutoSnapshotPolicyAttachment",
    "alicloud:rds/backupPolicy:BackupPolicy",
    "alicloud:resourcemanager/serviceLinkedRole:ServiceLinkedRole",
    "alicloud:ram/role:Role",
    "alicloud:ram/rolePolicyAttachment:RolePolicyAttachment",
}
"""Types that hold nothing and protect what holds data, or let it be reached."""


@pytest.mark.parametrize("name", CASES)
def test_what_is_kept(name: str) -> None:
    found = "\n".join(sorted(case(name).kept)) + "\n"
    path = FOLDER / f"{name}.txt"
    if os.environ.get("KOTAEMON_RENEW_GOLDEN"):
        path.write_text(found)
    assert found == path.read_text()


def test_no_golden_list_is_left_over() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == sorted(CASES)


@pytest.mark.parametrize("name", CASES)
def test_the_lines_find_all_of_it_again(name: str, tmp_path: Path) -> None:
    config, unknown = existing.lines(case(name).file.settings, case(name).kept)
    assert unknown == []
    again = with_lines(case(name).file, config, tmp_path)
    assert existing.wanted(again.settings) == case(name).kept


@pytest.mark.parametrize("name", CASES)
def test_a_name_means_one_resource(name: str) -> None:
    """The lines name resources without their types."""
    names = [r.name for r in case(name).registrations if r.custom and r.name in case(name).kept]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", CASES)
def test_what_protects_data_is_protected_and_retained_with_it(name: str) -> None:
    for resource in case(name).registrations:
        if resource.type in GUARDS:
            assert resource.protect, resource.urn
            assert resource.retain_on_delete, resource.urn


def test_every_type_that_protects_data_is_in_a_case() -> None:
    assert {r.type for name in CASES for r in case(name).registrations} >= GUARDS


@pytest.mark.parametrize("name", CASES)
def test_without_protection_all_of_it_is_retained(name: str) -> None:
    """`protect: false` lets the engine forget what is kept. It deletes none of it, and no cloud may delete a database."""
    registrations = case(name, protect=False).registrations
    assert not [r.urn for r in registrations if r.protect]
    assert {r.name for r in registrations if r.custom and r.retain_on_delete} >= case(name).kept.keys()
    databases = [r for r in registrations if r.type.endswith("rds/instance:Instance")]
    assert all(database.inputs["deletionProtection"] is True for database in databases)
