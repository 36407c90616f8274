"""Runs the pack's policies inside the pack's own environment; prints what they report as JSON.

Not a test module: test_pack.py starts it with the Python that has pulumi_policy.
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pulumi_policy import PolicyResource, ResourceValidationArgs, StackValidationArgs, StackValidationPolicy
from pulumi_policy.policy import PolicyCustomTimeouts, PolicyResourceOptions
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policy.pack.policies import policies
from tests.policy.other_people import FARGATE_ON_EFS, KOREAN_CHART
from tests.policy.resources import EBS_CLASS, STORAGE_CLASS, changed, resource

FIXTURES = {
    "korean chart": KOREAN_CHART,
    "fargate on efs": FARGATE_ON_EFS,
    "unknown key": [
        resource(STORAGE_CLASS, changed(EBS_CLASS, "parameters/kmsKeyId", UNKNOWN_STRING_VALUE)),
        resource(STORAGE_CLASS, changed(EBS_CLASS, "parameters", {"kmsKeyId": UNKNOWN_STRING_VALUE}), "plain"),
    ],
}


def options(protect: bool) -> PolicyResourceOptions:
    return PolicyResourceOptions(protect, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])


def reported(resources: list[Any], config: dict[str, Any]) -> list[list[str]]:
    found: list[list[str]] = []
    for rule in policies():
        settings = config.get(rule.name, {})

        def report(message: str, urn: str | None = None, rule: Any = rule) -> None:
            found.append([rule.name, rule.enforcement_level.value, message])

        props = [unknown_checking_proxy(r.inputs) for r in resources]
        if isinstance(rule, StackValidationPolicy):
            whole = [
                PolicyResource(r.type, p, r.urn, r.name, options(r.protect), None, None, [], {})
                for r, p in zip(resources, props, strict=True)
            ]
            rule.validate(StackValidationArgs(whole, settings, {}), report)
            continue
        for r, p in zip(resources, props, strict=True):
            rule.validate(
                ResourceValidationArgs(r.type, p, r.urn, r.name, options(r.protect), None, settings, {}), report
            )
    return found


def main() -> None:
    result = {name: reported(resources, {}) for name, resources in FIXTURES.items()}
    result["configured"] = reported(KOREAN_CHART, {"data-is-kept": {"protect": False}, "image-pinned": {"digest": 1}})
    json.dump({"policies": [p.name for p in policies()], "reported": result}, sys.stdout)


main()
