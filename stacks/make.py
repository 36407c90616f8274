"""Registers the resources of a planned stack: platform, namespace, claims, stores and application, in this order."""

from dataclasses import replace
from typing import Any

import pulumi
from pulumi import ResourceOptions

from components.kotaemon.kotaemon import Kotaemon
from components.pod.folders import role_folders
from components.pod.namespace import ApplicationNamespace, ApplicationNamespaceArgs
from stacks import cost, kinds, outputs, stores
from stacks.application import arguments
from stacks.names import NAMESPACE
from stacks.planned import Planned
from stacks.platforms.base import Ground
from stacks.settings import ingress, pod_rules
from stacks.settings.pod_rules import logins
from stacks.stores.on_disks import backup_folders


def make(stack: Planned) -> dict[str, Any]:
    """Register all resources of the stack and return its outputs."""
    settings = stack.settings
    for line in (*pod_rules.warnings(settings), *ingress.warnings(settings)):
        pulumi.log.warn(line)
    ground = stack.platform.ground(settings)
    args = ApplicationNamespaceArgs(
        namespace_name=settings.namespace, protect=settings.protect, exists=settings.namespace_exists
    )
    if settings.registry_logins:
        args["registry_logins"] = logins(settings)
    namespace = ApplicationNamespace(NAMESPACE, args, ground.kubernetes).namespace
    after = _claims(stack, ground, namespace)
    made, waits = _stores(stack, ground, namespace)
    opts = ResourceOptions(provider=ground.kubernetes.provider, depends_on=[*after, *waits])
    app = Kotaemon(NAMESPACE, arguments(settings, namespace, stack.storage, made), opts)
    return {
        **outputs.contract(
            namespace=settings.namespace,
            service=app.service,
            url=app.url,
            storage=stack.storage,
            overrides=stack.report.overrides,
            uid=settings.uid,
            gid=settings.gid,
        ),
        "cost": cost.output(stack),
    }


def _claims(stack: Planned, ground: Ground, namespace: pulumi.Output[str]) -> list[pulumi.Resource]:
    """Register every claim, and a Job that makes the roles' folders where a claim needs it.

    Returns what the application waits for.
    """
    made: list[pulumi.Resource] = []
    for name, planned in stack.contexts.items():
        at = replace(planned, place=ground.place, namespace=namespace, key=ground.key)
        kind = kinds.kind(at.chosen.kind)
        found = kind.make(at, ground.cloud if kind.in_account else ground.kubernetes)
        made.append(found.component)
        if found.prepare is not None:
            folders = [*role_folders(stack.storage, stack.claims[name]["name"]), *backup_folders(stack.settings, name)]
            job = found.prepare(folders, ground.kubernetes)
            made += [job] if job is not None else []
    return made


def _stores(
    stack: Planned, ground: Ground, namespace: pulumi.Output[str]
) -> tuple[dict[str, Any], list[pulumi.Resource]]:
    """Register every store. Returns the arguments of the application by place, and what the application waits for."""
    handed: dict[str, Any] = {}
    waits: list[pulumi.Resource] = []
    for name, one in stack.stores.items():
        for line in one.store.warnings(name, one.at.chosen):
            pulumi.log.warn(f"kotaemon:stores.{stores.KEYS[name]}{line}")
        at = replace(
            one.at,
            place=ground.place,
            namespace=namespace,
            key=ground.key,
            kubernetes=ground.kubernetes,
            cloud=ground.cloud,
        )
        found = one.store.make(at)
        handed[name] = found.store
        waits += found.resources
    return handed, waits
