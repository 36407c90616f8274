"""Check every resource against every rule."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from policy.config import checked
from policy.resource import Resource, at
from policy.rule import Config, Level, Rule, Violation
from policy.rules import buckets, encryption, images, mounts, network, nodes, pods, retention, secrets, sharing, zones

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
    sharing.ONE_WORKLOAD,
    sharing.SQLITE_ONE_WRITER,
    nodes.DATA_ON_NODES,
    mounts.MOUNT_OPTIONS,
    images.IMAGE_PINNED,
)
ANNOTATION = "policy.kotaemon.dev/"
"""Prefix of an annotation on a Kubernetes object that makes an exception for it: `policy.kotaemon.dev/<rule>:
<reason>`."""


def check(resources: Iterable[Resource], config: Mapping[str, Any] | None = None) -> list[Violation]:
    """All violations, in the order of RULES. Those with `stops` must stop a run.

    `config`: rule -> its level or settings, as `load_config` reads it; default: the levels of the rules themselves.
    Raises ConfigError when the configuration has mistakes.
    """
    every = list(resources)
    settings = checked(config or {}, RULES)
    return [violation for rule in RULES for violation in ask(rule, every, *settings[rule.name])]


def ask(rule: Rule, resources: Sequence[Resource], level: Level, config: Config) -> list[Violation]:
    """The violations of one rule among the resources."""
    if level == Level.DISABLED:
        return []
    return [
        Violation(rule.name, level, r.type, r.name, r.urn, message, exception(rule, r, config))
        for r, message in rule.check(resources, config)
    ]


def exception(rule: Rule, resource: Resource, config: Config) -> str:
    """The reason for an exception, from the configuration or from an annotation. Empty when there is no exception."""
    for pattern, reason in config.get("except", {}).items():
        if fnmatchcase(resource.name, pattern):
            return reason
    reason = at(resource.inputs, "metadata", "annotations", ANNOTATION + rule.name)
    return reason if isinstance(reason, str) else ""
