"""Each rule: a compliant, a violating, a missing and a configured case, with the exact message."""

from typing import Any

import pytest

from policy import RULES, check
from tests.policy.cases import (
    buckets,
    encryption,
    images,
    mounts,
    network,
    nodes,
    pods,
    retention,
    secrets,
    sharing,
    zones,
)
from tests.policy.cases.case import Case

TOPICS = (encryption, zones, pods, network, retention, buckets, secrets, sharing, nodes, mounts, images)
CASES = [case for topic in TOPICS for case in topic.CASES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.about}")
def test_rule(case: Case) -> None:
    found = check(case.resources, {case.rule: case.config} if case.config else {})
    assert [v.message for v in found if v.rule == case.rule] == case.messages


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_its_four_cases(rule: Any) -> None:
    own = [case for case in CASES if case.rule == rule.name]
    assert [case for case in own if not case.messages and not case.config], "compliant"
    assert [case for case in own if case.messages and not case.config], "violating"
    assert [case for case in own if "missing" in case.about or "without" in case.about], "missing"
    assert [case for case in own if case.config] or not rule.settings, "configured"


@pytest.mark.parametrize("case", [c for c in CASES if c.messages], ids=lambda case: f"{case.rule}: {case.about}")
def test_exceptions_need_a_reason_and_stop_nothing(case: Case) -> None:
    names = {r.name: "agreed with the security team" for r in case.resources}
    found = [v for v in check(case.resources, {case.rule: {**case.config, "except": names}}) if v.rule == case.rule]
    assert [v.message for v in found] == case.messages
    assert {v.excepted for v in found} == {"agreed with the security team"}
    assert not any(v.stops for v in found)


def test_nothing_told_is_a_secret() -> None:
    told = [message for case in secrets.CASES for message in case.messages]
    assert not [m for m in told for secret in ("hunter2", "AKIAIOSFODNN7EXAMPLE", "aHVudGVyMg==") if secret in m]
