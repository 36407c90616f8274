"""The components of models in a stack: their arguments, made from the section `kotaemon:models`."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pulumi import Input, Output

from components.contract import Role, StorageMap
from components.models.args import ModelCache, ModelCacheKind
from components.models.pod import from_claim
from guard.namespace import PodsOf
from stacks.manifests import manifest
from stacks.names import NAMESPACE
from stacks.settings.models import LEADER, LOCAL_CACHE, LocalCache, ShareNats
from stacks.settings.pod_rules import IDS, imposed
from stacks.settings.settings import Settings
from stacks.stores.servers import CLIENTS, endpoint

if TYPE_CHECKING:
    from components.models.local_cache import LocalModelCacheArgs
    from components.models.prefetch import ModelPrefetchArgs
    from components.models.releases import ModelReleasesArgs
    from components.models.sharing import ModelSharingArgs, NatsServer

PREFETCH = f"{NAMESPACE}-models-prefetch"
"""Component that fills the caches of the nodes, and name of its DaemonSet."""
RELEASES = f"{NAMESPACE}-models"
"""Component of the releases, and name of their CronJob and record."""


def mistakes(settings: Settings, storage: StorageMap) -> Iterator[str]:
    """What the components of models would refuse, found before one is registered."""
    args = releases(settings, settings.namespace, storage)
    if args is not None:
        from components.models.releases import check

        yield from (f"models: {line}" for line in check(RELEASES, args))
    ahead = prefetch(settings, settings.namespace, storage)
    if ahead is not None:
        from components.models.prefetch import check as check_prefetch

        yield from (f"models.cache.prefetch: {line}" for line in check_prefetch(PREFETCH, ahead))
    cache = local_cache(settings, settings.namespace)
    if cache is not None:
        from components.models.local_cache import check as check_cache

        yield from (f"models.cache: {line}" for line in check_cache(LOCAL_CACHE, cache))
    shared = sharing(settings, settings.namespace, storage)
    if shared is not None:
        from components.models.sharing import check as check_sharing

        yield from (f"models.share: {line}" for line in check_sharing(LEADER, shared))


def sharing(settings: Settings, namespace: Input[str], storage: StorageMap) -> "ModelSharingArgs | None":
    """The arguments of ModelSharing. None: the stack file asks for none."""
    models = settings.models
    share = models.share if models is not None else None
    cache = models.args().get("cache") if models is not None else None
    if models is None or share is None or cache is None:
        return None
    from components.models.sharing import ModelSharingArgs

    args = ModelSharingArgs(
        namespace=namespace,
        models=storage[Role.MODELS.value],
        cache=cache,
        clients=CLIENTS,
        tls_secret=share.tls_secret,
        image=settings.image,
        uid=settings.uid,
        gid=settings.gid,
        cluster_imposes=imposed(settings, "application"),
    )
    if share.image is not None:
        args["web_image"] = share.image
    if isinstance(models.cache, LocalCache) and models.cache.node_label is not None:
        args["node_label"] = models.cache.node_label
    if share.nats is not None:
        args["nats"] = _nats(share.nats)
    return args


def _nats(chosen: ShareNats) -> "NatsServer":
    from components.models.sharing import NatsServer

    found = NatsServer(url=chosen.url, replicas=chosen.replicas)
    if chosen.credentials:
        found["credentials"] = {
            name: Output.secret(value.get_secret_value()) for name, value in chosen.credentials.items()
        }
    if chosen.credentials_secret is not None:
        found["credentials_secret"] = chosen.credentials_secret
    if chosen.ca_secret is not None:
        found["ca_secret"] = chosen.ca_secret
    if chosen.stream is not None:
        found["stream"] = chosen.stream
    if chosen.server is not None:
        found["server"] = endpoint(chosen.server)
    return found


def output(settings: Settings, last: Output[dict[str, str]] | None) -> Any:
    """The stack's output `models`, described in stacks/outputs.py. `last`: the record of the last release."""
    models = settings.models
    if models is None:
        return {"owner": "none", "version": "", "release": {}}
    if last is None:
        return {"owner": "stack", "version": models.version or "", "release": {}}
    if models.version is not None:
        return last.apply(lambda found: {"owner": "stack", "version": models.version, "release": found})
    return last.apply(lambda found: {"owner": "cluster", "version": running(found), "release": found})


def running(record: Mapping[str, str]) -> str:
    """The version that pods load after the release in the record; empty: there was none."""
    return record.get("version" if record.get("phase") in ("released", "rolling") else "from", "")


def local_cache(settings: Settings, namespace: Input[str]) -> "LocalModelCacheArgs | None":
    """The arguments of LocalModelCache. None: the stack makes no such volume."""
    cache = settings.models.cache if settings.models is not None else None
    if not isinstance(cache, LocalCache) or cache.path is None:
        return None
    from components.models.local_cache import LocalModelCacheArgs

    args = LocalModelCacheArgs(namespace=namespace, path=cache.path, size=cache.limit)
    if cache.node_label is not None:
        args["node_label"] = cache.node_label
    return args


def pods(settings: Settings, storage: StorageMap) -> list[PodsOf]:
    """The pod of a release, for what the namespace admits."""
    args = releases(settings, settings.namespace, storage)
    if args is None:
        return []
    from components.models.releases import cron_job_spec

    spec = manifest(cron_job_spec(RELEASES, args, "scripts", "account"))
    return [PodsOf("a release of models", spec["jobTemplate"]["spec"]["template"]["spec"], uid_key=IDS)]


def releases(settings: Settings, namespace: Input[str], storage: StorageMap) -> "ModelReleasesArgs | None":
    """The arguments of ModelReleases. None: models are no versions on a claim of this stack."""
    models = settings.models
    mount = storage[Role.MODELS.value]
    if models is None or not from_claim(models.args()) or mount["read_only"]:
        return None
    from components.models.releases import ModelReleasesArgs

    args = ModelReleasesArgs(
        namespace=namespace,
        application=NAMESPACE,
        models=mount,
        profile=settings.profile,
        owned_by_stack=models.version is not None,
        keep=models.keep,
        keep_days=models.keep_days,
        allow_pickle=models.allow_pickle,
        ready_seconds=60 * models.ready_minutes,
        embeddings=models.embeddings,
        image=settings.image,
        uid=settings.uid,
        gid=settings.gid,
        cluster_imposes=imposed(settings, "application"),
    )
    if isinstance(models.cache, LocalCache) and models.cache.prefetch:
        args["prefetch"] = PREFETCH
    if models.share is not None:
        args["leader"] = LEADER
    return args


def prefetch(settings: Settings, namespace: Input[str], storage: StorageMap) -> "ModelPrefetchArgs | None":
    """The arguments of ModelPrefetch. None: nothing is copied ahead."""
    models = settings.models
    if models is None or not isinstance(models.cache, LocalCache) or not models.cache.prefetch:
        return None
    from components.models.prefetch import ModelPrefetchArgs

    args = ModelPrefetchArgs(
        namespace=namespace,
        models=storage[Role.MODELS.value],
        cache=models.args().get("cache", ModelCache(kind=ModelCacheKind.LOCAL)),
        image=settings.image,
        uid=settings.uid,
        gid=settings.gid,
        cluster_imposes=imposed(settings, "application"),
    )
    if models.cache.node_label is not None:
        args["node_label"] = models.cache.node_label
    return args
