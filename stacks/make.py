"""Registers the resources of a planned stack: platform, namespace, claims, stores and application, in this order."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi import ResourceOptions

from components.kotaemon.kotaemon import Kotaemon
from components.pod.folders import role_folders
from components.pod.namespace import ApplicationNamespace, ApplicationNamespaceArgs
from guard.changes import Memory
from stacks import (
    alarms,
    archive,
    backup,
    backup_copy,
    bucket,
    cost,
    earlier,
    kinds,
    log_shipping,
    memory,
    models,
    monitoring,
    outputs,
    stores,
)
from stacks.application import arguments
from stacks.kinds.base import Space
from stacks.names import NAMESPACE
from stacks.planned import Planned, store_key
from stacks.platforms.base import Ground
from stacks.settings import ingress, pod_rules, virtual_nodes
from stacks.settings.models import LEADER, LOCAL_CACHE
from stacks.settings.pod_rules import logins
from stacks.settings.settings import Settings
from stacks.settings.storage import roles_of
from stacks.stores.on_disks import backup_folders

if TYPE_CHECKING:
    from components.pod.preparation_namespace import PreparationSpace


def make(stack: Planned, wanted: Memory, about: pulumi.Resource, last: earlier.Lived) -> dict[str, Any]:
    """Register all resources of the stack and return its outputs.

    `wanted`: where everything will be, remembered once the pods are ready.
    `about`: has written down what this run is about to do; the pods wait for it.
    `last`: what the last run that ended well has left.
    """
    settings = stack.settings
    for line in (*pod_rules.warnings(settings), *virtual_nodes.warnings(settings), *ingress.warnings(settings)):
        pulumi.log.warn(line)
    ground = stack.platform.ground(settings)
    stack.platform.preflight(settings, [one.product for one in stack.bought if one.product.made], ground)
    args = ApplicationNamespaceArgs(
        namespace_name=settings.namespace,
        protect=settings.protect,
        exists=settings.namespace_exists,
    )
    if settings.registry_logins:
        args["registry_logins"] = logins(settings)
    namespace = ApplicationNamespace(NAMESPACE, args, ground.kubernetes).namespace
    ours = bucket.make(stack.ours(bucket.NAME), ground)
    there = backup_copy.elsewhere(stack.ours(backup_copy.NAME), ground)
    after, ids = _claims(stack, replace(ground, elsewhere=there), namespace, last.claims, ours)
    made, waits, ids_of_stores = _stores(stack, ground, namespace)
    after += _model_cache(settings, ground, namespace)
    backup_copy.make(stack.ours(backup_copy.NAME), ground, there, ours, ids)
    alarms.make(settings, {**ids, **ids_of_stores}, ground.cloud)
    opts = ResourceOptions(provider=ground.kubernetes.provider, depends_on=[about, *after, *waits])
    handed = arguments(settings, namespace, stack.storage, made)
    handed["was_autoscaled"] = last.autoscaled
    handed["had_model_version"] = last.versioned
    _share_models(stack, ground, namespace, after)
    app = Kotaemon(NAMESPACE, handed, opts)
    _archive(stack, ground, namespace, after)
    _prefetch(stack, ground, namespace, after)
    released = _releases(stack, ground, namespace)
    _watch(stack, ground, namespace, _ship(stack, ground, namespace, after))
    drilled = _protect(stack, ground, namespace, made, [*after, *waits], ours)
    return {
        **outputs.contract(
            namespace=settings.namespace,
            service=app.service,
            url=app.url,
            storage=earlier.with_their_keys(stack, last),
            overrides=stack.report.overrides,
            uid=settings.uid,
            gid=settings.gid,
        ),
        "cost": cost.output(stack),
        "models": models.output(settings, released),
        "backup": {**backup.output(settings, drilled), **backup_copy.output(settings)},
        "bucket": outputs.bucket(stack.bucket),
        "archive": archive.output(settings, stack.storage),
        earlier.OUTPUT: earlier.output(stack, app.ready),
        memory.OUTPUT: memory.output(wanted, app.ready, {**ids, **ids_of_stores}),
    }


def _ship(
    stack: Planned, ground: Ground, namespace: pulumi.Output[str], after: Sequence[pulumi.Resource]
) -> pulumi.Output[str] | None:
    """Register what ships the logs, where the stack file asks for it. `after`: what makes the claims.

    Returns the namespace of the shipping pods; None: the stack has none.
    """
    args = log_shipping.arguments(stack.settings, namespace, stack.storage)
    if args is None:
        return None
    from components.logs.log_shipping import LogShipping

    opts = ResourceOptions(provider=ground.kubernetes.provider, depends_on=list(after))
    made = LogShipping(log_shipping.NAME, args, opts)
    return made.namespace if log_shipping.has_pods(stack.settings) else None


def _archive(stack: Planned, ground: Ground, namespace: pulumi.Output[str], after: Sequence[pulumi.Resource]) -> None:
    """Register the archiver, where the stack file asks for it. `after`: what makes the claims."""
    args = archive.arguments(stack.settings, namespace, stack.storage, stack.claims, stack.contexts)
    if args is not None:
        from components.object.archiver import Archiver

        opts = ResourceOptions(provider=ground.kubernetes.provider, depends_on=list(after))
        Archiver(archive.NAME, args, opts)


def _watch(stack: Planned, ground: Ground, namespace: pulumi.Output[str], shipping: pulumi.Output[str] | None) -> None:
    """Register the alerts and the dashboard, where the stack file asks for them."""
    args = monitoring.arguments(stack.settings, namespace, stack.claims, shipping)
    if args is not None:
        from components.monitoring.monitoring import Monitoring

        Monitoring(monitoring.NAME, args, ResourceOptions(provider=ground.kubernetes.provider))


def _protect(
    stack: Planned,
    ground: Ground,
    namespace: pulumi.Output[str],
    stored: dict[str, Any],
    after: Sequence[pulumi.Resource],
    ours: pulumi.Input[str],
) -> pulumi.Output[dict[str, str]] | None:
    """Register what backs up claims and stores, where the stack file asks for it. Returns the last drill's result.

    `ours`: name of the stack's bucket, once it is there.
    """
    opts = ResourceOptions(provider=ground.kubernetes.provider, depends_on=list(after))
    taken = backup.snapshots(stack.settings, namespace, stack.claims)
    if taken is not None:
        from components.protection.snapshots import VolumeSnapshots

        VolumeSnapshots(backup.SNAPSHOTS, taken, opts)
    args = backup.backups(stack.settings, namespace, stack.storage, stack.claims, stored, ours)
    if args is None:
        return None
    from components.protection.backups import Backups

    return Backups(backup.BACKUPS, args, opts).last


def _claims(
    stack: Planned, ground: Ground, namespace: pulumi.Output[str], lived: frozenset[str], ours: pulumi.Input[str]
) -> tuple[list[pulumi.Resource], dict[str, pulumi.Output[str]]]:
    """Register every claim, and a Job that makes the roles' folders where a claim needs it. `ours`: name of the bucket.

    Returns what the application waits for, and the real ids of storage by section of the stack file.
    """
    made: list[pulumi.Resource] = []
    ids: dict[str, pulumi.Output[str]] = {}
    space = _space(stack, ground, namespace)
    for name, planned in stack.contexts.items():
        at = replace(
            planned,
            place=ground.place,
            namespace=namespace,
            key=ground.key,
            bucket=ours,
            elsewhere=ground.elsewhere,
            lived=name in lived,
        )
        kind = kinds.kind(at.chosen.kind)
        for line in kind.warnings(at.chosen):
            pulumi.log.warn(f"kotaemon:storage.claims.{name}{line}")
        found = kind.make(at, ground.cloud if kind.in_account else ground.kubernetes)
        made.append(found.component)
        if found.id is not None:
            ids[f"storage.claims.{name}"] = found.id
        if found.prepare is not None:
            job = found.prepare(_folders(stack, name), ground.kubernetes, space)
            made.append(job)
    return made, ids


def _model_cache(settings: Settings, ground: Ground, namespace: pulumi.Output[str]) -> list[pulumi.Resource]:
    """The volume of a cache that the pods of a node share, where the stack makes it."""
    args = models.local_cache(settings, namespace)
    if args is None:
        return []
    from components.models.local_cache import LocalModelCache

    return [LocalModelCache(LOCAL_CACHE, args, ground.kubernetes)]


def _prefetch(stack: Planned, ground: Ground, namespace: pulumi.Output[str], after: Sequence[pulumi.Resource]) -> None:
    """Register what copies a version to the nodes beforehand. `after`: what makes the claims."""
    args = models.prefetch(stack.settings, namespace, stack.storage)
    if args is None:
        return
    from components.models.prefetch import ModelPrefetch

    opts = ResourceOptions(provider=ground.kubernetes.provider, depends_on=list(after))
    ModelPrefetch(models.PREFETCH, args, opts)


def _share_models(
    stack: Planned, ground: Ground, namespace: pulumi.Output[str], after: Sequence[pulumi.Resource]
) -> None:
    """The pod that hands out models, where the stack file asks for it. `after`: what makes the claims."""
    args = models.sharing(stack.settings, namespace, stack.storage)
    if args is not None:
        from components.models.sharing import ModelSharing

        opts = ResourceOptions(provider=ground.kubernetes.provider, depends_on=list(after))
        ModelSharing(LEADER, args, opts)


def _releases(stack: Planned, ground: Ground, namespace: pulumi.Output[str]) -> pulumi.Output[dict[str, str]] | None:
    """The release of models in the cluster, where models are versions on a claim. Returns the record of the last."""
    args = models.releases(stack.settings, namespace, stack.storage)
    if args is None:
        return None
    from components.models.releases import ModelReleases

    return ModelReleases(models.RELEASES, args, ground.kubernetes).last


def _folders(stack: Planned, name: str) -> list[str]:
    """The folders of roles and copies on a claim. One without any gets those of every role: data is copied there."""
    storage = stack.settings.storage
    used = [*role_folders(stack.storage, stack.claims[name]["name"]), *backup_folders(stack.settings, name)]
    used += backup.folders(stack.settings, name)
    return used or [storage.sub_path_of(role) for role in roles_of(stack.settings.profile)]


def _space(stack: Planned, ground: Ground, namespace: pulumi.Output[str]) -> Space:
    """The namespace of preparation Jobs, made when the first claim asks for it."""

    @cache
    def made() -> "PreparationSpace":
        from components.pod.preparation_namespace import (
            PreparationNamespace,
            PreparationNamespaceArgs,
            PreparationSpace,
        )

        earlier = [f"{at.component}-folders" for at in stack.contexts.values()]
        args = PreparationNamespaceArgs(namespace=namespace, earlier=earlier)
        if stack.settings.registry_logins:
            args["registry_logins"] = logins(stack.settings)
        space = PreparationNamespace(f"{NAMESPACE}-prepare", args, ground.kubernetes)
        return PreparationSpace(namespace=space.namespace, script=space.script)

    return made


def _stores(
    stack: Planned, ground: Ground, namespace: pulumi.Output[str]
) -> tuple[dict[str, Any], list[pulumi.Resource], dict[str, pulumi.Output[str]]]:
    """Register every store.

    Returns the arguments of the application by place, what the application waits for, and the real ids of stores by
    section of the stack file.
    """
    handed: dict[str, Any] = {}
    waits: list[pulumi.Resource] = []
    ids: dict[str, pulumi.Output[str]] = {}
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
        if found.id is not None:
            ids[store_key(stack.settings, name)] = found.id
    return handed, waits, ids
