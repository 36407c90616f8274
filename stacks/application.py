"""The application of a stack: the arguments of its component, made from the stack file."""

from collections.abc import Mapping
from typing import Any

from pulumi import Input, Output

from components.contract import StorageMap
from components.kotaemon.args import Autoscaler, KotaemonArgs, PodResources
from components.state.stores import Stores
from stacks import monitoring
from stacks.settings.ingress import exposure
from stacks.settings.pod_rules import imposed
from stacks.settings.settings import Settings
from stacks.stores.servers import endpoint


def arguments(
    settings: Settings, namespace: Input[str], storage: StorageMap, stores: Mapping[str, Any]
) -> KotaemonArgs:
    """The arguments of `Kotaemon`. `stores`: place -> argument for its store; empty in the profile single-writer."""
    args = KotaemonArgs(
        namespace=namespace,
        storage=storage,
        profile=settings.profile,
        image=settings.image,
        replicas=settings.replicas,
        uid=settings.uid,
        gid=settings.gid,
        resources=PodResources(
            cpu_request=settings.resources.cpu_request,
            memory_request=settings.resources.memory_request,
            memory_limit=settings.resources.memory_limit,
        ),
        env=settings.env,
        api_keys={k: Output.secret(v.get_secret_value()) for k, v in settings.api_keys.items()},
        admin_name=settings.admin_name,
        protect=settings.protect,
        cluster_imposes=imposed(settings, "application"),
    )
    if reading := monitoring.readers(settings):
        args["monitors"] = reading
    if files := settings.logs.args():
        args["logs"] = files
    if settings.admin_password is not None:
        args["admin_password"] = Output.secret(settings.admin_password.get_secret_value())
    if settings.session_export is not None:
        args["session_export"] = settings.session_export.args()
    if settings.auth_proxy is not None:
        args["auth_proxy"] = settings.auth_proxy.args()
    if settings.ingress is not None:
        args["exposure"] = exposure(settings.ingress, settings.platform)
    if settings.model_endpoints is not None:
        args["model_endpoints"] = [endpoint(e) for e in settings.model_endpoints]
    if settings.autoscaler is not None:
        chosen = settings.autoscaler
        args["autoscaler"] = Autoscaler(
            min_replicas=chosen.min_replicas, max_replicas=chosen.max_replicas, cpu_percent=chosen.cpu_percent
        )
    if settings.models is not None:
        args["models"] = settings.models.args()
    if settings.scaled:
        args["stores"] = _stores(stores)
    return args


def _stores(found: Mapping[str, Any]) -> Stores:
    handed = Stores(database=found["database"], vector_store=found["vectors"])
    if found.get("documents") is not None:
        handed["document_store"] = found["documents"]
    return handed
