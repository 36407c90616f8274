"""The repository's own stacks keep every rule; what is advised and what is excepted is listed here, and reviewed."""

import pytest

from plan import collect, stack_file
from policy import check

STACKS = sorted(f.name.split(".")[1] for f in stack_file.ROOT.glob("Pulumi.*.yaml"))
SQUASH_LATER = {"root-squash-advised"}
"""Storage of its own starts as root's: root makes the role folders first. The user squashes afterwards."""
ROOT_ONCE = {"pod-user"}
"""The Job that makes the role folders."""


@pytest.mark.parametrize("name", STACKS)
def test_no_stack_of_ours_breaks_a_rule(name: str) -> None:
    found = check(collect.preview(stack_file.read(name)).registrations)
    assert [v.line for v in found if v.stops] == []
    assert {v.rule for v in found if not v.excepted} <= SQUASH_LATER
    excepted = [v for v in found if v.excepted]
    assert {v.rule for v in excepted} <= ROOT_ONCE
    assert all(v.type == "kubernetes:batch/v1:Job" for v in excepted)


def test_there_are_stacks() -> None:
    assert "dev" in STACKS
