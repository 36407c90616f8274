"""What a rule is, and what it finds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from policy.resource import Resource

Config = Mapping[str, Any]
"""Properties of one rule, as the file of `--policy-pack-config` gives them; never with unknown names."""
Finding = tuple[Resource, str]


class Level(str, Enum):
    """What a violation does; the words of Pulumi's enforcement levels."""

    MANDATORY = "mandatory"
    """Stops the run."""
    ADVISORY = "advisory"
    """Is printed."""
    DISABLED = "disabled"
    """The rule is not asked."""


@dataclass(frozen=True)
class Violation:
    """A rule that a resource breaks."""

    rule: str
    level: Level
    type: str
    name: str
    urn: str
    message: str
    excepted: str = ""
    """The reason, when the configuration or an annotation makes an exception; such a one never stops a run."""

    @property
    def stops(self) -> bool:
        """Whether the run must not go on."""
        return self.level == Level.MANDATORY and not self.excepted

    @property
    def line(self) -> str:
        """The violation in one line."""
        kind = self.type.rpartition(":")[2]
        tail = f" (exception: {self.excepted})" if self.excepted else ""
        return f"{self.level.value}: {self.rule}, {kind} {self.name}: {self.message}{tail}"


EXCEPT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": "string", "minLength": 10},
    "description": "Exceptions: name of a resource (with * and ?) -> the reason, ten characters at least.",
}


def _nothing() -> dict[str, dict[str, Any]]:
    return {}


@dataclass(frozen=True)
class Rule:
    """A rule about resources. `check` sees all of a stack, since some rules are about two resources at once."""

    name: str
    level: Level
    """Mandatory unless the configuration says otherwise."""
    summary: str
    source: str
    """Address of the documentation, or issue."""
    check: Callable[[Sequence[Resource], Config], Iterator[Finding]]
    whole_stack: bool = False
    """True: one resource alone cannot be judged."""
    settings: Mapping[str, dict[str, Any]] = field(default_factory=_nothing)
    """Own properties in the configuration -> JSON schema. `except` comes with every rule."""

    @property
    def schema(self) -> dict[str, dict[str, Any]]:
        """All properties in the configuration."""
        return {**self.settings, "except": EXCEPT}


def each(
    judge: Callable[[Resource, Config], Iterator[str]],
) -> Callable[[Sequence[Resource], Config], Iterator[Finding]]:
    """A rule about one resource as a rule about all."""

    def check(resources: Sequence[Resource], config: Config) -> Iterator[Finding]:
        for resource in resources:
            for message in judge(resource, config):
                yield resource, message

    return check
