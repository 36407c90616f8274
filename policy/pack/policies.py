"""Turn each rule into a policy of pulumi_policy."""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policy.check import RULES, ask
from policy.config import ConfigError, checked
from policy.resource import UNKNOWN, Given, Resource
from policy.rule import Level, Rule


def policies() -> list[Policy]:
    """All rules as policies, in the order of RULES."""
    return [_stack_policy(rule) if rule.whole_stack else _resource_policy(rule) for rule in RULES]


def _resource_policy(rule: Rule) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = _given(args.resource_type, args.name, args.urn, args.props, args.opts.protect)
        _report(rule, [resource], args.get_config(), report)

    return ResourceValidationPolicy(validate=validate, **_about(rule))


def _stack_policy(rule: Rule) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [
            _given(r.resource_type, r.name, r.urn, r.props, r.opts.protect, [d.urn for d in r.dependencies])
            for r in args.resources
        ]
        _report(rule, resources, args.get_config(), report)

    return StackValidationPolicy(validate=validate, **_about(rule))


def _about(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "description": f"{rule.summary} See {rule.source}",
        "enforcement_level": EnforcementLevel(rule.level.value),
        "config_schema": PolicyConfigSchema(properties=dict(rule.schema)),
    }


def _report(rule: Rule, resources: Sequence[Resource], config: Mapping[str, Any], report: ReportViolation) -> None:
    # The engine has removed the level from the configuration: it decides itself what a violation does.
    try:
        _, properties = checked({rule.name: dict(config)}, RULES)[rule.name]
    except ConfigError as error:
        report(str(error), None)
        return
    for violation in ask(rule, resources, Level.MANDATORY, properties):
        if not violation.excepted:
            report(violation.message, violation.urn)


def _given(
    type_: str, name: str, urn: str, props: Mapping[str, Any], protect: bool, depends_on: Sequence[str] = ()
) -> Given:
    # The engine does not say which inputs are secret, nor whether a resource is retained on deletion.
    return Given(type_, name, plain(props), urn, None, tuple(depends_on), protect, None)


def plain(value: Any) -> Any:
    """Inputs as plain values, with UNKNOWN wherever pulumi_policy would raise for a value that is not known yet.

    Its exception would end the whole rule at the first unknown value and turn it into advice, although all other values
    are known.
    """
    if isinstance(value, Mapping):
        return {key: _or_unknown(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_or_unknown(value, number) for number in range(len(value))]
    return value


def _or_unknown(value: Any, key: Any) -> Any:
    try:
        return plain(value[key])
    except UnknownValueError:
        return UNKNOWN
