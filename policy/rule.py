"""The types of the policy rules: a rule, its level, and a violation."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from policy.resource import Resource

Config = Mapping[str, Any]
"""Settings of one rule from the policy configuration. Its keys are those of the rule's schema."""
Finding = tuple[Resource, str]


class Level(str, Enum):
    """What a violation does, in the words of Pulumi's enforcement levels."""

    MANDATORY = "mandatory"
    """A violation stops the run."""
    ADVISORY = "advisory"
    """A violation is printed and stops nothing."""
    DISABLED = "disabled"
    """The rule is not checked."""


@dataclass(frozen=True)
class Violation:
    """A resource that breaks a rule."""

    rule: str
    level: Level
    type: str
    name: str
    urn: str
    message: str
    excepted: str = ""
    """The reason for an exception, from the configuration or an annotation. A violation with one never stops a run."""

    @property
    def stops(self) -> bool:
        """Whether this violation stops the run."""
        return self.level == Level.MANDATORY and not self.excepted

    @property
    def line(self) -> str:
        """The violation in one line: level, rule, resource, message, and the reason of an exception."""
        kind = self.type.rpartition(":")[2]
        tail = f" (exception: {self.excepted})" if self.excepted else ""
        return f"{self.level.value}: {self.rule}, {kind} {self.name}: {self.message}{tail}"


EXCEPT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": "string", "minLength": 10},
    "description": "Exceptions: name of a resource, with the wildcards * and ? -> the reason, in at least ten "
    "characters.",
}


def _nothing() -> dict[str, dict[str, Any]]:
    return {}


@dataclass(frozen=True)
class Rule:
    """A rule about resources. `check` gets all resources of a stack, because some rules compare two of them."""

    name: str
    level: Level
    """Level of the rule, unless the configuration sets another one."""
    summary: str
    """What the rule keeps, in one sentence."""
    blind: str
    """What the rule does not look at, and which general tool does."""
    source: str
    """URL of the documentation or of an issue that the rule is taken from."""
    check: Callable[[Sequence[Resource], Config], Iterator[Finding]]
    whole_stack: bool = False
    """Whether the rule compares resources, so that it cannot judge one alone."""
    settings: Mapping[str, dict[str, Any]] = field(default_factory=_nothing)
    """Settings of the rule in the configuration -> their JSON schema. Every rule also has `except`."""

    @property
    def schema(self) -> dict[str, dict[str, Any]]:
        """The JSON schema of every setting of the rule, `except` included."""
        return {**self.settings, "except": EXCEPT}


def each(
    judge: Callable[[Resource, Config], Iterator[str]],
) -> Callable[[Sequence[Resource], Config], Iterator[Finding]]:
    """A rule that judges one resource at a time, as a rule about all resources."""

    def check(resources: Sequence[Resource], config: Config) -> Iterator[Finding]:
        for resource in resources:
            for message in judge(resource, config):
                yield resource, message

    return check
