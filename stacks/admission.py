"""Holds the pods and claims of a stack against what its namespace and its Kubernetes admit, before anything is made."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.contract import Claim, StorageMap
from components.kotaemon.application import application
from components.kotaemon.args import KotaemonArgs
from components.kotaemon.deployment import deployment_spec
from components.kotaemon.environment import Secrets
from components.kubernetes_version import refused_version, release
from components.logs.args import LogOutputKind
from guard import limits, pod_security
from guard.namespace import Namespace, PodsOf, Volume
from stacks import archive, backup, kinds, log_shipping, mesh, models
from stacks.application import arguments
from stacks.cluster_facts import ClusterFacts
from stacks.kinds.base import Context
from stacks.manifests import manifest
from stacks.names import NAMESPACE
from stacks.settings.models import LEADER
from stacks.settings.pod_rules import IDS
from stacks.settings.settings import Settings
from stacks.stores.base import PlannedStore


@dataclass(frozen=True)
class Made:
    """What the stack makes in its namespace."""

    pods: Sequence[PodsOf]
    volumes: Sequence[Volume]


def version_of(settings: Settings, cluster: ClusterFacts) -> str:
    """The version of the cluster's Kubernetes: the API server's word, else the stack file's; empty: not known."""
    return cluster.version or settings.cluster.version or ""


def namespace_of(settings: Settings, cluster: ClusterFacts) -> Namespace | None:
    """What the namespace admits: the cluster's word, else the stack file's. None: it is not known."""
    if cluster.namespace is not None:
        return cluster.namespace
    said = settings.cluster.namespace
    return said.facts(settings.namespace) if said is not None else None


def application_pods(settings: Settings, args: KotaemonArgs) -> PodsOf:
    """The pods of the application. In the profile scaled a roll-out starts one more before it ends one."""
    app = application(NAMESPACE, args)
    spec: Any = deployment_spec(app, Secrets(admin="admin", api_keys="keys", auth_proxy="proxy"), "runtime")
    pods = settings.autoscaler.max_replicas if settings.autoscaler else settings.replicas
    most = pods + (1 if settings.scaled else 0)
    return PodsOf("the application", manifest(spec)["template"]["spec"], most, uid_key=IDS)


def shipping_pods(settings: Settings, storage: StorageMap) -> list[PodsOf]:
    """The pod that ships the log files. Agents of nodes are in a namespace of their own, and SLS has its own."""
    args = log_shipping.arguments(settings, settings.namespace, storage)
    if args is None or args["output"]["kind"] == LogOutputKind.SLS:
        return []
    # Imported here: few stacks ship their logs.
    from components.logs.pods import reader_spec
    from components.logs.shipping import shipping

    shipped = shipping(log_shipping.NAME, args)
    spec = manifest(reader_spec(shipped, "files", shipped.name, "secret"))
    return [] if shipped.agent else [PodsOf("logs.shipping", spec["template"]["spec"], uid_key=IDS)]


def leader_pods(settings: Settings, storage: StorageMap) -> list[PodsOf]:
    """The pod that hands out models. Those that follow it are one for each node, and their number is not known."""
    args = models.sharing(settings, settings.namespace, storage)
    if args is None:
        return []
    from components.models.sharing import leader_spec

    return [PodsOf("models.share", manifest(leader_spec(LEADER, args))["template"]["spec"], uid_key=IDS)]


def volumes(contexts: Mapping[str, Context[Any]], claims: Mapping[str, Claim]) -> Iterator[Volume]:
    """The PersistentVolumeClaims that the claims of the stack file make in the namespace of the application."""
    for name, at in contexts.items():
        kind = kinds.kind(at.chosen.kind)
        if kind.made:
            on = kind.on_class(at)
            yield Volume(claims[name]["name"], claims[name]["size_gib"], on.storage_class if on is not None else "")


def made(
    settings: Settings,
    contexts: Mapping[str, Context[Any]],
    claims: Mapping[str, Claim],
    storage: StorageMap,
    stored: Collection[PlannedStore],
) -> Made:
    """The pods and claims that the stack makes in the namespace of the application."""
    handed = {one.at.name: one.store.planned(one.at) for one in stored}
    app = application_pods(settings, arguments(settings, settings.namespace, storage, handed))
    servers = [pods for one in stored for pods in one.store.pods(one.at)]
    disks = [volume for one in stored for volume in one.store.volumes(one.at)]
    beside = [
        *shipping_pods(settings, storage),
        *leader_pods(settings, storage),
        *backup.pods(settings, storage, claims, handed),
        *archive.pods(settings, storage, claims, contexts),
        *models.pods(settings, storage),
    ]
    return Made([app, *servers, *beside], [*volumes(contexts, claims), *disks])


def mistakes(settings: Settings, cluster: ClusterFacts, contexts: Mapping[str, Context[Any]]) -> Iterator[str]:
    """What the version of Kubernetes and a missing namespace refuse."""
    if cluster.version and (reason := refused_version(cluster.version)):
        yield f"kotaemon:cluster: the API server is version {cluster.version}, which {reason}"
    if cluster.namespace_missing and settings.namespace_exists:
        yield f"kotaemon:namespaceExists: the cluster has no namespace {settings.namespace}; make it, or remove the key"
    version = version_of(settings, cluster)
    has = release(version)
    for name, at in contexts.items():
        for key, since in kinds.kind(at.chosen.kind).needs(at.chosen).items():
            if has is not None and has < since:
                wanted = ".".join(map(str, since))
                yield (
                    f"kotaemon:storage.claims.{name}.{key}: needs Kubernetes {wanted}, and the cluster is {version}; "
                    "remove it until the cluster is newer"
                )


def refused(namespace: Namespace, made: Made) -> list[str]:
    """What the namespace would never admit."""
    key = f"kotaemon:namespace {namespace.name}"
    if namespace.ending:
        return [f"{key}: it is being deleted, and nothing can be made in it; wait until it is gone"]
    found = [*pod_security.refused(namespace, made.pods), *limits.refused(namespace, made.pods, made.volumes)]
    return [f"{key}: {line}" for line in found]


def warnings(settings: Settings, cluster: ClusterFacts, made: Made) -> Iterator[str]:
    """What may not be admitted, and what could not be asked."""
    said, asked = settings.cluster.version, cluster.version
    if said is not None and asked and release(said) != release(asked):
        yield f"kotaemon:cluster.version: is {said!r}, but the API server is {asked}, which counts; correct it"
    namespace = namespace_of(settings, cluster)
    yield from mesh.warnings(settings, namespace.mesh if namespace is not None else "")
    if namespace is not None:
        key = f"kotaemon:namespace {namespace.name}"
        yield from (f"{key}: {line}" for line in pod_security.outside_ranges(namespace, made.pods))
        # What is used in a namespace of the stack's own is mostly the stack itself.
        if settings.namespace_exists:
            yield from (f"{key}: {line}" for line in limits.short(namespace, made.pods, made.volumes))
        yield from (f"{key}: not checked: {line}" for line in limits.not_checked(namespace))
    if cluster.gaps:
        yield f"kotaemon:cluster: not known, and so not checked: {'; '.join(cluster.gaps)}"
