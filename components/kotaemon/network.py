"""The Service, and which connections the NetworkPolicy allows."""

from urllib.parse import urlsplit

from pulumi import Input, Output
from pulumi_kubernetes.core.v1 import ClientIPConfigArgs, ServicePortArgs, ServiceSpecArgs, SessionAffinityConfigArgs
from pulumi_kubernetes.networking.v1 import NetworkPolicySpecArgs

from ..models.names import LEADER_PORT, leader_labels
from ..pod import network
from ..pod.args import Endpoint
from ..pod.names import application_labels
from ..state.stores import Stores
from .addresses import meant
from .application import Application
from .exposure import clients
from .names import METRICS_PORT, PORT

STICKY_SECONDS = 3 * 60 * 60


def service_spec(app: Application) -> ServiceSpecArgs:
    """The Service. Gradio's sessions are in one pod's memory: another pod answers 404 (docs/facts/kotaemon.md 3)."""
    return ServiceSpecArgs(
        selector=application_labels(app.name),
        ports=[ServicePortArgs(name="http", port=PORT, target_port=app.entrance)],
        session_affinity="ClientIP",
        session_affinity_config=SessionAffinityConfigArgs(client_ip=ClientIPConfigArgs(timeout_seconds=STICKY_SECONDS)),
    )


def network_policy(app: Application) -> NetworkPolicySpecArgs:
    """The NetworkPolicy. Only the ingress controller may connect to the application, and who reads the numbers of the
    pods to theirs. The application itself may connect to the name servers, the stores, the login's issuer, the models,
    and the Services and IP addresses that it is told of."""
    exposure = app.exposure
    readers = [network.at_port(monitor, METRICS_PORT) for monitor in app.monitors]
    return network.network_policy(
        application_labels(app.name),
        clients=[*(clients(exposure, app.entrance) if exposure else []), *readers],
        servers=servers(app),
        dns=True,
        https=app.model_endpoints is None,
    )


def servers(app: Application) -> list[Endpoint]:
    """Whom the pods may connect to, beside the name servers and TCP 443 of the world."""
    proxy = app.auth_proxy
    login = [proxy["issuer_endpoint"]] if proxy and "issuer_endpoint" in proxy else []
    leader = app.models.get("leader") if app.models is not None else None
    pulled = [Endpoint(pod_labels=leader_labels(leader["name"]), port=LEADER_PORT)] if leader is not None else []
    declared = [*store_endpoints(app.stores), *login, *pulled, *(app.model_endpoints or [])]
    return [*declared, *meant(app, declared)]


def store_endpoints(stores: Stores | None) -> list[Endpoint]:
    """Addresses of the stores, for the NetworkPolicy."""
    if stores is None:
        return []
    document_store = stores.get("document_store")
    documents = [document_store["endpoint"]] if document_store and "endpoint" in document_store else []
    return [stores["database"]["endpoint"], stores["vector_store"]["endpoint"], *documents]


def store_hosts(stores: Stores | None) -> list[Input[str]]:
    """Hosts of the stores that speak HTTP: they are reached directly, and never through a proxy of the cluster."""
    if stores is None:
        return []
    document_store = stores.get("document_store")
    urls = [stores["vector_store"]["url"]] + (
        [document_store["url"]] if document_store and "url" in document_store else []
    )
    return [_host(url) if isinstance(url, str) else Output.from_input(url).apply(_host) for url in urls]


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
