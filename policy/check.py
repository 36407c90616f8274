"""Ask every rule about every resource."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from policy.config import checked
from policy.resource import Resource, at
from policy.rule import Config, Level, Rule, Violation
from policy.rules import buckets, encryption, images, network, pods, retention, secrets, sharing, zones

RULES: tuple[Rule, ...] = (
    encryption.CUSTOMER_KEY,
    encryption.BUCKET_KEY,
    zones.ZONE_AFFINITY,
    pods.POD_USER,
    network.ROOT_SQUASH,
    network.ROOT_SQUASH_ADVISED,
    network.NO_WORLD_OPEN,
    retention.DATA_IS_KEPT,
    buckets.NO_PUBLIC_BUCKET,
    secrets.NO_PLAINTEXT_SECRET,
    sharing.REPLICAS_ACCESS_MODE,
    images.IMAGE_PINNED,
)
ANNOTATION = "policy.kotaemon.dev/"
"""`policy.kotaemon.dev/<rule>: <reason>` on a Kubernetes object makes an exception, next to what it is about."""


def check(resources: Iterable[Resource], config: Mapping[str, Any] | None = None) -> list[Violation]:
    """Every violation, in the order of RULES; those with `stops` must stop a run. `config`: see load_config.

    Raises ConfigError.
    """
    every = list(resources)
    settings = checked(config or {}, RULES)
    return [violation for rule in RULES for violation in ask(rule, every, *settings[rule.name])]


def ask(rule: Rule, resources: Sequence[Resource], level: Level, config: Config) -> list[Violation]:
    """What one rule finds."""
    if level == Level.DISABLED:
        return []
    return [
        Violation(rule.name, level, r.type, r.name, r.urn, message, exception(rule, r, config))
        for r, message in rule.check(resources, config)
    ]


def exception(rule: Rule, resource: Resource, config: Config) -> str:
    """The reason of an exception; empty when there is none."""
    for pattern, reason in config.get("except", {}).items():
        if fnmatchcase(resource.name, pattern):
            return reason
    reason = at(resource.inputs, "metadata", "annotations", ANNOTATION + rule.name)
    return reason if isinstance(reason, str) else ""
