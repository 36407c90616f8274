"""What a case of a policy rule is."""

from typing import Any, NamedTuple

from policy.resource import Given
from tests.policy.resources import resource


class Case(NamedTuple):
    """Resources, and exactly what a rule says of them."""

    rule: str
    about: str
    resources: list[Given]
    messages: list[str]
    config: dict[str, Any] = {}


def one(rule: str, about: str, type_: str, inputs: dict[str, Any], *messages: str, **config: Any) -> Case:
    """A case about one resource."""
    return Case(rule, about, [resource(type_, inputs)], list(messages), config)
