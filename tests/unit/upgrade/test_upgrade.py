"""Stack files of earlier releases load with this program, or are refused with the exact lines to write instead."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from stacks.settings import load

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Refused:
    """A stack file that this program does not take any more."""

    errors: tuple[str, ...]
    """Each error, whole, in their order."""
    rewritten: dict[str, str]
    """Line of the old file -> line to write instead, both without indentation. An error ends with the new line."""
    added: tuple[str, str] | None = None
    """A line of the old file, and the line that has to be written after it. An error ends with the new line."""


OWN_KEY = "key: {regionDefault: true, rotationDays: 365}"
LOADS = Refused(errors=(), rewritten={})
NODE_RULES = "nodeGroupRules: true"

EXPECTED = {
    "v0.1.0": {
        # The error of the size hides that of the key: a section is checked whole once its fields are right.
        "alicloud-scaled": Refused(
            errors=("kotaemon:alicloud.database.storageGib: is not a key any more; write size: 50Gi",),
            rewritten={"storageGib: 50": "size: 50Gi"},
            added=("region: cn-hangzhou", OWN_KEY),
        ),
        "alicloud-single": Refused(
            errors=(
                "kotaemon:alicloud: key: missing; write one of serviceKey: true (the key that each service keeps for the "
                "account, which the policy customer-key refuses until policy.json lets it), keyId: <id> (a key that exists), or key: {instanceId: kst-...} (a new key in a KMS instance). For "
                f"a key that an earlier release made, write {OWN_KEY}",
            ),
            rewritten={},
            added=("region: cn-hangzhou", OWN_KEY),
        ),
        "aws-database-sizes": Refused(
            errors=(
                "kotaemon:aws.database.size: 20 has no unit; write size: 20Gi",
                "kotaemon:aws.database.maxSize: 100 has no unit; write maxSize: 100Gi",
            ),
            rewritten={"size: 20": "size: 20Gi", "maxSize: 100": "maxSize: 100Gi"},
            added=("region: eu-central-1", NODE_RULES),
        ),
        "aws-scaled": Refused(
            errors=(
                "kotaemon:storage.claims.weights.kind: the servers of Lustre connect to the nodes, so the security groups of "
                "the nodes have to let in TCP 988 and 1018-1023, and kotaemon:aws.nodeGroupRules does not say who sees to "
                "that. true: the stack adds the rules, as earlier releases did; false: it prints them, for whoever owns the "
                f"groups. To keep the rules of an earlier release, write {NODE_RULES}",
            ),
            rewritten={},
            added=("region: eu-central-1", NODE_RULES),
        ),
        "aws-single": LOADS,
        "dev": LOADS,
        "private-scaled": LOADS,
    },
}
"""Release -> stack -> what this program says of it."""

CASES = [(release, stack) for release, stacks in EXPECTED.items() for stack in stacks]


def errors_of(path: Path) -> tuple[str, ...]:
    try:
        values, secret = load.from_file(path)
        load.load(values, set(secret), path.name)
    except load.SettingsError as error:
        return tuple(error.errors)
    return ()


def fixture(release: str, stack: str) -> Path:
    return FOLDER / release / load.stack_file(stack)


@pytest.mark.parametrize(("release", "stack"), CASES)
def test_a_stack_file_of_an_earlier_release_is_told_exactly_what_it_should_be_told(release: str, stack: str) -> None:
    assert errors_of(fixture(release, stack)) == EXPECTED[release][stack].errors


@pytest.mark.parametrize(("release", "stack"), CASES)
def test_it_loads_once_the_lines_are_written_as_the_errors_say(release: str, stack: str, tmp_path: Path) -> None:
    expected = EXPECTED[release][stack]
    lines = fixture(release, stack).read_text().splitlines(keepends=True)
    stripped = [line.strip() for line in lines]
    for old, new in expected.rewritten.items():
        assert [e for e in expected.errors if e.endswith(f"; write {new}")], f"no error shows what to write: {new}"
        number = stripped.index(old)
        lines[number] = lines[number].replace(old, new)
    if expected.added is not None:
        after, new = expected.added
        number = stripped.index(after)
        lines[number] += lines[number].replace(after, new)
    path = tmp_path / load.stack_file(stack)
    path.write_text("".join(lines))
    assert errors_of(path) == ()


def test_every_stack_file_that_is_kept_is_tried() -> None:
    kept = sorted((path.parent.name, path.name.split(".")[1]) for path in FOLDER.glob("*/Pulumi.*.yaml"))
    assert kept == sorted(CASES)
