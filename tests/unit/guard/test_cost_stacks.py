"""Every resource type of every example stack is priced, free with a reason, or listed as unknown."""

import pytest

from guard.cost import Estimate
from guard.recognise import Free, Plan, Unknown
from plan import stack_file
from plan.collect import resources_of
from stacks import cost
from tests.unit.plan.plans import STACKS, run

MISSING_RULES = "no price rule knows"


def costed(name: str) -> Estimate:
    found, platform = run(name), stack_file.read(name).settings.platform
    return cost.estimated(resources_of(found), found.outputs["storage"].value, platform, None)


@pytest.mark.parametrize("name", STACKS)
def test_every_type_is_known(name: str) -> None:
    plan = Plan((r for r in resources_of(run(name)) if not r.type.startswith("pulumi:")), {})
    reasons = {r.type: found.reason for r in plan.resources if isinstance(found := plan.recognise(r), Unknown)}
    assert {kind: reason for kind, reason in reasons.items() if MISSING_RULES in reason} == {}


@pytest.mark.parametrize("name", STACKS)
def test_every_resource_is_a_line_or_free(name: str) -> None:
    found = costed(name)
    plan = Plan((r for r in resources_of(run(name)) if not r.type.startswith("pulumi:")), {})
    billed = {line.resource for line in found.lines}
    free = {r.name for r in plan.resources if isinstance(plan.recognise(r), Free)}
    assert {r.name for r in plan.resources} - billed - free == set()


@pytest.mark.parametrize("name", STACKS)
def test_every_claim_has_a_line_and_no_line_is_zero(name: str) -> None:
    found = costed(name)
    assert {m.claim for m in cost.mounts(run(name).outputs["storage"].value)} <= {line.claim for line in found.lines}
    assert [line for line in found.lines if line.amount == 0] == []
    assert [line for line in found.lines if (line.amount is None) != bool(line.unknown)] == []
