"""What every platform's stack shares: from Settings and a storage map to Kotaemon and the outputs."""

from collections.abc import Sequence
from typing import Any

import pulumi

from components.contract import Claim, Profile, Role, RoleMount, StorageMap
from components.kotaemon.args import Autoscaler, Exposure, ExposureKind, KotaemonArgs, PodResources
from components.kotaemon.kotaemon import Kotaemon
from components.pod.args import Endpoint
from components.pod.namespace import ApplicationNamespace, ApplicationNamespaceArgs
from components.state.stores import Stores
from guard.report import Report
from stacks import outputs
from stacks.names import NAMESPACE
from stacks.settings import Ingress, Settings


def application_namespace(settings: Settings, opts: pulumi.ResourceOptions) -> ApplicationNamespace:
    """The namespace; claims go into it, so it comes first."""
    args = ApplicationNamespaceArgs(namespace_name=settings.namespace, protect=settings.protect)
    return ApplicationNamespace(NAMESPACE, args, opts)


def storage_map(settings: Settings, claims: dict[str, Claim]) -> StorageMap:
    """Role -> claim, folder, read-only flag. `claims`: by their name in the stack file."""
    storage = settings.storage
    return {
        role.value: RoleMount(
            claim=claims[storage.claim_of(role, settings.profile)],
            sub_path=storage.sub_path_of(role),
            read_only=storage.read_only(role),
        )
        for role in Role
        # Users and conversations are in PostgreSQL then.
        if not (settings.profile == Profile.SCALED and role == Role.SESSIONS)
    }


def deploy(
    settings: Settings,
    namespace: pulumi.Output[str],
    storage: StorageMap,
    opts: pulumi.ResourceOptions,
    *,
    after: Sequence[pulumi.Resource],
    report: Report,
    stores: Stores | None = None,
) -> dict[str, Any]:
    """Make Kotaemon after the claims (`after`) and give the stack outputs."""
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
        api_keys={k: pulumi.Output.secret(v.get_secret_value()) for k, v in settings.api_keys.items()},
        admin_name=settings.admin_name,
        protect=settings.protect,
    )
    if settings.admin_password is not None:
        args["admin_password"] = pulumi.Output.secret(settings.admin_password.get_secret_value())
    if settings.auth_proxy is not None:
        args["auth_proxy"] = settings.auth_proxy.args()
    if settings.ingress is not None:
        args["exposure"] = exposure(settings.ingress)
    if settings.model_endpoints is not None:
        args["model_endpoints"] = [Endpoint(cidr=e.cidr, port=e.port) for e in settings.model_endpoints]
    if settings.autoscaler is not None:
        chosen = settings.autoscaler
        args["autoscaler"] = Autoscaler(
            min_replicas=chosen.min_replicas, max_replicas=chosen.max_replicas, cpu_percent=chosen.cpu_percent
        )
    if stores is not None:
        args["stores"] = stores
    app = Kotaemon(NAMESPACE, args, pulumi.ResourceOptions(provider=opts.provider, depends_on=list(after)))
    return outputs.contract(
        namespace=settings.namespace,
        service=app.service,
        url=app.url,
        storage=storage,
        overrides=report.overrides,
        uid=settings.uid,
        gid=settings.gid,
    )


def exposure(ingress: Ingress) -> Exposure:
    """The way in, as the component takes it."""
    made = Exposure(
        kind=ExposureKind(ingress.kind),
        hostname=ingress.hostname,
        controller_namespace=ingress.controller_namespace,
        class_name=ingress.class_name,
        max_upload_mib=ingress.max_upload_mib,
    )
    if ingress.tls_secret is not None:
        made["tls_secret"] = ingress.tls_secret
    if ingress.gateway is not None:
        made["gateway_namespace"], made["gateway_name"] = ingress.gateway.split("/")
    return made
