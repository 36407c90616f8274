"""Asks the guard about a stack before its first resource is registered."""

from collections.abc import Mapping, Sequence

import pulumi

from components.contract import Profile, StorageMap
from components.kotaemon.switches import graphs_switched_on
from guard import safety
from guard.classes import ClassFacts
from guard.report import GuardRefused, Report
from stacks.settings.ingress import sticky
from stacks.settings.load import stack_file
from stacks.settings.settings import Settings


class RefusedByGuard(pulumi.RunError):
    """The guard refuses the stack, because it would lose data. Nothing was created."""

    exit_code = 2


def check(
    settings: Settings,
    storage: StorageMap,
    claim_keys: Mapping[str, str],
    document_store: str = "lancedb",
    classes: Mapping[str, ClassFacts] | None = None,
    servers: Sequence[safety.ServerDisk] = (),
    protected: Mapping[str, Sequence[str]] | None = None,
) -> Report:
    """Ask the guard, and print its warnings and the overrides on every run. Raises RefusedByGuard.

    `claim_keys`: name of a PersistentVolumeClaim -> its name in the stack file. `classes`, `servers` and `protected`:
    as for `check` in guard/safety.py.
    """
    try:
        given = settings.overrides, claim_keys, classes, servers, protected
        report = safety.check(storage, pods(settings, document_store), *given)
        report.raise_if_refused(stack_file(pulumi.get_stack()))
    except GuardRefused as refused:
        raise RefusedByGuard(str(refused)) from None
    for warning in report.warnings:
        pulumi.log.warn(f"{warning.line}. Change {warning.fix}")
    for verdict in report.overridden:
        pulumi.log.warn(f"overridden: {verdict.line} (reason given: {verdict.overridden})")
    return report


def pods(settings: Settings, document_store: str) -> safety.Pods:
    """How the application will run, in the guard's terms."""
    scaled = settings.profile == Profile.SCALED
    return safety.Pods(
        profile=settings.profile,
        replicas=settings.autoscaler.max_replicas if settings.autoscaler else settings.replicas,
        strategy="RollingUpdate" if scaled else "Recreate",
        session_affinity=sticky(settings),
        document_store="elasticsearch" if document_store == "elasticsearch" else "lancedb",
        models_from_leader=settings.models is not None and settings.models.share is not None,
        # The profile scaled switches graph indexes off itself (components/kotaemon/runtime/kh_settings.py).
        graph_indexes=not scaled and bool(graphs_switched_on(settings.env)),
    )
